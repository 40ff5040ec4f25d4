"""What is compared: each peer prepares a case, gives its outputs once, and times one round.

A peer has `name`, `version()`, `prepare(case, threads)`, `outputs()` (name to array) and
`round(seconds, warmup)`, the round's median in milliseconds. One peer works at a time; a round
starts with `warmup` runs that are not counted.
"""
import functools
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np

# A slow model still gets a median that one disturbed run can't decide.
FEWEST_RUNS = 3


class PeerError(Exception):
    """A peer could not do its part; the message is what it said."""


def time_round(run, seconds, warmup):
    """Median milliseconds of run(), called for `seconds` after `warmup` calls."""
    for _ in range(warmup):
        run()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < FEWEST_RUNS or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


class Cermet:
    """Driven through its command, as a user would."""
    name = "cermet"

    def __init__(self, program, build_options):
        self.program = program
        self.build_options = build_options
        self.folder = tempfile.TemporaryDirectory(prefix="cermet-bench-")
        self.engines = {}

    def command(self, *arguments):
        arguments = [self.program, *map(str, arguments)]
        try:
            done = subprocess.run(arguments, capture_output=True, text=True)
        except OSError as error:
            raise PeerError(f"{self.program}: {error.strerror}; name the command by --cermet "
                            "PROGRAM, or leave it out by --peers") from None
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise PeerError(f"`{' '.join(arguments)}` ended with {done.returncode}: {said}")
        return done.stdout.strip()

    def version(self):
        return self.command("--version")

    def prepare(self, case, threads):
        self.case, self.threads = case, threads
        self.shapes = ",".join(f"{name}={'x'.join(map(str, value.shape)) or 'scalar'}"
                               for name, value in case.inputs.items())
        build = (str(case.path), "--threads", str(threads), *self.build_options)
        if build not in self.engines:
            engine = pathlib.Path(self.folder.name) / f"{len(self.engines)}.engine"
            self.command("build", *build, "-o", engine)
            self.engines[build] = engine
        self.engine = self.engines[build]

    def outputs(self):
        with tempfile.TemporaryDirectory(dir=self.folder.name) as folder:
            arguments = []
            for index, (name, value) in enumerate(self.case.inputs.items()):
                file = pathlib.Path(folder) / f"in{index}.npy"
                np.save(file, value)
                arguments += ["--input", f"{name}={file}"]
            written = pathlib.Path(folder) / "out"
            written.mkdir()
            self.command("run", self.engine, *arguments, "--output-dir", written, "--by-name")
            return {file.stem: np.load(file) for file in sorted(written.glob("*.npy"))}

    def round(self, seconds, warmup):
        report = pathlib.Path(self.folder.name) / "bench.json"
        report.unlink(missing_ok=True)
        self.command("bench", self.engine, "--shapes", self.shapes, "--threads", self.threads,
                     "--seconds", seconds, "--warmup", warmup, "--json", report)
        return json.loads(report.read_text())["latency_ms"]["median"]


class OnnxRuntime:
    """In this process, inputs bound once: a round holds no copying that Cermet is spared."""
    name = "ort"

    def __init__(self):
        import onnxruntime
        self.library = onnxruntime

    def version(self):
        return self.library.__version__

    def session(self, path, threads):
        options = self.library.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        return self.library.InferenceSession(str(path), options,
                                             providers=["CPUExecutionProvider"])

    def prepare(self, case, threads):
        session = self.session(case.path, threads)
        binding = session.io_binding()
        for name, value in case.inputs.items():
            binding.bind_cpu_input(name, value)
        self.output_names = [output.name for output in session.get_outputs()]
        for name in self.output_names:
            binding.bind_output(name)
        self.binding = binding
        self.run = functools.partial(session.run_with_iobinding, binding)

    def outputs(self):
        self.run()
        return dict(zip(self.output_names, self.binding.copy_outputs_to_cpu()))

    def round(self, seconds, warmup):
        return time_round(self.run, seconds, warmup)


class OpenVino:
    """Compiled for the case's shapes, float32 like the others."""
    name = "openvino"

    def __init__(self):
        import openvino
        self.library = openvino

    def version(self):
        return self.library.__version__

    def prepare(self, case, threads):
        core = self.library.Core()
        model = core.read_model(str(case.path))
        model.reshape({name: list(value.shape) for name, value in case.inputs.items()})
        compiled = core.compile_model(model, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY"})
        self.request = compiled.create_infer_request()
        for name, value in case.inputs.items():
            self.request.set_tensor(name, self.library.Tensor(value))
        self.ports = compiled.outputs

    def outputs(self):
        self.request.infer()
        return {port.get_any_name(): self.request.get_tensor(port).data.copy()
                for port in self.ports}

    def round(self, seconds, warmup):
        return time_round(self.request.infer, seconds, warmup)


def file_stem(output_name):
    """The file name that `cermet run --by-name` gives an output: what a file system may refuse is '_'."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", output_name)


def relative_error(found, expected):
    """The largest max |found - expected| / max |expected| of any output.

    `found` is keyed by the output's name or by its file stem. Raises PeerError where an output is
    missing, has another shape, or gives no finite figure.
    """
    return max((output_error(name, found, b) for name, b in expected.items()), default=0.0)


def output_error(name, found, b):
    a = found.get(name, found.get(file_stem(name)))
    if a is None or a.shape != b.shape:
        there = "nothing" if a is None else f"shape {list(a.shape)}"
        raise PeerError(f"output '{name}': expected shape {list(b.shape)}, got {there}; "
                        f"outputs there: {sorted(found)}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    difference = np.max(np.abs(a - b), initial=0.0)
    scale = np.max(np.abs(b), initial=0.0)
    if difference == 0:
        return 0.0
    if not np.isfinite(difference) or not scale > 0:
        raise PeerError(f"output '{name}': max |a-b| is {difference} where max |b| is {scale}")
    return float(difference / scale)
