"""Quantised networks on the emulated GPU: which products are of bytes, and that they give what the
model says."""
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402

try:
    import ml_dtypes
    import numpy as np
    import onnx
    from model_maker import ModelMaker
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

E4M3, E5M2 = ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2
# Those for integers; the second one where there is little to multiply.
PRODUCTS = ("cuda.gemm_bytes", "cuda.plain_product")
# Of the largest result: sums of float8 products have few bits on tensor cores.
SUMS = 2e-4


class Quantised(ModelMaker):
    """Networks in the form of QuantizeLinear and DequantizeLinear."""

    def quantise(self, value, scale, element=np.int8, zero=0):
        point = np.array(zero, element)
        number = np.float32(scale)
        return self.op("DequantizeLinear", self.op("QuantizeLinear", value, number, point), number,
                       point)

    def codes(self, shape, element, axis=0):
        """Constant bytes with a scale for each index of the axis; the name, and the numbers."""
        scales = self.random.uniform(0.01, 0.03, shape[axis]).astype(np.float32)
        if element in (E4M3, E5M2):
            codes = self.random.standard_normal(shape).astype(element)
        else:
            codes = self.random.integers(-127, 128, shape).astype(element)
        wide = [1] * len(shape)
        wide[axis] = -1
        numbers = codes.astype(np.float64) * scales.astype(np.float64).reshape(wide)
        return self.op("DequantizeLinear", codes, scales, np.zeros(shape[axis], element),
                       axis=axis), numbers

    def save(self, path):
        onnx.save(self.model(opset=21), path)
        return path


