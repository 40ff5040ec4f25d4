"""ai.onnx.preview.training.Gradient against central differences, operator by operator."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
try:
    import numpy as np
    import onnx
    from onnx import TensorProto
    from onnx.reference import ReferenceEvaluator
    from tests.support.model_maker import ModelMaker, ints
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

PROGRAM = pathlib.Path(os.environ.get("CERMET_BUILD_DIR", ROOT / "build/release")) / "bin/cermet"
RANDOM = np.random.default_rng(2)
STEP = 1e-6


def number(value):
    return np.float64(value)


# Name -> what is computed of a (3, 4) and b (4); both are positive.
FUNCTIONS = {
    "Abs": lambda m, a, b: m.op("Abs", m.op("Sub", a, number(1))),
    "Add": lambda m, a, b: m.op("Mul", m.op("Add", a, b), a),
    "Cast": lambda m, a, b: m.op("Cast", m.op("Mul", a, b), to=TensorProto.DOUBLE),
    "Concat": lambda m, a, b: m.op("Exp", m.op("Concat", a, m.op("Mul", a, b), axis=1)),
    "Cos": lambda m, a, b: m.op("Cos", m.op("Mul", a, b)),
    "Div": lambda m, a, b: m.op("Div", a, b),
    "Exp": lambda m, a, b: m.op("Exp", m.op("Sub", a, b)),
    "Expand": lambda m, a, b: m.op("Mul", m.op("Expand", b, ints(3, 4)), a),
    "Flatten": lambda m, a, b: m.op("Flatten", m.op("Mul", a, m.op("Mul", a, b)), axis=0),
    "Gemm": lambda m, a, b: m.op("Gemm", a, a, m.op("ReduceSum", b), transA=1, alpha=0.5, beta=3.0),
    "Gemm transposed": lambda m, a, b: m.op("Gemm", a, m.op("Mul", a, b), transB=1),
    "Identity": lambda m, a, b: m.op("Identity", m.op("Mul", a, b)),
    "LeakyRelu": lambda m, a, b: m.op("LeakyRelu", m.op("Sub", a, b), alpha=0.3),
    "Log": lambda m, a, b: m.op("Log", m.op("Mul", a, b)),
    "MatMul": lambda m, a, b: m.op("MatMul", m.op("Mul", a, b), m.op("Transpose", a)),
    "Mean": lambda m, a, b: m.op("Mean", a, b, m.op("Mul", a, a)),
    "Neg": lambda m, a, b: m.op("Neg", m.op("Mul", a, b)),
    "Pow": lambda m, a, b: m.op("Pow", a, b),
    "Pow of integer": lambda m, a, b: m.op("Pow", m.op("Mul", a, b), np.int64(3)),
    "Reciprocal": lambda m, a, b: m.op("Reciprocal", m.op("Add", a, b)),
    "ReduceMean": lambda m, a, b: m.op("ReduceMean", m.op("Mul", a, m.op("Mul", a, b)), axes=[1],
                                       keepdims=0),
    "ReduceSum": lambda m, a, b: m.op("Exp", m.op("ReduceSum", m.op("Mul", a, b), ints(0))),
    "Relu": lambda m, a, b: m.op("Relu", m.op("Sub", a, b)),
    "Reshape": lambda m, a, b: m.op("Exp", m.op("Reshape", m.op("Mul", a, b), ints(2, 6))),
    "Sigmoid": lambda m, a, b: m.op("Sigmoid", m.op("Mul", a, b)),
    "Sin": lambda m, a, b: m.op("Sin", m.op("Mul", a, b)),
    "Softmax": lambda m, a, b: m.op("Mul", m.op("Softmax", m.op("Mul", a, b), axis=0), a),
    "Softplus": lambda m, a, b: m.op("Softplus", m.op("Mul", a, b)),
    "Sqrt": lambda m, a, b: m.op("Sqrt", m.op("Mul", a, b)),
    "Squeeze": lambda m, a, b: m.op("Squeeze", m.op("Unsqueeze", m.op("Exp", a), ints(0)), ints(0)),
    "Sum": lambda m, a, b: m.op("Sum", a, b, m.op("Mul", a, b)),
    "Tanh": lambda m, a, b: m.op("Tanh", m.op("Mul", a, b)),
    "Transpose": lambda m, a, b: m.op("Exp", m.op("Transpose", m.op("Mul", a, b))),
    "Where": lambda m, a, b: m.op("Where", m.op("Greater", a, b), m.op("Mul", a, a), b),
}


def make_model(function, with_gradient):
    m = ModelMaker()
    a = m.input("a", [3, 4], TensorProto.DOUBLE)
    b = m.input("b", [4], TensorProto.DOUBLE)
    y = m.op("ReduceSum", function(m, a, b), keepdims=0)
    m.output(y, TensorProto.DOUBLE)
    if with_gradient:
        for slope in m.op("Gradient", a, b, outputs=2, xs=["a", "b"], y=y,
                          domain="ai.onnx.preview.training"):
            m.output(slope, TensorProto.DOUBLE)
    return m.model(domains=["ai.onnx.preview.training"])


class Gradient(unittest.TestCase):
    def run_model(self, model, inputs):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            onnx.save(model, folder / "model.onnx")
            for i, array in enumerate(inputs):
                np.save(folder / f"input_{i}.npy", array)
            done = subprocess.run([PROGRAM, "run", folder / "model.onnx", "--input-dir", folder,
                                   "--output-dir", folder, "--format", "npy"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            return [np.load(path) for path in sorted(folder.glob("output_*.npy"))]

    def differences(self, function, inputs):
        """dy/dx by central differences, with ONNX's own evaluator as y."""
        evaluator = ReferenceEvaluator(make_model(function, False))
        slopes = []
        for which, array in enumerate(inputs):
            slopes.append(np.zeros_like(array))
            for at in np.ndindex(array.shape):
                values = []
                for sign in (1, -1):
                    moved = [x.copy() for x in inputs]
                    moved[which][at] += sign * STEP
                    values.append(evaluator.run(None, dict(zip("ab", moved)))[0])
                slopes[-1][at] = (values[0] - values[1]) / (2 * STEP)
        return slopes

    def test_every_operator(self):
        inputs = [RANDOM.uniform(0.3, 2, (3, 4)), RANDOM.uniform(0.3, 2, 4)]
        for name, function in FUNCTIONS.items():
            with self.subTest(name):
                got = self.run_model(make_model(function, True), inputs)[1:]
                for want, slope in zip(self.differences(function, inputs), got, strict=True):
                    np.testing.assert_allclose(slope, want, rtol=1e-5, atol=1e-7)

    def test_an_operator_without_a_rule_is_named(self):
        model = make_model(lambda m, a, b: m.op("Floor", m.op("Mul", a, b)), True)
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch) / "model.onnx"
            onnx.save(model, path)
            done = subprocess.run([PROGRAM, "check", path], capture_output=True, text=True,
                                  check=False)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("no derivative of the operator Floor", done.stdout)


if __name__ == "__main__":
    unittest.main()
