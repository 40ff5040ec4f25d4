"""NaN through a ReLU that a kernel computes as its epilogue, judged by ONNX Runtime.

docs/onnx.md: oneDNN's ReLU turns NaN into 0. Nothing else may change, and both ways round it that
the page names keep NaN.
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support.commands import CERMET  # noqa: E402

# Winograd's tiles spread NaN, and our own kernels keep it: oneDNN is to be asked.
OURS = ("cpu.winograd", "cpu.convolution", "cpu.gemm")
PRODUCTS = {"Conv": ((1, 16, 9, 9), (16, 16, 3, 3)), "ConvTranspose": ((1, 16, 9, 9), (16, 8, 3, 3)),
            "MatMul": ((24, 32), (32, 16)), "Gemm": ((24, 32), (32, 16))}


class ReluOfNan(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def results(self, op, *flags):
        """What ONNX Runtime computes and what Cermet does."""
        shape, weights = PRODUCTS[op]
        random = np.random.default_rng(7)
        x = random.standard_normal(shape).astype(np.float32)
        x[(0,) * len(shape)] = np.nan
        graph = helper.make_graph(
            [helper.make_node(op, ["x", "w"], ["product"]),
             helper.make_node("Relu", ["product"], ["y"])], "relu",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(random.standard_normal(weights).astype(np.float32), "w")])
        model = self.folder / "relu.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)],
                                    ir_version=8), model)
        np.save(self.folder / "x.npy", x)
        engine = self.folder / "relu.engine"
        subprocess.run([CERMET, "build", model, "-o", engine, "--tuning-budget", "0", *flags],
                       check=True, capture_output=True)
        subprocess.run([CERMET, "run", engine, "--input", f"x={self.folder / 'x.npy'}",
                        "--output-dir", self.folder], check=True, capture_output=True)
        expected = onnxruntime.InferenceSession(model).run(None, {"x": x})[0]
        self.assertTrue(np.isnan(expected).any())
        return expected, np.load(self.folder / "output_0.npy")

    def test_fused_by_onednn_nan_is_nan_or_0_and_the_rest_is_right(self):
        flags = [part for name in OURS for part in ("--disable-tactic", name)]
        for op in PRODUCTS:
            with self.subTest(op):
                expected, got = self.results(op, *flags)
                lost = np.isnan(expected)
                np.testing.assert_allclose(got[~lost], expected[~lost], rtol=1e-4, atol=1e-4)
                self.assertTrue(np.all(np.isnan(got[lost]) | (got[lost] == 0)))

    def test_unfused_or_without_onednn_nan_is_kept(self):
        for op in PRODUCTS:
            for flags in (("--skip-pass", "fuse-epilogue"), ("--disable-tactic", "onednn.")):
                with self.subTest(f"{op} {flags}"):
                    expected, got = self.results(op, *flags, "--disable-tactic", "cpu.winograd")
                    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4, equal_nan=True)


if __name__ == "__main__":
    unittest.main()