class QuantisedNetworks(emulator.CommandTest):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)
        self.random = np.random.default_rng(7)

    def built(self, maker, *flags):
        engine = self.root / "net.engine"
        done = emulator.build(maker.save(self.root / "net.onnx"), engine, "--no-fallback", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return engine

    def tactics(self, engine):
        done = emulator.cermet("inspect", engine, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [step["tactic"] for step in json.loads(done.stdout)["steps"] if "tactic" in step]

    def result(self, engine, **inputs):
        given = []
        for name, array in inputs.items():
            np.save(self.root / f"{name}.npy", array)
            given += ["--input", f"{name}={self.root / name}.npy"]
        done = emulator.cermet("run", engine, *given, "--output-dir", self.root)
        self.assertEqual(done.returncode, 0, done.stderr)
        return np.load(self.root / "output_0.npy")

    def near(self, got, expected, part):
        """Within a part of the largest."""
        self.assertEqual(got.shape, expected.shape)
        self.assertLessEqual(np.abs(got - expected).max(), part * np.abs(expected).max())

    def numbers(self, *shape):
        return self.random.uniform(-1, 1, shape).astype(np.float32)

    # Against float64.

    def product(self, left, right):
        """A product of float8, its input, and its result in float64."""
        maker = Quantised()
        x = maker.quantise(maker.input("x", ["N", 200]), 1 / 256, left)
        w, numbers = maker.codes((200, 24), right, axis=1)
        maker.output(maker.op("MatMul", x, w))
        given = self.numbers(9, 200)
        codes = (given * np.float32(256)).astype(left)
        return maker, given, codes.astype(np.float64) / 256 @ numbers

    def test_products_of_every_format(self):
        for left in (E4M3, E5M2):
            for right in (E4M3, E5M2):
                with self.subTest(left=left, right=right):
                    maker, x, expected = self.product(left, right)
                    engine = self.built(maker)
                    self.assertIn("cuda.gemm_bytes", self.tactics(engine))
                    self.near(self.result(engine, x=x), expected, SUMS)

    def test_cards_without_products_of_float8(self):
        maker, x, expected = self.product(E4M3, E4M3)
        engine = self.built(maker, "--arch", "sm_80")
        self.assertNotIn("cuda.gemm_bytes", self.tactics(engine))
        self.near(self.result(engine, x=x), expected, 1e-5)

    def test_an_engine_for_cards_with_and_without(self):
        # The emulated card, sm_89, takes the code for sm_80.
        for left, right in ((E4M3, E4M3), (E5M2, E4M3), (E4M3, E5M2)):
            with self.subTest(left=left, right=right):
                maker, x, expected = self.product(left, right)
                engine = self.built(maker, "--arch", "sm_90,sm_80")
                self.assertIn("cuda.gemm_bytes", self.tactics(engine))
                self.near(self.result(engine, x=x), expected, 1e-6)

    # Against the same network in floats.

    def both(self, maker, part, **inputs):
        """The tactics of the network's steps."""
        engine = self.built(maker)
        got, tactics = self.result(engine, **inputs), self.tactics(engine)
        plain = self.built(maker, "--skip-pass", "multiply-bytes")
        self.assertNotIn("cuda.gemm_bytes", self.tactics(plain))
        self.near(got, self.result(plain, **inputs), part)
        return tactics

    def layers(self, element, scale):
        maker = Quantised()
        x = maker.quantise(maker.input("x", ["N", 16, 10, 10]), scale, element)
        w, _ = maker.codes((24, 16, 3, 3), element)
        hidden = maker.op("Relu", maker.op("Conv", x, w, self.numbers(24), pads=[1, 1, 1, 1]))
        hidden = maker.quantise(hidden, 4 * scale, element)
        w, _ = maker.codes((24, 24, 1, 1), element)
        sums = maker.op("Add", maker.op("Conv", hidden, w, self.numbers(24)), hidden)
        rows = maker.op("Flatten", maker.op("GlobalAveragePool", maker.quantise(
            maker.op("Relu", sums), 4 * scale, element)))
        # Weights that are floats in the model.
        numbers = maker.weight(40, 24)
        scales = np.full(40, 0.01, np.float32)
        zeros = np.zeros(40, element)
        w = maker.op("DequantizeLinear", maker.op("QuantizeLinear", numbers, scales, zeros, axis=0),
                     scales, zeros, axis=0)
        maker.output(maker.op("Gemm", maker.quantise(rows, 4 * scale, element), w,
                              self.numbers(40), transB=1))
        return maker

    def test_layers(self):
        for element, scale in ((E4M3, 1 / 64), (np.int8, 1 / 32)):
            with self.subTest(element=element):
                # A sum that is rounded to another code changes the result by some parts of a step.
                tactics = self.both(self.layers(element, scale), 0.02, x=self.numbers(2, 16, 10, 10))
                self.assertEqual(tactics.count("cuda.convolution_bytes"), 2, tactics)
                self.assertEqual(sum(tactic in PRODUCTS for tactic in tactics), 1, tactics)

    def attention(self, element, scale):
        maker = Quantised()
        query, key, value = (maker.input(name, ["N", 2, 12, 32]) for name in "qkv")
        zero = 3 if element == np.uint8 else 0
        turned = maker.op("Transpose", maker.quantise(key, scale, element), perm=[0, 1, 3, 2])
        scores = maker.op("MatMul", maker.quantise(query, scale, element, zero), turned)
        scores = maker.op("Mul", scores, np.float32(0.25))
        weights = maker.quantise(maker.op("Softmax", scores), scale / 4, element, zero)
        maker.output(maker.op("MatMul", weights, maker.quantise(value, scale, element)))
        return maker

    def test_attention(self):
        for element, scale in ((E4M3, 1 / 64), (np.int8, 1 / 64), (np.uint8, 1 / 128)):
            with self.subTest(element=element):
                tactics = self.both(self.attention(element, scale), 0.02,
                                    **{name: self.numbers(2, 2, 12, 32) for name in "qkv"})
                self.assertEqual(sum(tactic in PRODUCTS for tactic in tactics), 2, tactics)

    def test_depthwise(self):
        maker = Quantised()
        x = maker.quantise(maker.input("x", ["N", 24, 12, 12]), 1 / 100, np.uint8, 100)
        w, _ = maker.codes((24, 1, 3, 3), np.int8)
        hidden = maker.op("Clip", maker.op("Conv", x, w, self.numbers(24), pads=[1, 1, 1, 1],
                                           group=24, strides=[2, 2]), np.float32(0), np.float32(6))
        maker.output(maker.quantise(hidden, 6 / 255, np.uint8))
        tactics = self.both(maker, 0.01, x=self.numbers(2, 24, 12, 12))
        self.assertIn("cuda.depthwise", tactics)


if __name__ == "__main__":
    emulator.unittest.main()
