"""Any intermediate value as an output: each has the value that ONNX's reference evaluator gives,
whatever fusion would have swallowed it, and the other outputs stay."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command_test import CERMET, CERMET_RUN, WRONG_USE, helper, np, onnx  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402
from reproducible_test import many_sided  # noqa: E402

X = np.random.default_rng(7).standard_normal((2, 3, 12, 12)).astype(np.float32)


class MarkedOutputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.path = cls.folder / "net.onnx"
        net = many_sided()
        onnx.save(net, cls.path)
        np.save(cls.folder / "x.npy", X)
        cls.names = [name for node in net.graph.node for name in node.output if name != "y"]
        net.graph.output.extend(helper.make_empty_tensor_value_info(n) for n in cls.names)
        results = ReferenceEvaluator(net).run(None, {"x": X})
        cls.expected = dict(zip(["y", *cls.names], results))

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def results(self, *marked):
        engine = self.folder / "net.engine"
        flags = [word for name in marked for word in ("--mark-output", name)]
        subprocess.run([CERMET, "build", self.path, "-o", engine, "--tuning-budget", "0", *flags],
                       check=True, capture_output=True)
        subprocess.run([CERMET_RUN, engine, "--input", f"x={self.folder / 'x.npy'}",
                        "--output-dir", self.folder], check=True, capture_output=True)
        return {name: np.load(self.folder / f"output_{i}.npy")
                for i, name in enumerate(["y", *marked])}

    def compare(self, results):
        for name, value in results.items():
            np.testing.assert_allclose(value, self.expected[name], rtol=1e-3, atol=1e-4,
                                       err_msg=name)

    def test_each_alone(self):
        self.assertGreater(len(self.names), 7)
        for name in self.names:
            with self.subTest(name):
                self.compare(self.results(name))

    def test_all_at_once(self):
        self.compare(self.results(*self.names))

    def test_names_of_no_value(self):
        done = subprocess.run([CERMET, "build", self.path, "-o", self.folder / "e.engine",
                               "--mark-output", "nothing"], capture_output=True, text=True)
        self.assertEqual(done.returncode, WRONG_USE, done.stderr)
        self.assertIn("nothing", done.stderr)


if __name__ == "__main__":
    unittest.main()
