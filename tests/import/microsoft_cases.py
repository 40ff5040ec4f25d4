"""A case for every rule of the importer that concerns com.microsoft, checked by ONNX Runtime, or by
a formula where that has no CPU kernel."""
import ml_dtypes
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


def few_bits(rows, columns, block, bits=4):
    """Weights, scales of a block-wise quantised matrix."""
    blocks = -(-columns // block)
    return [codes(rows, blocks, block * bits // 8), positive(rows * blocks) / 10]


def few_bits_case(rows, columns, block, bits=4, more=()):
    inputs = [floats(3, columns), *few_bits(rows, columns, block, bits), *more]
    constants = tuple(i for i in range(1, len(inputs)) if inputs[i] is not None)
    return case("MatMulNBits", inputs, {"K": columns, "N": rows, "bits": bits, "block_size": block},
                constants)


def bitsandbytes_case(rows, columns, block, kind):
    inputs = [floats(3, columns), codes((rows * columns + 1) // 2),
              positive(-(-rows * columns // block))]
    return case("MatMulBnb4", inputs, {"K": columns, "N": rows, "block_size": block,
                                       "quant_type": kind}, (1, 2))


def nibbles(*shape):
    return codes(*shape, high=16).astype(ml_dtypes.uint4)


def gathered_blocks(data, indices, zeros=None, bits=4, gather_axis=0, quantize_axis=None):
    """Rows of a table in blocks of 16 codes; bytes hold two codes of 4 bits."""
    axis = data.ndim - 1 if quantize_axis is None else quantize_axis
    shape = list(data.shape)
    shape[axis] *= 2 if data.dtype == np.uint8 and bits == 4 else 1
    shape[axis] = -(-shape[axis] // 16)
    inputs = [data, np.array(indices), positive(*shape) / 10]
    return case("GatherBlockQuantized", inputs if zeros is None else [*inputs, zeros],
                {"bits": bits, "block_size": 16, "gather_axis": gather_axis, "quantize_axis": axis},
                (0, 2) if zeros is None else (0, 2, 3))


def signed(*shape):
    return codes(*shape, low=-128, high=128, dtype=np.int8)


def weights(*shape):
    """Of seven bits: ONNX Runtime adds pairs of products with 8-bit activations in 16 bits on
    processors without VNNI, and with eight bits they would saturate."""
    return codes(*shape, low=-64, high=64, dtype=np.int8)


SIGNED = (SCALE, np.int8(-7))
SIGNED_OUT = (np.float32(0.05), np.int8(3))


def fused_conv(activation, parameters=(), more=(), **attributes):
    attributes |= {"activation": activation} | (
        {"activation_params": list(parameters)} if parameters else {})
    return case("FusedConv", [floats(1, 2, 5, 5), floats(4, 2, 3, 3), floats(4), *more], attributes,
                constants=(1, 2))


def packed(mask=None, past=None, bias=None, outputs=1, sizes=(8, 8, 8), **attributes):
    """Attention of com.microsoft: 2 sequences of 4 tokens, 2 heads."""
    inputs = [floats(2, 4, 8), floats(8, sum(sizes)), floats(sum(sizes)), mask, past, bias]
    while inputs[-1] is None:
        inputs.pop()
    return case("Attention", inputs, {"num_heads": 2} | attributes, (1, 2), outputs)


def int32s(*rows):
    return np.array(rows, np.int32)


def many_heads(bias=None, mask=None, added=None, past=None, outputs=1, keys=5, **attributes):
    inputs = [floats(2, 4, 8), floats(2, keys, 8), floats(2, keys, 8), bias, mask, added,
              *(past or [])]
    while inputs[-1] is None:
        inputs.pop()
    return case("MultiHeadAttention", inputs, {"num_heads": 2} | attributes, outputs=outputs)


def grouped(length, past, valid, batch=1, buffer=None, outputs=3, packed_inputs=False,
            **attributes):
    """GroupQueryAttention: 4 query heads, 2 key heads of size 16; `past` tokens before, of a buffer
    that may be longer; `valid` tokens of each sequence in all."""
    size, buffer = 16, past if buffer is None else buffer
    q, k, v = floats(batch, length, 4 * size), floats(batch, length, 2 * size), floats(
        batch, length, 2 * size)
    if packed_inputs:
        q, k, v = np.concatenate([q, k, v], -1), None, None
    caches = [floats(batch, 2, buffer, size) for _ in range(2)]
    for cache in caches:  # what lies behind the tokens is nobody's business
        for sequence, count in zip(cache, valid):
            sequence[:, count - length:] = 0
    tables = []
    if attributes.get("do_rotary"):
        angles = np.arange(24)[:, None] / 3 ** np.arange(size // 2)[None]
        tables = [np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)]
    lengths = np.array(valid, np.int32) - 1
    inputs = [q, k, v, *caches, lengths, np.int32(max(valid)), *tables]
    return case("GroupQueryAttention", inputs,
                {"num_heads": 4, "kv_num_heads": 2} | attributes, (6,), outputs)


def dynamic_lstm(directions, per_channel):
    """Its activations are quantised while it runs, Cermet's are not."""
    size, hidden = 6, 4
    scale = (lambda: positive(directions, 4 * hidden) / 300) if per_channel else (
        lambda: positive(directions) / 300)
    zero = (directions, 4 * hidden) if per_channel else (directions,)
    inputs = [floats(5, 2, size), weights(directions, size, 4 * hidden),
              weights(directions, hidden, 4 * hidden), floats(directions, 8 * hidden), None, None,
              None, None, scale(), np.zeros(zero, np.int8), scale(), np.zeros(zero, np.int8)]
    return case("DynamicQuantizeLSTM", inputs,
                {"hidden_size": hidden,
                 "direction": "bidirectional" if directions == 2 else "forward"},
                (1, 2, 3, 8, 9, 10, 11), 3, close=0.03)


def quantized_embedding():
    tables = [codes(10, 8), codes(6, 8), codes(2, 8), codes(8), codes(8)]
    return case("QEmbedLayerNormalization",
                [codes(2, 4, high=10, dtype=np.int32), codes(2, 4, high=2, dtype=np.int32), *tables,
                 None, *[np.float32(0.02 + 0.01 * i) for i in range(5)],
                 *[np.uint8(100 + i) for i in range(5)]],
                {"epsilon": 1e-5}, (*range(2, 7), *range(8, 18)), outputs=2)


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
    gathered_blocks(codes(6, 16), [2, 5]),
    gathered_blocks(codes(6, 24), [[2, -1], [0, 3]], codes(6, 2)),
    gathered_blocks(codes(6, 32), [1], bits=8),
    gathered_blocks(codes(6, 32), [[1, 4]], codes(6, 2), bits=8),
    gathered_blocks(codes(3, 4, 16), [2, 0], codes(3, 4, 1)),
    gathered_blocks(nibbles(6, 32), [5, 2]),
    gathered_blocks(nibbles(32, 6), [5, 2], nibbles(2, 6), gather_axis=1, quantize_axis=0),
    gathered_blocks(nibbles(4, 32, 5), [[1, -2]], nibbles(4, 2, 5), quantize_axis=1),
    bitsandbytes_case(8, 32, 16, 0),
    bitsandbytes_case(8, 32, 64, 1),
    bitsandbytes_case(7, 24, 16, 1),
    few_bits_case(8, 32, 16),
    few_bits_case(8, 32, 32, more=[codes(8)]),
    few_bits_case(8, 40, 16, more=[codes(8, 2)]),
    few_bits_case(8, 64, 16, more=[positive(8, 4) * 8]),
    few_bits_case(8, 32, 16, 8),
    few_bits_case(8, 32, 16, 8, more=[codes(8, 2), None, floats(8)]),
    few_bits_case(8, 64, 16, 2, more=[codes(8, 1)]),
    few_bits_case(8, 64, 32, more=[None, np.repeat([1, 0], 32).astype(np.int32)]),
    few_bits_case(8, 64, 32, more=[None, None, floats(8)]),

    case("FastGelu", [floats(2, 3, 8)]),
    case("QuickGelu", [floats(2, 8)]),
    fused_conv("Tanh", strides=[2, 2]),
    fused_conv("Sigmoid", auto_pad="SAME_UPPER"),
    fused_conv("LeakyRelu", [0.3]),
    fused_conv("HardSigmoid", [0.3, 0.4]),
    fused_conv("Clip", [-0.5, 1.25], dilations=[2, 2]),
    fused_conv("Relu", more=[floats(1, 4, 3, 3)]),
    case("FusedMatMul", [floats(2, 4, 3), floats(2, 5, 4)], {"transA": 1, "transB": 1}),
    case("FusedMatMul", [floats(3, 2, 4), floats(2, 4, 5)], {"transBatchA": 1}),
    case("FusedMatMul", [floats(2, 3, 4), floats(5, 2, 4)], {"transBatchB": 1, "transB": 1}),
    case("FusedMatMul", [floats(4, 2, 6, 3), floats(4, 2, 6, 5)],
         {"transBatchA": 1, "transBatchB": 1, "transA": 1, "alpha": 2.0}),
    case("FusedGemm", [floats(2, 3), floats(3, 4), floats(4)], {"activation": "Relu"}),
    case("FusedGemm", [floats(3, 2), floats(4, 3), floats(2, 4)],
         {"activation": "LeakyRelu", "activation_alpha": 0.3, "transA": 1, "transB": 1,
          "alpha": 0.5, "beta": 2.0}),
    case("FusedGemm", [floats(2, 3), floats(3, 4)],
         {"activation": "HardSigmoid", "activation_alpha": 0.3, "activation_beta": 0.4}),
    *(case("FusedGemm", [floats(2, 3), floats(3, 4), floats(4)], {"activation": name})
      for name in ("Tanh", "Sigmoid", "Softplus", "Softsign")),
    *(case("FusedGemm", [floats(2, 3), floats(3, 4), floats(4)],
           {"activation": name, "activation_alpha": 0.7, "activation_gamma": 1.3})
      for name in ("Elu", "Selu", "ThresholdedRelu")),
    case("SkipLayerNormalization", [floats(2, 3, 8), floats(3, 8), positive(8)],
         {"epsilon": 1e-3}),
    case("SkipLayerNormalization",
         [floats(2, 3, 8), floats(1, 3, 8), positive(8), None, floats(8)], {},
         outputs=(True, False, False, True)),
    case("SkipSimplifiedLayerNormalization",
         [floats(2, 3, 8), floats(2, 3, 8), positive(8), floats(8)], {"epsilon": 1e-3},
         outputs=(True, False, False, True)),
    case("EmbedLayerNormalization",
         [embedded()[0], None, floats(10, 8), floats(6, 8), None, positive(8), floats(8)],
         outputs=(True, False, True), constants=(2, 3, 5, 6)),
    case("EmbedLayerNormalization",
         embedded() + [int32s([1, 1, 1, 0], [1, 1, 0, 0]), int32s([0, 1, 2, 3], [3, 2, 1, 0])],
         {"mask_index_type": 1}, outputs=2, constants=(2, 3, 4, 5, 6)),
    quantized_embedding(),
    packed(mask=int32s(4, 2)),
    packed(mask=int32s([1, 1, 1, 0], [1, 1, 0, 0]), scale=0.3),
    packed(mask=np.tril(np.ones((2, 4, 4), np.int32)), mask_filter_value=-50.0),
    packed(unidirectional=1),
    packed(bias=floats(2, 2, 4, 4)),
    packed(past=floats(2, 2, 2, 3, 4), outputs=2),
    packed(past=floats(2, 2, 2, 3, 4), outputs=2, unidirectional=1),
    packed(sizes=(8, 8, 12), qkv_hidden_sizes=[8, 8, 12]),
    case("QAttention",
         [codes(2, 4, 8), weights(8, 24), floats(24), SCALE, SCALE, None, ZERO, np.int8(3)],
         {"num_heads": 2}, (1, 2, 3, 4, 6, 7)),
    case("QAttention",
         [codes(2, 4, 8), weights(8, 24), floats(24), SCALE, positive(24) / 50, int32s(4, 3), ZERO,
          np.zeros(24, np.int8), floats(2, 2, 2, 3, 4)],
         {"num_heads": 2, "unidirectional": 1}, (1, 2, 3, 4, 6, 7), outputs=2),
    many_heads(bias=floats(24)),
    many_heads(mask=int32s([1, 1, 1, 0, 0], [1, 1, 1, 1, 0])),
    many_heads(added=floats(1, 2, 4, 5), scale=0.4),
    many_heads(keys=4, unidirectional=1),
    many_heads(keys=4, past=[floats(2, 2, 3, 4), floats(2, 2, 3, 4)], outputs=3),
    grouped(6, 0, [6]),
    grouped(6, 0, [6, 6], batch=2, do_rotary=1),
    grouped(1, 5, [6], do_rotary=1),
    grouped(1, 5, [6], do_rotary=1, rotary_interleaved=1, packed_inputs=True),
    grouped(1, 5, [6], buffer=12, scale=0.3),
    grouped(1, 5, [6, 4], batch=2),
    grouped(3, 5, [8], local_window_size=2),
    grouped(2, 5, [7], softcap=2.0),
    dynamic_lstm(1, False), dynamic_lstm(2, True),
    case("RotaryEmbedding",
         [floats(2, 4, 3, 8), np.array([2], np.int64), floats(6, 4), floats(6, 4)],
         {"interleaved": 1}, constants=(2, 3)),
    case("RotaryEmbedding",
         [floats(2, 3, 16), np.array([[0, 1, 2], [1, 2, 3]], np.int64), floats(6, 2), floats(6, 2)],
         {"num_heads": 2, "rotary_embedding_dim": 4}, constants=(2, 3)),
    case("RotaryEmbedding", [floats(2, 3, 16), np.array([1], np.int64), floats(6, 4), floats(6, 4)],
         {}, constants=(2, 3)),
    quantized("QuantizeLinear", [floats(3, 8), positive(3), codes(3)], {"axis": 0}, (1, 2)),
    quantized("QuantizeLinear", [floats(3, 8), SCALE, np.uint16(30000)], {}, (1, 2)),
    quantized("QuantizeLinear", [floats(3, 8), SCALE, np.int16(-300)], {}, (1, 2)),
    case("DequantizeLinear", [signed(3, 8), positive(8), signed(8)], {"axis": 1}, (1, 2)),
    case("DequantizeLinear", [codes(3, 8, high=65536, dtype=np.uint16), SCALE, np.uint16(999)], {},
         (1, 2)),
    case("DequantizeLinear", [codes(3, 8, low=-900, high=900, dtype=np.int32), SCALE], {}, (1,)),
    *(quantized(op, [signed(2, 8), *SIGNED, signed(1, 8), *SIGNED, *SIGNED_OUT], {},
                (1, 2, 4, 5, 6, 7)) for op in ("QLinearAdd", "QLinearMul")),
    quantized("QLinearAdd", [codes(2, 8), *QUANTIZED, np.uint8(200), *QUANTIZED, *OUT], {},
              (1, 2, 3, 4, 5, 6, 7)),
    quantized("QLinearAveragePool", [codes(1, 6, 6, 2), *QUANTIZED, *OUT],
              {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "channels_last": 1},
              (1, 2, 3, 4)),
    quantized("QLinearAveragePool", [signed(1, 2, 7, 7), *SIGNED, *SIGNED_OUT],
              {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1},
              (1, 2, 3, 4)),
    quantized("QLinearGlobalAveragePool", [signed(1, 5, 5, 3), *SIGNED, *SIGNED_OUT],
              {"channels_last": 1}, (1, 2, 3, 4)),
    quantized("QLinearConcat", [*SIGNED_OUT, signed(2, 3), *SIGNED, signed(1, 3), *SIGNED_OUT,
                                signed(3, 3), *SIGNED], {"axis": 0}, (0, 1, 3, 4, 6, 7, 9, 10)),
    quantized("QLinearConv",
              [codes(1, 5, 5, 4), *QUANTIZED, weights(6, 2, 3, 3), positive(6) / 50,
               np.zeros(6, np.int8), *OUT, np.arange(6).astype(np.int32) * 100],
              {"channels_last": 1, "group": 2, "pads": [1, 1, 1, 1]}, (1, 2, 3, 4, 5, 6, 7, 8)),
    quantized("QLinearLeakyRelu", [signed(2, 8), *SIGNED, *SIGNED_OUT], {}, (1, 2, 3, 4)),
    quantized("QLinearSigmoid", [signed(2, 8), *SIGNED, np.float32(1 / 256), np.int8(-128)], {},
              (1, 2, 3, 4)),
    quantized("QLinearSoftmax", [codes(2, 3, 4), *QUANTIZED, np.float32(1 / 256), np.uint8(0)],
              {"opset": 12, "axis": 1}, (1, 2, 3, 4)),
    quantized("QLinearSoftmax", [signed(2, 3, 4), *SIGNED, np.float32(1 / 256), np.int8(-128)],
              {"opset": 13, "axis": 1}, (1, 2, 3, 4)),
    quantized("QGemm", [codes(3, 8), *QUANTIZED, weights(4, 8), positive(4) / 50,
                        np.zeros(4, np.int8), None, *OUT], {"transB": 1}, (1, 2, 3, 4, 5, 7, 8)),
    case("QGemm", [codes(8, 3), *QUANTIZED, codes(8, 4), *QUANTIZED, int32s(3, -4, 5, 6)],
         {"transA": 1, "alpha": 0.5}, (1, 2, 3, 4, 5, 6)),
    case("DynamicQuantizeMatMul", [floats(2, 3, 8), weights(8, 4), positive(4) / 50,
                                   signed(4), floats(4)], constants=(1, 2, 3, 4)),
    case("DynamicQuantizeMatMul", [floats(3, 8), weights(8, 4), SCALE], constants=(1, 2)),
    case("MatMulIntegerToFloat", [codes(2, 3, 8), weights(8, 4), SCALE, positive(4) / 50, ZERO,
                                  signed(4), floats(4)], constants=(1, 2, 3, 4, 5, 6)),
    case("MatMulIntegerToFloat", [signed(3, 8), weights(8, 4), SCALE, SCALE], constants=(1, 2, 3)),
    case("NhwcMaxPool", [codes(1, 6, 6, 3)], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    case("NhwcMaxPool", [signed(1, 7, 7, 3)],
         {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "dilations": [1, 1]}),
    case("Pad", [floats(2, 3), ints(1, 0, 0, 2)], {"mode": "edge"}, constants=(1,)),
    case("Trilu", [floats(2, 4, 4), np.array(-1, np.int64)], {"upper": 0}, constants=(1,)),
]
