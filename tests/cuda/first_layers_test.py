"""First layers of vision networks in engines for a GPU: which kernel reads the image, as it lies, and
that results are those of an engine for the CPU."""
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

SHAPES = ("--shapes", "x:2x3x32x48")


def model(path, channels, filters, window, stride, pad):
    """A first layer and one more convolution, whose input is channels-last."""
    maker = ModelMaker()
    x = maker.input("x", ["N", channels, 32, 48])
    hidden = maker.op("Relu", maker.op(
        "Conv", x, maker.weight(filters, channels, window, window), maker.weight(filters),
        strides=[stride, stride], pads=[pad] * 4))
    maker.output(maker.op("Conv", hidden, maker.weight(8, filters, 1, 1)))
    onnx.save(maker.model(), path)
    return path


class FirstLayers(emulator.CommandTest):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def built(self, path, *flags):
        """The engine for two images, and its steps by name of tactic."""
        engine = path.with_suffix(".engine")
        done = emulator.build(path, engine, "--fp16", *SHAPES, *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = emulator.cermet("inspect", engine, "--json")
        steps = json.loads(done.stdout)
        return engine, steps["reorders"], [step["tactic"] for step in steps["steps"]]

    def results(self, file, *flags):
        done = emulator.cermet("run", file, "--random-inputs", *SHAPES, "--output-dir", self.folder, *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return np.load(self.folder / "output_0.npy").astype(np.float64)

    def same(self, path, engine):
        expected, got = self.results(path, "--device", "cpu"), self.results(engine)
        error = np.linalg.norm(got - expected) / np.linalg.norm(expected)
        self.assertLess(error, 3e-3)

    def test_reads_planes(self):
        path = model(self.folder / "first.onnx", 3, 16, 7, 2, 3)
        engine, reorders, tactics = self.built(path)
        self.assertIn("cuda.convolution_few_channels", tactics)
        # Of the output alone, which is owed row-major.
        self.assertEqual(reorders, 1)
        self.same(path, engine)

    def test_patches(self):
        path = model(self.folder / "patches.onnx", 3, 16, 16, 16, 0)
        # That small they would be left to one thread a result.
        engine, reorders, tactics = self.built(path, "--disable-tactic", "cuda.plain_convolution",
                                               "--disable-tactic", "cuda.direct_convolution")
        self.assertIn("cuda.convolution", tactics)
        self.assertEqual(reorders, 1)
        self.same(path, engine)

    def test_without_its_kernel(self):
        path = model(self.folder / "float.onnx", 3, 16, 3, 2, 1)
        engine, _, tactics = self.built(path, "--disable-tactic", "cuda.convolution_few_channels")
        self.assertNotIn("cuda.convolution_few_channels", tactics)
        self.same(path, engine)


if __name__ == "__main__":
    unittest.main()
