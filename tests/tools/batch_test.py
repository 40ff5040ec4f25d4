"""Batches in slices, through the command: the same results as in one piece, and what is told of it."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from commands import CERMET, OUT_OF_RANGE, WRONG_USE  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from model_maker import ModelMaker, ints  # noqa: E402

# Sixty-four of these are 134 MB between the convolutions, one is 2 MB: more and less than caches
# hold.
BATCH, SIZE = 64, 128
X = np.random.default_rng(3).standard_normal((BATCH, 3, SIZE, SIZE)).astype(np.float32)


def network(mixes=False):
    m = ModelMaker()
    value = m.input("x", ["N", 3, SIZE, SIZE])
    value = m.op("Relu", m.op("Conv", value, m.weight(32, 3, 1, 1)))
    value = m.op("Relu", m.op("Conv", value, m.weight(4, 32, 1, 1)))
    value = m.op("ReduceMean", value, axes=[2, 3], keepdims=0)
    if mixes:
        value = m.op("CumSum", value, ints(0).reshape(()))
    m.output(value)
    return m.model()


class Batches(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        onnx.save(network(), cls.folder / "net.onnx")
        onnx.save(network(mixes=True), cls.folder / "mixes.onnx")
        np.save(cls.folder / "x.npy", X)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def build(self, model, *flags):
        engine = self.folder / "net.engine"
        done = subprocess.run([CERMET, "build", self.folder / model, "-o", engine, "--threads", "1",
                               "--tuning-budget", "0", "--explain=json", *flags],
                              check=True, capture_output=True, text=True)
        return engine, json.loads(done.stdout)

    def slice_items(self, engine):
        shown = subprocess.run([CERMET, "inspect", engine, "--json"], check=True,
                               capture_output=True, text=True)
        return json.loads(shown.stdout)["slice_items"]

    def run_engine(self, engine):
        subprocess.run([CERMET, "run", engine, "--input", f"x={self.folder / 'x.npy'}",
                        "--output-dir", self.folder], check=True, capture_output=True)
        return np.load(self.folder / "output_0.npy")

    def test_a_fixed_batch(self):
        shapes = ("--shapes", f"x:{BATCH}x3x{SIZE}x{SIZE}")
        sliced, _ = self.build("net.onnx", *shapes)
        items = self.slice_items(sliced)
        self.assertGreater(items, 0)
        self.assertLess(items, BATCH)
        shown = subprocess.run([CERMET, "inspect", sliced], check=True, capture_output=True, text=True)
        self.assertIn(f"batch        in slices of {items}", shown.stdout)
        self.assertIn(f"x (float32 {BATCH}x3x{SIZE}x{SIZE})", shown.stdout)
        got = self.run_engine(sliced)
        whole, _ = self.build("net.onnx", *shapes, "--skip-pass", "slice-batch")
        self.assertEqual(self.slice_items(whole), 0)
        np.testing.assert_allclose(got, self.run_engine(whole), rtol=1e-4, atol=1e-5)

    def test_a_range_of_batches(self):
        sliced, _ = self.build("net.onnx", "--min-shapes", f"x:1x3x{SIZE}x{SIZE}",
                               "--opt-shapes", f"x:{BATCH}x3x{SIZE}x{SIZE}",
                               "--max-shapes", f"x:{BATCH}x3x{SIZE}x{SIZE}")
        self.assertEqual(self.slice_items(sliced), 1)
        self.assertEqual(self.run_engine(sliced).shape, (BATCH, 4))
        refused = subprocess.run([CERMET, "bench", sliced, "--shapes", f"x:65x3x{SIZE}x{SIZE}"],
                                 capture_output=True, text=True)
        self.assertEqual(refused.returncode, OUT_OF_RANGE)
        self.assertIn("65 is outside the profile's range 1 to 64", refused.stderr)

    def test_a_batch_that_is_mixed_stays_whole(self):
        engine, told = self.build("mixes.onnx", "--shapes", f"x:{BATCH}x3x{SIZE}x{SIZE}")
        self.assertEqual(self.slice_items(engine), 0)
        reasons = [near["condition"] for near in told["near_fusions"] if near["pass"] == "slice-batch"]
        self.assertEqual(reasons, ["CumSum may mix the items of a batch"])

    def test_a_batch_that_gains_nothing_stays_whole(self):
        engine, told = self.build("net.onnx", "--shapes", f"x:2x3x{SIZE}x{SIZE}")
        self.assertEqual(self.slice_items(engine), 0)
        reasons = [near["condition"] for near in told["near_fusions"] if near["pass"] == "slice-batch"]
        self.assertEqual(reasons, ["no slice of a batch of 2 is estimated to spare 4 %"])

    def test_the_pass_can_be_named(self):
        shapes = ("--shapes", f"x:{BATCH}x3x{SIZE}x{SIZE}")
        for flags, cut in ((("--passes", "slice-batch"), True), (("--passes", ""), False),
                           (("--stop-after", "slice-batch:1"), True),
                           (("--stop-after", "slice-batch:0"), False)):
            engine, _ = self.build("net.onnx", *shapes, *flags)
            self.assertEqual(self.slice_items(engine) > 0, cut, flags)

    def test_inputs_with_different_batches_are_refused(self):
        m = ModelMaker()
        m.output(m.op("Add", m.input("x", ["N", 4]), m.input("y", ["N", 4])))
        onnx.save(m.model(), self.folder / "two.onnx")
        refused = subprocess.run([CERMET, "build", self.folder / "two.onnx", "-o",
                                  self.folder / "two.engine", "--shapes", "x:8x4,y:4x4"],
                                 capture_output=True, text=True)
        self.assertEqual(refused.returncode, WRONG_USE)
        self.assertIn("input 'y', dimension 0: N is 8 to 8 in input 'x', dimension 0, but 4 to 4 here",
                      refused.stderr)
        self.assertFalse((self.folder / "two.engine").exists())


if __name__ == "__main__":
    unittest.main()
