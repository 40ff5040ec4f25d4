"""Whole models against ONNX Runtime: real ones where they are at hand, and models of dynamic shape
at 50 shapes in one execution context.

usage: models_test.py [--build-dir DIR] [--only REGEX] [--device cuda [--emulate]]

Real models are read from ../shared/models beside the project's folder, and left out without it.
Exit status 77: onnx or ONNX Runtime is missing.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
try:
    import numpy as np
    import onnx
    import onnxruntime
    from tests.conformance import device_cases, dynamic_models
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

REAL = ROOT.parent / "shared" / "models"
LIMIT = 1e-4
SHAPES = 50


def random_floats(*shape, scale=1.0):
    return lambda random: (scale * random.standard_normal(shape)).astype(np.float32)


# By file: how to make each input.
REAL_INPUTS = {
    "ultraface-rfb-320": {"input": random_floats(1, 3, 240, 320)},
    "mnist-cntk": {"Input3": random_floats(1, 1, 28, 28)},
    "magika-v3": {"bytes": lambda random: random.integers(0, 257, (3, 2048)).astype(np.int32)},
    "silero-vad": {"input": random_floats(1, 576, scale=0.1),
                   "state": random_floats(2, 1, 128, scale=0.1),
                   "sr": lambda random: np.array(16000, np.int64)},
}


def image(random, low, high, name="image"):
    n, h, w = (int(random.integers(a, b + 1)) for a, b in zip(low, high))
    return {name: random.standard_normal((n, 3, h, w)).astype(np.float32)}


def tokens(random):
    batch, length = int(random.integers(1, 5)), int(random.integers(1, 65))
    mask = np.arange(length) < random.integers(1, length + 1, (batch, 1))
    return {"tokens": random.integers(0, 50, (batch, length)), "mask": mask.astype(np.int64)}


def rows_of(random):
    return {"x": random.standard_normal((int(random.integers(0, 40)), 6)).astype(np.float32)}


def samples(random):
    shape = (int(random.integers(1, 4)), int(random.integers(25, 121)), 1)
    return {"signal": random.standard_normal(shape).astype(np.float32)}


def trips(random):
    rows = int(random.integers(1, 9))
    return {"x": random.standard_normal((rows, 4)).astype(np.float32),
            "trips": np.array(random.integers(0, 6), np.int64)}


# Name -> model, profile by input (min, opt, max), maker of inputs, a shape outside the profile
# with the words that the error has to contain.
DYNAMIC = {
    "detector": (dynamic_models.detector, {"image": ("1x3x32x32", "1x3x96x128", "3x3x160x192")},
                 lambda random: image(random, (1, 32, 32), (3, 160, 192)),
                 {"image": np.zeros((1, 3, 200, 64), np.float32)}, ("image", "2", "200", "160")),
    "encoder": (dynamic_models.encoder,
                {"tokens": ("1x1", "2x32", "4x64"), "mask": ("1x1", "2x32", "4x64")}, tokens,
                {"tokens": np.zeros((5, 8), np.int64), "mask": np.ones((5, 8), np.int64)},
                ("tokens", "0", "5", "4")),
    "picked rows": (dynamic_models.picked_rows, {"x": ("0x6", "16x6", "40x6")}, rows_of,
                    {"x": np.zeros((41, 6), np.float32)}, ("x", "0", "41", "40")),
    "spectrogram": (dynamic_models.spectrogram, {"signal": ("1x25x1", "2x80x1", "3x120x1")},
                    samples, {"signal": np.zeros((1, 121, 1), np.float32)},
                    ("signal", "1", "121", "120")),
    "nested control": (dynamic_models.nested_control, {"x": ("1x4", "4x4", "8x4")}, trips,
                       {"x": np.zeros((9, 4), np.float32), "trips": np.array(1, np.int64)},
                       ("x", "0", "9", "8")),
}


def open_ultraface():
    """Its anchors are constants for 240x320, so that the batch alone can vary."""
    model = onnx.load(REAL / "ultraface-rfb-320.onnx")
    return dynamic_models.opened(model, ["n", 3, 240, 320])


def relative_error(want, got):
    """max|got - want| / max|want|; infinite when shapes, types or exact values differ."""
    if want.shape != got.shape or want.dtype != got.dtype:
        return np.inf
    if want.dtype.kind != "f":
        return 0.0 if np.array_equal(want, got) else np.inf
    if not want.size:
        return 0.0
    if np.isnan(want).any() or np.isnan(got).any():
        return np.inf
    scale = np.abs(want).max()
    return float(np.abs(got - want).max() / (scale if scale > 0 else 1))


class Tester:
    def __init__(self, programs, scratch, flags=(), environment=None):
        self.programs, self.scratch = programs, scratch
        self.flags, self.environment = flags, environment
        self.failures = 0

    def judge(self, name, error, note=""):
        good = error <= LIMIT  # false for NaN
        self.failures += not good
        print(f"{'' if good else 'FAILED '}{name}: relative error {error:.2e}{note}")

    def fail(self, name, text):
        self.failures += 1
        print(f"FAILED {name}: {text}")

    def build(self, name, model_file, profile):
        """The engine, or nothing after a failure is reported."""
        engine = self.scratch / "model.engine"
        shapes = []
        for i, kind in enumerate(("min", "opt", "max")):
            if profile:
                text = ",".join(f"{tensor}:{sizes[i]}" for tensor, sizes in profile.items())
                shapes += [f"--{kind}-shapes", text]
        done = subprocess.run([self.programs / "cermet", "build", model_file, "-o", engine, *shapes,
                               "--tuning-budget", "0", *self.flags], env=self.environment,
                              capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return engine
        self.fail(name, f"cermet build ended with {done.returncode}: {done.stderr.strip()}")
        return None

    def results(self, engine, session, all_inputs):
        """By set of inputs: the outputs, or the error's text. One engine, one context."""
        names = [value.name for value in session.get_inputs()]
        folders = []
        for k, inputs in enumerate(all_inputs):
            folders.append(self.scratch / f"{engine.stem}-{k}")
            folders[-1].mkdir(exist_ok=True)
            for old in folders[-1].rglob("*.*"):
                old.unlink()
            for i, name in enumerate(names):
                np.save(folders[-1] / f"input_{i}.npy", inputs[name])
        done = subprocess.run([self.programs / "test_run_many", engine, *folders],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              env=self.environment, check=False)
        if done.returncode:
            return [f"run_many ended with {done.returncode}: {done.stderr}"] * len(folders)
        return [self.read(folder, len(session.get_outputs())) for folder in folders]

    @staticmethod
    def read(folder, count):
        if (folder / "error.txt").exists():
            return (folder / "error.txt").read_text().strip()
        return [np.load(folder / "out" / f"output_{i}.npy") for i in range(count)]

    def compare(self, name, model_file, profile, all_inputs):
        """Builds and runs a model on every set of inputs; the engine and session for more."""
        engine = self.build(name, model_file, profile)
        if engine is None:
            return None, None
        options = onnxruntime.SessionOptions()
        options.log_severity_level, options.intra_op_num_threads = 4, 1
        session = onnxruntime.InferenceSession(str(model_file), options,
                                               providers=["CPUExecutionProvider"])
        worst = 0.0
        for inputs, got in zip(all_inputs, self.results(engine, session, all_inputs)):
            if isinstance(got, str):
                shapes = {tensor: array.shape for tensor, array in inputs.items()}
                self.fail(name, f"{shapes}: {got}")
                return engine, session
            pairs = zip(session.run(None, inputs), got)
            worst = np.max([worst, *(relative_error(w, g) for w, g in pairs)])
        self.judge(name, worst, f" over {len(all_inputs)} runs")
        return engine, session

    def refuses(self, name, engine, session, inputs, words):
        """A shape outside the profile gives an error with these words."""
        (got,) = self.results(engine, session, [inputs])
        if not isinstance(got, str):
            self.fail(name, f"expected an error naming {words}, got outputs")
        elif missing := [word for word in words if not re.search(rf"\b{word}\b", got)]:
            self.fail(name, f"the error does not say {missing}: {got}")


