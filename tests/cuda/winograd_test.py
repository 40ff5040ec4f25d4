"""Winograd's algorithm on the GPU in whole builds: validated, run, and chosen by its estimate."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from model_maker import ModelMaker  # noqa: E402

TACTIC = "cuda.convolution_winograd"
OTHERS = ("convolution", "convolution_fma", "convolution_warpgroup", "plain_convolution",
          "grouped_convolution")
# Options of a build, and how far its results may be from those of float32, of the largest.
PRECISIONS = [((), 1e-5), (("--tf32",), 2e-3), (("--fp16",), 4e-3), (("--bf16",), 3e-2)]


def residual_block(path, channels, size, batch=1):
    """Two layers of 3 x 3, the second one with a residual."""
    maker = ModelMaker()
    x = maker.input("x", [batch, channels, *size])
    y = x
    for last in (False, True):
        y = maker.op("Conv", y, maker.weight(channels, channels, 3, 3), maker.weight(channels),
                     pads=[1, 1, 1, 1])
        y = maker.op("Relu", maker.op("Add", y, x) if last else y)
    maker.output(y)
    onnx.save(maker.model(), path)
    return path


class Winograd(emulator.CommandTest):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def build(self, model, engine, *flags):
        """Of each convolution: which tactic won, and its validation."""
        done = emulator.cermet("build", model, "-o", engine, "--device", "cuda",
                               "--tuning-budget", "0", "--explain=json", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("dropped", done.stderr)
        return [(step["winner"], step["validation"]) for step in json.loads(done.stdout)["steps"]
                if step["problem"].startswith("convolution")]

    def result(self, engine):
        done = emulator.cermet("run", engine, "--input", f"x={self.folder / 'x.npy'}",
                               "--output-dir", self.folder / "out", "--format", "npy")
        self.assertEqual(done.returncode, 0, done.stderr)
        return np.load(self.folder / "out" / "output_0.npy")

    def test_builds_are_validated_and_agree(self):
        model = residual_block(self.folder / "block.onnx", 20, (9, 14))
        x = np.random.default_rng(2).standard_normal((1, 20, 9, 14)).astype(np.float32)
        np.save(self.folder / "x.npy", x)
        done = emulator.cermet("build", model, "-o", self.folder / "cpu.engine", "--device", "cpu",
                               "--tuning-budget", "0", "--disable-tactic", "cpu.winograd")
        self.assertEqual(done.returncode, 0, done.stderr)
        expected = self.result(self.folder / "cpu.engine")
        without = [word for name in OTHERS for word in ("--disable-tactic", f"cuda.{name}")]
        for flags, part in PRECISIONS:
            with self.subTest(flags=flags):
                engine = self.folder / "gpu.engine"
                for winner, validation in self.build(model, engine, *without, *flags):
                    self.assertEqual(winner["tactic"], TACTIC)
                    self.assertGreater(validation["points"], 2000)
                    self.assertLess(validation["error"], 0.6)
                off = np.abs(self.result(engine) - expected).max() / np.abs(expected).max()
                self.assertLess(off, part)

    def test_products_in_tf32_are_validated(self):
        """What TF32 rounds is no error, where it is allowed."""
        model = residual_block(self.folder / "block.onnx", 32, (8, 8))
        without = [word for name in (*OTHERS[1:], "convolution_winograd")
                   for word in ("--disable-tactic", f"cuda.{name}")]
        for winner, validation in self.build(model, self.folder / "x.engine", "--tf32", *without):
            self.assertEqual(winner["tactic"], "cuda.convolution")
            self.assertLess(validation["error"], 0.6)

    def test_estimates_choose_it_where_it_wins(self):
        """Without the card: for many products of float32, not for few or those of tensor cores."""
        for size, flags, wins in ((56, (), True), (56, ("--fp16",), False), (7, (), False)):
            model = residual_block(self.folder / "block.onnx", 64, (size, size), batch=8)
            for winner, _ in self.build(model, self.folder / "x.engine", "--arch", "sm_90", *flags):
                self.assertEqual(winner["tactic"] == TACTIC, wins, (size, flags, winner))


if __name__ == "__main__":
    unittest.main()
