"""The same model and options give the same bytes where nothing is measured, wherever and however often they are built."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command_test import CERMET, helper, model, np, numpy_helper, onnx, tensor  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


def random(shape, seed, name):
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def many_sided():
    """Convolutions, a normalisation to fold, branches, a product with constant weights, a reshape."""
    make = helper.make_node
    nodes = [make("Conv", ["x", "w1"], ["a"], pads=[1, 1, 1, 1]),
             make("BatchNormalization", ["a", "s", "b", "m", "v"], ["n"]),
             make("Relu", ["n"], ["r"]), make("Conv", ["r", "w2"], ["c"]),
             make("Add", ["c", "r"], ["sum"]), make("GlobalAveragePool", ["sum"], ["g"]),
             make("Flatten", ["g"], ["f"]), make("Gemm", ["f", "w3"], ["p"]),
             make("Softmax", ["p"], ["y"])]
    weights = [random((16, 3, 3, 3), 1, "w1"), random((16, 16, 1, 1), 2, "w2"),
               random((16, 10), 3, "w3")] + [random((16,), i, n) for i, n in enumerate("sbm")]
    weights.append(numpy_helper.from_array(np.ones(16, np.float32), "v"))
    return model(nodes, [tensor("x", ["N", 3, 12, 12])], [tensor("y", ["N", 10])], weights)


class Reproducible(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def bytes_of(self, path, name, *options, cwd=None, **environment):
        engine = self.folder / f"{name}.engine"
        subprocess.run([CERMET.resolve(), "build", path, "-o", engine, "--tuning-budget", "0",
                        *options], check=True, capture_output=True, cwd=cwd, env={**os.environ, **environment})
        return engine.read_bytes()

    def check(self, path):
        options = ("--threads", "2", "--opt-shapes", "x:4x3x12x12", "--min-shapes", "x:1x3x12x12",
                   "--max-shapes", "x:8x3x12x12") if path.name == "net.onnx" else ("--threads", "2")
        first = self.bytes_of(path, "first", *options)
        self.assertEqual(self.bytes_of(path, "again", *options), first)
        for threads in ("1", "2", "3"):
            self.assertEqual(self.bytes_of(path, "threads", *options, OMP_NUM_THREADS=threads),
                             first, threads)
        elsewhere = self.folder / "deep" / "er"
        elsewhere.mkdir(parents=True)
        shutil.copy(path, elsewhere / "other.onnx")
        self.assertEqual(self.bytes_of(elsewhere / "other.onnx", "moved", *options), first)
        self.assertEqual(self.bytes_of("other.onnx", "relative", *options, cwd=elsewhere,
                                       LC_ALL="C", TZ="Asia/Tokyo", HOME="/"), first)
        self.assertEqual(self.bytes_of(path, "explained", *options, "--explain", "--verbose"), first)
        self.assertNotIn(str(self.folder).encode(), first)
        self.assertNotEqual(self.bytes_of(path, "passes", *options, "--passes", ""), first)

    def test_of_a_timing_cache(self):
        """A second build finds every time and every validation, and gives the same bytes; another
        model of the same problems is validated by itself."""
        path, other = self.folder / "net.onnx", self.folder / "other.onnx"
        onnx.save(many_sided(), path)
        changed = many_sided()
        changed.graph.initializer[0].CopyFrom(random((16, 3, 3, 3), 7, "w1"))
        onnx.save(changed, other)

        def build(model_path, name):
            engine = self.folder / f"{name}.engine"
            done = subprocess.run([CERMET.resolve(), "build", model_path, "-o", engine,
                                   "--tuning-budget", "0", "--timing-cache",
                                   self.folder / "times.txt", "--explain"],
                                  check=True, capture_output=True, text=True)
            return engine.read_bytes(), done.stdout.count("found by an earlier build")
        first, none = build(path, "first")
        again, all_steps = build(path, "again")
        self.assertEqual(first, again)
        self.assertEqual(none, 0)
        self.assertGreater(all_steps, 2)
        _, some = build(other, "other")
        self.assertEqual(some, 0)

    def test_of_many_operators(self):
        path = self.folder / "net.onnx"
        onnx.save(many_sided(), path)
        self.check(path)

    def test_of_the_digits(self):
        self.check(ROOT / "examples/digits/digits.onnx")


if __name__ == "__main__":
    unittest.main()
