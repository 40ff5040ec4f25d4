"""A case for every rule of the importer that concerns com.microsoft, checked by ONNX Runtime, or by
a formula where that has no CPU kernel."""
import numpy as np

from version_cases import Case, codes, floats, ints, positive

SCALE = np.float32(0.02)
ZERO = np.uint8(120)
OUT = (np.float32(0.05), np.uint8(100))  # scale and zero point of a result
QUANTIZED = (SCALE, ZERO)


def case(op, inputs, attributes=None, constants=(), outputs=1, close=1e-4, now=None):
    return Case(op, 0, 17, inputs, attributes or {}, constants=constants, outputs=outputs,
                domain="com.microsoft", close=close, now=now)


def quantized(op, inputs, attributes=None, constants=(), now=None):
    """A result of codes may be one step off: rounding happens at another place."""
    return case(op, inputs, attributes, constants, close=1, now=now)


def root_mean_square(x, scale):
    return x / np.sqrt(np.square(x).mean(-1, keepdims=True) + np.float32(1e-5)) * scale


def mean_of_codes(x, scale, zero, scale_out, zero_out):
    mean = ((x.astype(np.float32) - zero) * scale).mean(1, keepdims=True)
    return np.clip(np.rint(mean / scale_out) + zero_out, 0, 255).astype(np.uint8)


def embedded():
    return [codes(2, 4, high=10, dtype=np.int32), codes(2, 4, high=2, dtype=np.int32),
            floats(10, 8), floats(6, 8), floats(2, 8), positive(8), floats(8)]


