#!/usr/bin/env python3
"""Networks on a real GPU: results beside ONNX Runtime's on the CPU in float32, the same bits in
every run, and contexts at once.

usage: models_test.py [--models NAME,..] [--types NAME,..] [--folder FOLDER] [--jobs N]
                      [--measured NAME,..]

Networks come from PyTorch with random weights (bench/gpu_models.py); `tiny` is small enough for the
emulator. Each is built once a type of arithmetic and once for a range of batches. CERMET_BIN and
CERMET_LIB name the folders of Cermet's command and libraries.
"""
import argparse
import concurrent.futures
import ctypes
import pathlib
import sys
import threading
import time

import numpy as np
import onnxruntime
import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import gpu_cermet  # noqa: E402
import gpu_models  # noqa: E402

# Options of the build, and the largest relative L2 error against float32 on the CPU.
TYPES = {"fp32": ([], 1e-4), "tf32": (["--tf32"], 5e-3), "fp16": (["--fp16"], 1e-2),
         "bf16": (["--bf16"], 6e-2)}
TUNING = {True: ["--tuning-budget", "2"], False: ["--tuning-budget", "0"]}  # seconds, by measured
BATCH = 2
RANGE = (1, 2, 4)  # smallest, typical, largest batch of the build for several
BATCHES = (1, 3, 4, 1)
RUNS = 4


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.SiLU(), nn.MaxPool2d(2), nn.Flatten(2))
        self.norm = nn.LayerNorm(16)
        self.query, self.leave = nn.Linear(16, 48), nn.Linear(16, 10)

    def forward(self, image):
        x = self.norm(self.layers(image).transpose(1, 2))
        query, key, value = self.query(x)[:, None].chunk(3, -1)
        x = torch.nn.functional.scaled_dot_product_attention(query, key, value)[:, 0]
        return self.leave(x).mean(1).softmax(-1)


def tiny():
    return gpu_models.Row("tiny", Tiny, lambda batch: {"input": torch.rand(batch, 3, 16, 16)},
                          image=True)


ROWS = {"tiny": tiny(), **gpu_models.ROWS}


class Case:
    """A network's ONNX file, inputs by batch and what ONNX Runtime gives for them."""

    def __init__(self, name, folder):
        self.name, self.row = name, ROWS[name]
        self.path = folder / f"{name}.onnx"
        if not self.path.exists():
            gpu_models.export(self.row, self.row.module(), self.path)
        self.session = onnxruntime.InferenceSession(str(self.path),
                                                    providers=["CPUExecutionProvider"])
        self.known = {}

    def inputs(self, batch):
        torch.manual_seed(batch)
        return {name: np.ascontiguousarray(value.numpy())
                for name, value in self.row.inputs(batch).items()}

    def expected(self, batch):
        if batch not in self.known:
            self.known[batch] = self.session.run(None, self.inputs(batch))[0]
        return self.known[batch]

    def shapes(self, batch):
        return ",".join(f"{name}:{'x'.join(map(str, value.shape))}"
                        for name, value in self.inputs(batch).items())


def run(engine, inputs):
    """The first output, copied."""
    for (name, element_type) in engine.inputs:
        value = inputs[name]
        engine.set_input(name, element_type, value.shape, value.ctypes.data)
    engine.execute()
    element_type, shape, data, byte_count = engine.output(engine.outputs[0][0])
    kinds = {number: kind for kind, number in gpu_cermet.ELEMENT_TYPES.items()}
    return np.frombuffer(ctypes.string_at(data, byte_count), kinds[element_type]).reshape(shape)


def relative_error(got, expected):
    if got.shape != expected.shape or not np.isfinite(got).all():
        return float("inf")
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    return float(np.linalg.norm(got - expected) / np.linalg.norm(expected))


def compare(got, expected, limit, what):
    error = relative_error(got, expected)
    return [] if error <= limit else [f"{what}: relative error {error:.2e}, allowed {limit:.0e}"]


