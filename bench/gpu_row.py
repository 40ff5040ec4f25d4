"""A network at some batches: builds, compares, and times Cermet and PyTorch in turns."""
import copy
import pathlib
import shutil
import statistics
import time

import torch

import gpu_cermet
import gpu_models
import gpu_torch

RUNS_BETWEEN_EVENTS = 50
ROUNDS = 5
# Cermet's relative L2 error may be so large, or so many times that of PyTorch in the same type.
TOLERANCE, TIMES_PYTORCH = 1e-2, 2.0


class CermetContender:
    """An engine with its tensors on the card."""

    def __init__(self, library, path, network, names, card, gpu):
        self.card = card
        used = card.used_bytes()
        begin = time.perf_counter()
        self.engine = gpu_cermet.Engine(library, path, gpu)
        for (name, element_type), value in zip(self.engine.inputs, network.inputs):
            assert name in names, (name, names)
            shape = list(value.shape)
            if value.dim() == 4 and value.is_contiguous(memory_format=torch.channels_last):
                shape = [shape[0], *shape[2:], shape[1]]
            self.engine.set_input(name, element_type, shape, value.data_ptr())
        self.engine.execute()
        self.first_answer_seconds = time.perf_counter() - begin
        self.outputs = [self.place_output(name) for name, _ in self.engine.outputs]
        self.engine.execute()
        self.device_bytes = max(0, card.used_bytes() - used)
        self.activation_bytes = self.engine.activation_bytes()
        self.inputs = network.inputs  # what the engine reads has to live
        self.enqueues, self.why_not = self.can_enqueue()

    def place_output(self, name):
        element_type, shape, _, _ = self.engine.output(name)
        kinds = {number: kind for kind, number in gpu_cermet.ELEMENT_TYPES.items()}
        tensor = torch.zeros(shape, dtype=getattr(torch, kinds[element_type]),
                             device=self.card.device)
        self.engine.set_output(name, tensor.data_ptr(), tensor.nbytes)
        return tensor

    def can_enqueue(self):
        try:
            self.enqueue()
            self.card.wait()
            return True, ""
        except gpu_cermet.CermetError as error:
            if error.status != gpu_cermet.UNSUPPORTED:
                raise
            return False, str(error)

    def enqueue(self):
        self.engine.enqueue(self.card.stream_handle())

    def execute(self):
        self.engine.execute()

    def close(self):
        self.engine.close()

    def output(self):
        for tensor in self.outputs:
            tensor.zero_()
        self.card.used_bytes()  # waits for all streams
        self.execute()
        return self.outputs[0].float().cpu()


def relative_error(got, expected):
    if got.shape != expected.shape:
        raise gpu_cermet.CermetError(f"shape {list(got.shape)}, expected {list(expected.shape)}")
    if not torch.isfinite(got).all():
        return float("inf")
    return float((got.double() - expected.double()).norm() / expected.double().norm())


def latency_ms(contender, seconds):
    """Median of single runs by the host's clock, from giving a run to having its outputs."""
    times = []
    end = time.perf_counter() + seconds
    contender.execute()
    while len(times) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        contender.execute()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times)


def gpu_ms(contender, card, seconds):
    """Time of a run by the card's clock, of runs that follow each other."""
    begin = time.perf_counter()
    contender.execute()
    single = time.perf_counter() - begin
    runs = max(3, min(RUNS_BETWEEN_EVENTS, int(seconds / max(single, 1e-6))))

    def work():
        for _ in range(runs):
            contender.enqueue()
    with card.on_stream():
        return card.between_events(work) / runs


def time_in_turns(contenders, card, seconds):
    """Medians over rounds: {name: {"latency_ms", "gpu_ms", "gpu_ms_rounds"}}."""
    share = seconds / ROUNDS / 2
    latencies, times = ({name: [] for name in contenders} for _ in range(2))
    names = list(contenders)
    for turn in range(ROUNDS):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            contender = contenders[name]
            with torch.no_grad(), card.on_stream():
                latencies[name].append(latency_ms(contender, share))
                if getattr(contender, "enqueues", True):
                    times[name].append(gpu_ms(contender, card, share))
    found = {}
    for name in names:
        found[name] = {"latency_ms": statistics.median(latencies[name])}
        if times[name]:
            found[name]["gpu_ms"] = statistics.median(times[name])
            found[name]["gpu_ms_rounds"] = times[name]
    return found


