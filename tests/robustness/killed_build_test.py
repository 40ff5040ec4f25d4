"""A build that is killed at any time leaves the old engine or the new one, and at most one
temporary file, which the next build takes over.

CERMET_KILLS sets at how many points of time (default 20; 200 take about a minute).
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support.commands import CERMET  # noqa: E402

KILLS = int(os.environ.get("CERMET_KILLS", "20"))

MEGABYTES = 8  # of weights, so that writing them takes a while


def model(seed):
    rows = MEGABYTES * (1 << 20) // 4 // 1024
    weights = np.random.default_rng(seed).standard_normal((rows, 1024), np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "wide",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1024])],
        [numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class KilledBuilds(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.models = [self.folder / f"{name}.onnx" for name in ("old", "new")]
        for seed, path in enumerate(self.models):
            onnx.save(model(seed), path)
        self.out = self.folder / "out"
        self.out.mkdir()
        self.engine = self.out / "model.engine"

    def start(self, which):
        return subprocess.Popen([CERMET, "build", self.models[which], "-o", self.engine,
                                 "--tuning-budget", "0"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def built(self, which):
        """The bytes of an engine and the seconds that it took."""
        begin = time.monotonic()
        self.assertEqual(self.start(which).wait(), 0)
        return self.engine.read_bytes(), time.monotonic() - begin

    def kill_after(self, seconds):
        process = self.start(1)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def leftovers(self):
        return sorted(path.name for path in self.out.iterdir() if path != self.engine)

    def test_leave_the_old_engine_or_the_new_one(self):
        new, seconds = self.built(1)
        old, _ = self.built(0)
        self.assertNotEqual(old, new)
        found = {"old": 0, "new": 0, "with a temporary file": 0}
        for point in range(KILLS):
            self.kill_after(seconds * 1.3 * point / KILLS)
            now = self.engine.read_bytes()
            self.assertIn(now, (old, new))
            found["new" if now == new else "old"] += 1
            self.assertLessEqual(len(self.leftovers()), 1, self.leftovers())
            found["with a temporary file"] += len(self.leftovers())
            if now == new:
                self.assertEqual(self.built(0)[0], old)
        print(f"{KILLS} kills within {seconds * 1.3:.2f} s: {found}")
        self.assertEqual(self.built(1)[0], new)
        self.assertEqual(self.leftovers(), [])

    def test_leave_none_where_there_was_none(self):
        _, seconds = self.built(1)
        self.engine.unlink()
        self.kill_after(seconds / 4)
        self.assertFalse(self.engine.exists())


if __name__ == "__main__":
    unittest.main()