def same_bits(results, what):
    first = results[0].tobytes()
    return [f"{what}: run {i} gives other bits" for i, other in enumerate(results)
            if other.tobytes() != first]


def at_once(engine, inputs):
    """Results of two contexts in threads of their own, each with a stream of its own."""
    contexts = [engine.another_context() for _ in range(2)]
    results, failures = [], []

    def work(context):
        try:
            for _ in range(RUNS):
                results.append(run(context, inputs))
        except gpu_cermet.CermetError as error:
            failures.append(error)
    threads = [threading.Thread(target=work, args=(context,)) for context in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for context in contexts:
        context.close()
    if failures:
        raise failures[0]
    return results


def check_type(case, library, engine_path, kind):
    limit = TYPES[kind][1]
    engine = gpu_cermet.Engine(library, engine_path)
    inputs = case.inputs(BATCH)
    results = [run(engine, inputs) for _ in range(RUNS)]
    error = relative_error(results[0], case.expected(BATCH))
    found = compare(results[0], case.expected(BATCH), limit, kind)
    found += same_bits(results, f"{kind}, one context")
    found += same_bits([results[0], *at_once(engine, inputs)], f"{kind}, contexts at once")
    engine.close()
    return error, found


def check_range(case, library, engine_path):
    engine = gpu_cermet.Engine(library, engine_path)
    found = []
    for batch in BATCHES:
        found += compare(run(engine, case.inputs(batch)), case.expected(batch), TYPES["fp32"][1],
                         f"range of batches, batch {batch}")
    engine.close()
    return found


def build_all(case, folder, types, jobs, measured):
    """Engines by type, and "range"; an engine's place holds the error that building it gave."""
    wanted = {kind: [*TYPES[kind][0], "--shapes", case.shapes(BATCH)] for kind in types}
    wanted["range"] = [argument for flag, batch in zip(("--min-shapes", "--opt-shapes",
                                                        "--max-shapes"), RANGE)
                       for argument in (flag, case.shapes(batch))]

    def build(kind):
        path = folder / f"{case.name}-{kind}.engine"
        try:
            seconds, _ = gpu_cermet.build(case.path, path, ["--device", "cuda", *TUNING[measured],
                                                           *wanted[kind]])
            return path, seconds
        except gpu_cermet.CermetError as error:
            return error, 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return dict(zip(wanted, pool.map(build, wanted)))


def check(case, folder, types, jobs, measured, library):
    failures = []
    for kind, (built, seconds) in build_all(case, folder, types, jobs, measured).items():
        begin = time.perf_counter()
        try:
            if isinstance(built, Exception):
                raise built
            if kind == "range":
                error, found = None, check_range(case, library, built)
            else:
                error, found = check_type(case, library, built, kind)
        except (gpu_cermet.CermetError, OSError) as problem:
            error, found = None, [f"{kind}: {problem}"]
        failures += found
        shown = "" if error is None else f", error {error:.2e}"
        print(f"{case.name} {kind}: {'FAILED' if found else 'ok'}{shown}, built in {seconds:.1f} s, "
              f"checked in {time.perf_counter() - begin:.1f} s", flush=True)
        for text in found:
            print(f"  {text}", flush=True)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(ROWS), metavar="NAME,..")
    parser.add_argument("--types", default=",".join(TYPES), metavar="NAME,..")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/gpu-models"))
    parser.add_argument("--jobs", type=int, default=4, help="builds at once")
    parser.add_argument("--measured", metavar="NAME,..",
                        help="networks whose kernels are measured, others' are estimated; all")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    library = gpu_cermet.Library()
    failures = []
    for name in options.models.split(","):
        case = Case(name, options.folder)
        measured = options.measured is None or name in options.measured.split(",")
        failures += check(case, options.folder, options.types.split(","), options.jobs, measured,
                          library)
    print(f"{len(failures)} failure(s)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
