"""What the tests of bench/ share: its modules on the path, peers that take no time, rows."""
import pathlib
import sys

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import bars  # noqa: E402
import bench as program  # noqa: E402
import cases  # noqa: E402


class FakePeer:
    """Takes as long as it says, answers with `value`, and fails where it is told to."""

    def __init__(self, name, milliseconds=1.0, value=1.0, fail=None, peak=100.0,
                 tail=1.5):
        self.name, self.milliseconds, self.value = name, milliseconds, value
        self.fail, self.peak, self.tail = fail, peak, tail
        self.calls = []
        self.build_options = ()
        self.variants, self.made = {}, {}

    def note(self, what):
        self.calls.append(what)
        if self.fail == what:
            raise RuntimeError(f"{self.name} can't {what}")

    def version(self):
        return "1"

    def fingerprint(self):
        return "fake"

    def prepare(self, case, threads):
        self.note("prepare")

    def outputs(self):
        self.note("outputs")
        return {"y": np.full(3, self.value)}

    def round(self, seconds, warmup):
        self.note("round")
        return self.milliseconds

    def prepare_contexts(self, case, contexts, threads):
        self.note("prepare_contexts")
        self.contexts = contexts

    def at_once(self, seconds, warmup):
        self.note("at_once")
        return {"throughput": self.contexts * 1e3 / self.milliseconds,
                "median_ms": self.milliseconds, "p99_ms": self.tail * self.milliseconds}

    def start(self, case, threads):
        self.note("start")
        return self.milliseconds

    def variant(self, name, build_options, timing_cache=True, run_options=()):
        """As `variants`, name to peer, has it; `made` tells how it was asked for."""
        self.made[name] = (build_options, timing_cache, run_options)
        return self.variants[name]

    def peak_memory(self, case, threads):
        self.note("peak_memory")
        return self.peak


def fake_cases(*names):
    return [cases.Case(pathlib.Path(f"{name}.onnx"), 1) for name in names or ("net",)]


def fake_bench(peers, names=("net",), threads=(1,)):
    return program.Bench(fake_cases(*names), list(threads), peers, 3, 0.0, 0)


def limits(**changed):
    return {**bars.limits([]), **changed}
