"""Models of dynamic shape: for each a model, its profile, and inputs of a random shape within it."""
import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.support.model_maker import ModelMaker, ints


def detector():
    """Strided convolutions and two heads whose boxes are joined, as in single-shot detectors."""
    m = ModelMaker(3)
    x = m.input("image", ["n", 3, "h", "w"])
    heads = {"scores": [], "boxes": []}
    channels = 3
    for wide in (8, 16, 24):
        x = m.op("Conv", x, m.weight(wide, channels, 3, 3), m.weight(wide), strides=[2, 2],
                 pads=[1, 1, 1, 1])
        x = m.op("Relu", x)
        x = m.op("Relu", m.op("Conv", x, m.weight(wide, 1, 3, 3), pads=[1, 1, 1, 1], group=wide))
        channels = wide
        for head, size in (("scores", 2), ("boxes", 4)):
            y = m.op("Conv", x, m.weight(3 * size, channels, 3, 3), pads=[1, 1, 1, 1])
            y = m.op("Transpose", y, perm=[0, 2, 3, 1])
            first = m.op("Unsqueeze", m.op("Gather", m.op("Shape", y), np.int64(0)), ints(0))
            heads[head].append(m.op("Reshape", y, m.op("Concat", first, ints(-1, size), axis=0)))
    m.output(m.op("Softmax", m.op("Concat", *heads["scores"], axis=1), axis=2))
    boxes = m.op("Concat", *heads["boxes"], axis=1)
    sizes = m.op("Exp", m.op("Mul", m.op("Slice", boxes, ints(2), ints(4), ints(2)),
                             np.float32(0.2)))
    centres = m.op("Slice", boxes, ints(0), ints(2), ints(2))
    half = m.op("Div", sizes, np.float32(2))
    m.output(m.op("Concat", m.op("Sub", centres, half), m.op("Add", centres, half), axis=2))
    return m.model()


def encoder(width=32, heads=4, words=50, longest=64):
    """Two layers of a transformer encoder with a mask."""
    m = ModelMaker(4)
    tokens = m.input("tokens", ["batch", "length"], TensorProto.INT64)
    mask = m.input("mask", ["batch", "length"], TensorProto.INT64)
    shape = m.op("Shape", tokens)
    batch, length = (m.op("Slice", shape, ints(i), ints(i + 1)) for i in (0, 1))
    x = m.op("Add", m.op("Gather", m.weight(words, width), tokens),
             m.op("Slice", m.weight(longest, width), ints(0), length, ints(0)))
    bias = m.op("Mul", m.op("Sub", np.float32(1), m.op("Cast", mask, to=TensorProto.FLOAT)),
                np.float32(-1e4))
    bias = m.op("Unsqueeze", bias, ints(1, 2))
    split = m.op("Concat", batch, length, ints(heads, width // heads), axis=0)
    for _ in range(2):
        q, k, v = (m.op("Transpose", m.op("Reshape", dense(m, x, width, width), split),
                        perm=[0, 2, 1, 3]) for _ in range(3))
        scores = m.op("Div", m.op("MatMul", q, m.op("Transpose", k, perm=[0, 1, 3, 2])),
                      np.float32(np.sqrt(width / heads)))
        context = m.op("MatMul", m.op("Softmax", m.op("Add", scores, bias), axis=-1), v)
        context = m.op("Reshape", m.op("Transpose", context, perm=[0, 2, 1, 3]),
                       m.op("Concat", batch, length, ints(width), axis=0))
        x = normalised(m, m.op("Add", x, dense(m, context, width, width)), width)
        y = dense(m, x, width, 4 * width)
        half = m.op("Mul", y, np.float32(0.5))
        y = m.op("Mul", half, m.op("Add", m.op("Erf", m.op("Div", y, np.float32(np.sqrt(2)))),
                                   np.float32(1)))
        x = normalised(m, m.op("Add", x, dense(m, y, 4 * width, width)), width)
    m.output(x)
    return m.model()


def dense(m, x, inputs, outputs):
    return m.op("Add", m.op("MatMul", x, m.weight(inputs, outputs)), m.weight(outputs))


def normalised(m, x, width):
    return m.op("LayerNormalization", x, np.ones(width, np.float32), m.weight(width), axis=-1)


def picked_rows():
    """Rows whose first element is positive: their number depends on the data."""
    m = ModelMaker()
    x = m.input("x", ["rows", 6])
    first = m.op("Squeeze", m.op("Slice", x, ints(0), ints(1), ints(1)), ints(1))
    where = m.op("NonZero", m.op("Greater", first, np.float32(0)))
    rows = m.op("Gather", x, m.op("Squeeze", where, ints(0)), axis=0)
    m.output(m.op("Reshape", rows, ints(-1, 2, 3)))
    m.output(m.op("ReduceSum", m.op("Exp", rows), ints(0), keepdims=0))
    return m.model()


def spectrogram():
    """Logarithms of a signal's powers in frames, as speech models begin, and its first bins."""
    m = ModelMaker()
    x = m.input("signal", ["n", "samples", 1])
    frames = m.op("STFT", x, np.int64(7), np.hanning(25).astype(np.float32), np.int64(25))
    power = m.op("ReduceSum", m.op("Mul", frames, frames), ints(-1), keepdims=0)
    m.output(m.op("Log", m.op("Add", power, np.float32(1))))
    m.output(m.op("DFT", x, np.int64(48), axis=1, onesided=1))
    return m.model()


def nested_control():
    """A Loop whose body takes one of two branches of different shapes, with a Loop in one."""
    text = """
      <ir_version: 8, opset_import: ["" : 17]>
      nested (float[rows, 4] x, int64 trips) => (float[more, 4] grown, float[trips2] sums) {
        yes = Constant <value = bool {1}> ()
        grown, sums = Loop (trips, yes, x) <body = outer
          (int64 i, bool on, float[m, 4] state) => (bool still, float[k, 4] next, float total) {
          still = Identity (on)
          two = Constant <value = int64 {2}> ()
          zero = Constant <value = int64 {0}> ()
          rest = Mod (i, two)
          even = Equal (rest, zero)
          next = If (even) <then_branch = longer () => (float[a, 4] joined) {
            joined = Concat <axis = 0> (state, x)
          }, else_branch = summed () => (float[b, 4] folded) {
            always = Constant <value = bool {1}> ()
            three = Constant <value = int64 {3}> ()
            folded = Loop (three, always, state) <body = inner
              (int64 j, bool go, float[c, 4] s) => (bool goes, float[c, 4] t) {
              goes = Identity (go)
              half = Constant <value = float {0.5}> ()
              t = Mul (s, half)
            }>
          }>
          total = ReduceSum <keepdims = 0> (next)
        }>
      }"""
    return onnx.parser.parse_model(text)


def opened(model, symbols):
    """The model with the dimensions of its first input replaced by `symbols` (numbers or names)."""
    given = model.graph.input[0]
    given.CopyFrom(helper.make_tensor_value_info(given.name, TensorProto.FLOAT, symbols))
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return model