def four_bits(rows, columns, block):
    """Weights, scales of a block-wise quantised matrix."""
    blocks = columns // block
    return [codes(rows, blocks, block // 2), positive(rows * blocks) / 10]


CASES = [
    case("BiasGelu", [floats(2, 3, 8), floats(8)]),
    case("FastGelu", [floats(2, 8), floats(8)]),
    case("Gelu", [floats(2, 8)]),
    case("QuickGelu", [floats(2, 8)], {"alpha": 1.5}),
    case("ExpandDims", [floats(2, 3), np.array(1, np.int32)], constants=(1,)),
    case("GatherND", [floats(3, 4), ints(0, 1, 2, 3).reshape(2, 2)]),
    case("Pad", [floats(2, 3), ints(1, 0, 0, 2), np.array([0.5], np.float32)], constants=(1,)),
    case("TorchEmbedding", [floats(5, 3), ints(4, 0, 1)], now=lambda table, at: table[at]),
    case("Trilu", [floats(4, 4), np.array(1, np.int64)], {"upper": 1}, constants=(1,)),
    case("Unique", [np.array([2, 1, 2, 3, 1], np.float32)], outputs=3),
    case("Range", [np.float32(1), np.float32(7), np.float32(2)], constants=(0, 1, 2)),
    case("GridSample", [floats(1, 2, 4, 5), floats(1, 3, 3, 2) / 2], {"mode": "bilinear"}),
    case("FusedConv", [floats(1, 2, 5, 5), floats(3, 2, 3, 3), floats(3)],
         {"activation": "Relu", "pads": [1, 1, 1, 1]}, constants=(1, 2)),
    case("FusedMatMul", [floats(2, 4, 3), floats(2, 4, 5)], {"transA": 1, "alpha": 0.5}),
    case("TransposeMatMul", [floats(2, 3, 4), floats(2, 5, 4)], {"transB": 1}),
    case("SimplifiedLayerNormalization", [floats(2, 3, 8), positive(8)],
         {"axis": -1, "epsilon": 1e-5}, now=root_mean_square),
    case("SkipLayerNormalization",
         [floats(2, 3, 8), floats(2, 3, 8), positive(8), floats(8), floats(8)],
         {"epsilon": 1e-5}),
    case("SkipSimplifiedLayerNormalization", [floats(2, 3, 8), floats(2, 3, 8), positive(8)],
         {"epsilon": 1e-5}),
    case("EmbedLayerNormalization", embedded(), {"epsilon": 1e-5}, outputs=2,
         constants=(2, 3, 4, 5, 6)),
    case("Attention", [floats(2, 4, 8), floats(8, 24), floats(24)], {"num_heads": 2},
         constants=(1, 2)),
    case("MultiHeadAttention", [floats(2, 4, 8), floats(2, 5, 8), floats(2, 5, 8)],
         {"num_heads": 2}),
    case("RotaryEmbedding",
         [floats(2, 3, 8), np.array([[0, 1, 2], [1, 2, 3]], np.int64), floats(6, 4), floats(6, 4)],
         {"num_heads": 1}, constants=(2, 3)),
    quantized("QuantizeLinear", [floats(2, 8), *QUANTIZED], constants=(1, 2)),
    case("DequantizeLinear", [codes(2, 8), *QUANTIZED], constants=(1, 2)),
    quantized("QLinearAdd", [codes(2, 8), *QUANTIZED, codes(2, 8), *QUANTIZED, *OUT],
              constants=(1, 2, 4, 5, 6, 7)),
    quantized("QLinearMul", [codes(2, 8), *QUANTIZED, codes(2, 8), *QUANTIZED, *OUT],
              constants=(1, 2, 4, 5, 6, 7)),
    quantized("QLinearAveragePool", [codes(1, 2, 6, 6), *QUANTIZED, *OUT],
              {"kernel_shape": [2, 2], "strides": [2, 2]}, (1, 2, 3, 4)),
    quantized("QLinearGlobalAveragePool", [codes(1, 2, 6, 6), *QUANTIZED, *OUT], {}, (1, 2, 3, 4)),
    quantized("QLinearConcat", [*OUT, codes(2, 3), *QUANTIZED, codes(2, 4), *OUT], {"axis": 1},
              (0, 1, 3, 4, 6, 7)),
    quantized("QLinearConv", [codes(1, 2, 5, 5), *QUANTIZED, codes(3, 2, 3, 3), *QUANTIZED, *OUT],
              {}, (1, 2, 3, 4, 5, 6, 7)),
    quantized("QLinearLeakyRelu", [codes(2, 8), *QUANTIZED, *OUT], {"alpha": 0.1}, (1, 2, 3, 4)),
    quantized("QLinearSigmoid", [codes(2, 8), *QUANTIZED, np.float32(1 / 256), np.uint8(0)], {},
              (1, 2, 3, 4)),
    quantized("QLinearSoftmax", [codes(2, 8), *QUANTIZED, np.float32(1 / 256), np.uint8(0)],
              {"opset": 13, "axis": -1}, (1, 2, 3, 4)),
    quantized("QLinearReduceMean", [codes(2, 3, 4), *QUANTIZED, *OUT], {"axes": [1], "keepdims": 1},
              (1, 2, 3, 4), now=mean_of_codes),
    quantized("QLinearWhere",
              [codes(2, 8, high=2).astype(bool), codes(2, 8), *QUANTIZED, codes(2, 8), *QUANTIZED,
               *OUT], {}, (2, 3, 5, 6, 7, 8)),
    quantized("QGemm", [codes(3, 8), *QUANTIZED, codes(8, 4), *QUANTIZED,
                        np.array([3, -4, 5, 6], np.int32), *OUT], {}, (1, 2, 3, 4, 5, 6, 7, 8)),
    case("DynamicQuantizeMatMul", [floats(3, 8), codes(8, 4), SCALE, ZERO], constants=(1, 2, 3)),
    case("MatMulIntegerToFloat", [codes(3, 8), codes(8, 4), SCALE, SCALE, ZERO, ZERO],
         constants=(1, 2, 3, 4, 5)),
    case("MatMulInteger16", [codes(3, 8, low=-900, high=900, dtype=np.int16),
                             codes(8, 4, low=-900, high=900, dtype=np.int16)],
         now=lambda a, b: a.astype(np.int32) @ b.astype(np.int32)),
    case("MatMulNBits", [floats(3, 32), *four_bits(8, 32, 16)],
         {"K": 32, "N": 8, "bits": 4, "block_size": 16}, (1, 2)),
]