class RowBench:
    """`tell` is given each result, a dictionary, as soon as it is there."""

    def __init__(self, name, options, tell):
        self.name, self.row = name, gpu_models.ROWS[name]
        self.options, self.tell = options, tell
        self.card = (gpu_torch.PretendedCard if options.pretend else gpu_torch.Card)(options.gpu)
        self.folder = pathlib.Path(options.out) / "engines"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.library = gpu_cermet.Library()
        self.module = self.row.module()
        self.model = self.folder / f"{name}.onnx"
        if not self.model.exists():
            gpu_models.export(self.row, self.module, self.model)

    def bench(self, batch):
        contenders = {}
        try:
            self.bench_all(batch, contenders)
        finally:
            if "cermet" in contenders:
                contenders["cermet"].close()
            contenders.clear()
            self.card.forget()

    def bench_all(self, batch, contenders):
        torch.manual_seed(batch)
        inputs = self.row.inputs(batch)
        expected = gpu_torch.reference(self.row, copy.deepcopy(self.module), inputs, self.card)
        network = gpu_torch.Network(self.row, copy.deepcopy(self.module), inputs, self.card)
        result = {"row": self.name, "batch": batch, "contenders": {}, "errors": {}}
        self.add(result, contenders, "cermet", lambda: self.cermet(batch, network, inputs, result))
        quick = [mode for mode in self.options.modes if not mode.startswith("compile")]
        slow = [mode for mode in self.options.modes if mode not in quick]
        for modes in (quick, slow):  # what compiling for too long ends is there already
            for mode in modes:
                self.add(result, contenders, mode, lambda: gpu_torch.Contender(mode, network))
            if modes is quick or modes:
                self.measure(result, contenders, expected)

    def add(self, result, contenders, name, make):
        begin = time.perf_counter()
        try:
            contenders[name] = made = make()
        except Exception as error:  # whatever it is, the others go on
            result["errors"][name] = f"{type(error).__name__}: {error}"[:2000]
            return
        facts = result["contenders"].setdefault(name, {})
        facts["prepare_seconds"] = time.perf_counter() - begin
        for fact in ("device_bytes", "activation_bytes", "first_answer_seconds", "why_not"):
            if getattr(made, fact, None):
                facts[fact] = getattr(made, fact)

    def measure(self, result, contenders, expected):
        for name in list(contenders):
            try:
                with torch.no_grad(), self.card.on_stream():
                    error = relative_error(contenders[name].output(), expected)
                result["contenders"][name]["error"] = error
            except Exception as error:
                result["errors"][name] = f"{type(error).__name__}: {error}"[:2000]
                failed = contenders.pop(name)
                if hasattr(failed, "close"):
                    failed.close()
        for name, found in time_in_turns(contenders, self.card, self.options.seconds).items():
            result["contenders"][name].update(found)
        self.judge(result)
        self.tell(result)

    def judge(self, result):
        ours = result["contenders"].get("cermet", {}).get("error")
        if ours is None:
            return
        theirs = [facts["error"] for name, facts in result["contenders"].items()
                  if name != "cermet" and "error" in facts]
        limit = max(TOLERANCE, TIMES_PYTORCH * max(theirs, default=0))
        result["error_limit"] = limit
        result["right"] = ours <= limit

    def cermet(self, batch, network, inputs, result):
        engine = self.folder / f"{self.name}-b{batch}.engine"
        facts = result["contenders"].setdefault("cermet", {})
        facts["build"] = self.build(batch, network, inputs, engine)
        facts["engine_bytes"] = engine.stat().st_size
        return CermetContender(self.library, engine, network, list(inputs), self.card,
                               self.options.gpu)

    def build(self, batch, network, inputs, engine):
        """Seconds of building with no caches, and again with what the first left."""
        options = self.build_options(batch, inputs)
        caches = self.folder / f"{self.name}-b{batch}-caches"
        if self.options.rebuild:
            shutil.rmtree(caches, ignore_errors=True)
        caches.mkdir(exist_ok=True)
        found = {"options": " ".join(options)}
        options += ["--timing-cache", str(caches / "times.txt")]
        for state in ("cold_seconds", "cached_seconds") if self.options.rebuild else ("seconds",):
            found[state], found["said"] = gpu_cermet.build(
                self.model, engine, options, caches / "kernels", self.options.limit)
        return found

    def build_options(self, batch, inputs):
        floats = [name for name, value in inputs.items() if value.is_floating_point()]
        options = ["--device", "cpu" if self.options.pretend else f"cuda:{self.options.gpu}"]
        if not self.options.pretend:
            options += ["--fp16", "--output-types", "fp16"]
            options += ["--input-types", ",".join(f"{name}:fp16" for name in floats)] * bool(floats)
        if self.row.image:
            options += ["--input-layouts", ",".join(f"{name}:nhwc" for name in floats)]
        options += ["--shapes", ",".join(f"{name}:{'x'.join(map(str, value.shape))}"
                                         for name, value in inputs.items())]
        return [*options, "--tuning-budget", str(self.options.tuning_budget),
                *self.options.build_options.split()]