def test_real(tester, wanted):
    if not REAL.is_dir():
        print(f"real models: left out, there is no folder {REAL}")
        return
    random = np.random.default_rng()
    for name, makers in REAL_INPUTS.items():
        if not re.search(wanted, name) or not (REAL / f"{name}.onnx").exists():
            continue
        runs = [{tensor: make(random) for tensor, make in makers.items()} for _ in range(2)]
        profile = {tensor: ["x".join(map(str, array.shape)) or "scalar"] * 3
                   for tensor, array in runs[0].items()}
        tester.compare(name, REAL / f"{name}.onnx", profile, runs)


def test_dynamic(tester, wanted):
    random = np.random.default_rng(11)
    cases = dict(DYNAMIC)
    if (REAL / "ultraface-rfb-320.onnx").exists():
        cases["open ultraface"] = (
            open_ultraface, {"input": ("1x3x240x320", "2x3x240x320", "3x3x240x320")},
            lambda random: image(random, (1, 240, 320), (3, 240, 320), "input"),
            {"input": np.zeros((4, 3, 240, 320), np.float32)}, ("input", "0", "4", "3"))
    for name, (make_model, profile, make_inputs, outside, words) in cases.items():
        if not re.search(wanted, name):
            continue
        model_file = tester.scratch / "model.onnx"
        onnx.save(make_model(), model_file)
        runs = [make_inputs(random) for _ in range(SHAPES)]
        engine, session = tester.compare(name, model_file, profile, runs)
        if engine:
            tester.refuses(name, engine, session, outside, words)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", default=os.environ.get("CERMET_BUILD_DIR", "build/release"))
    parser.add_argument("--only", default="", metavar="REGEX")
    parser.add_argument("--device", default="", help="cuda, cuda:N: builds are for a GPU")
    parser.add_argument("--emulate", action="store_true", help="take the emulated GPU")
    options = parser.parse_args()
    flags, environment = ["--device", options.device] if options.device else [], None
    if options.emulate:
        flags += ["--arch", "sm_89"]
        environment = device_cases.emulator_environment(options.build_dir)
    with tempfile.TemporaryDirectory() as scratch:
        tester = Tester(pathlib.Path(options.build_dir).resolve() / "bin", pathlib.Path(scratch),
                        flags, environment)
        test_real(tester, options.only)
        test_dynamic(tester, options.only)
    return 1 if tester.failures else 0


if __name__ == "__main__":
    sys.exit(main())
