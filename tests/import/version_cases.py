"""One case or more for every rule of the importer that concerns ONNX's own operators.

ONNX Runtime runs the node as it stands. Where it has no kernel of the old version, `now` says how
the same is written at opset 17, for ONNX Runtime to run: the attributes, and the inputs where those
differ too. Where it has none in any form, "reference" is onnx's own evaluator, or `now` a NumPy
function of the inputs.
"""
import dataclasses

import numpy as np

NEW = 17


@dataclasses.dataclass
class Case:
    op: str
    before: int  # as in the rule: the version from which it does not apply, 0 for always
    opset: int
    inputs: list  # arrays; None: left out
    attributes: dict = dataclasses.field(default_factory=dict)
    now: object = None
    constants: tuple = ()  # inputs that are initialisers
    outputs: int | tuple = 1  # how many; a tuple says of each whether the node names it
    domain: str = ""
    after: str = ""  # an operator of one input that each output goes through
    close: float = 1e-4  # times the largest expected value; integers: steps

    @property
    def named(self):
        wanted = self.outputs if isinstance(self.outputs, tuple) else (True,) * self.outputs
        return [f"y{i}" if name else "" for i, name in enumerate(wanted)]

    @property
    def rule(self):
        return f"{self.domain or 'ai.onnx'} {self.op} {self.before}"


_random = np.random.default_rng(5)


def floats(*shape):
    return _random.standard_normal(shape).astype(np.float32)


def positive(*shape):
    return np.abs(floats(*shape)) + np.float32(0.5)


def ints(*values):
    return np.array(values, np.int64)


def bools(*shape):
    return _random.integers(0, 2, shape).astype(bool)


def codes(*shape, low=0, high=256, dtype=np.uint8):
    return _random.integers(low, high, shape).astype(dtype)


def consumed(op, opset=1, inputs=None, **attributes):
    """Before version 6 a hint told which inputs may be overwritten."""
    inputs = inputs or [positive(2, 3)]
    consumed_inputs = [1] + [0] * (len(inputs) - 1)
    return Case(op, 6, opset, inputs, {"consumed_inputs": consumed_inputs} | attributes,
                now=attributes)


def from_axis(op, a=None, b=None):
    """Before version 7 the second operand could begin at an axis of the first."""
    a, b = (floats(2, 3, 4), floats(3)) if a is None else (a, b)
    return Case(op, 7, 6, [a, b], {"broadcast": 1, "axis": 1}, now=({}, [a, b[:, None]]))


def old_arithmetic(op):
    """The first version may also be told which inputs to overwrite."""
    a, b = positive(2, 3, 4), positive(3, 4)
    front = positive(2, 3)
    return [Case(op, 7, 1, [a, b], {"broadcast": 1, "consumed_inputs": [1, 0]}, now={}),
            Case(op, 7, 1, [a, front], {"broadcast": 1, "axis": 0},
                 now=({}, [a, front[..., None]]))]


def reduction(op, before, opset):
    return [Case(op, before, opset, [positive(2, 3, 4)], {"axes": [0, 2], "keepdims": 0}),
            Case(op, before, opset, [positive(2, 3)])]


def recurrent(op, gates, opset=6, **attributes):
    hidden, size = 4, 3
    inputs = [floats(5, 2, size), floats(1, gates * hidden, size),
              floats(1, gates * hidden, hidden)]
    renewed_attributes = {name: value for name, value in attributes.items() if value != "foward"}
    return Case(op, 7, opset, inputs,
                {"hidden_size": hidden, "output_sequence": 1} | attributes,
                now={"hidden_size": hidden} | renewed_attributes, constants=(1, 2), outputs=2)


def batch_norm():
    return [floats(2, 3, 4, 4), positive(3), floats(3), floats(3), positive(3)]


def renewed(case, attributes, *more):
    """The case's first input with others that were attributes."""
    case.now = (attributes, [case.inputs[0], *more])
    return case


CASES = [
    *(consumed(op) for op in ("Abs", "Ceil", "Exp", "Floor", "Log", "Neg", "Reciprocal", "Relu",
                              "Sigmoid", "Sqrt", "Tanh")),
    *(consumed(op, inputs=[floats(2, 3), floats(2, 3)]) for op in ("Max", "Mean", "Min", "Sum")),
    consumed("Elu", inputs=[floats(2, 3)], alpha=0.7),
    consumed("HardSigmoid", inputs=[floats(2, 3)], alpha=0.3, beta=0.4),
    consumed("LeakyRelu", inputs=[floats(2, 3)], alpha=0.2),
    consumed("Selu", inputs=[floats(2, 3)], alpha=1.5, gamma=1.1),
    consumed("InstanceNormalization", inputs=[floats(2, 3, 4), positive(3), floats(3)]),
    Case("Cast", 6, 1, [floats(2, 3) * 5], {"to": "INT32"}, now={"to": 6}),
    renewed(Case("Tile", 6, 1, [floats(2, 3), np.array(2, np.int64), np.array(1, np.int64)],
                 constants=(1, 2)), {}, ints(1, 2)),
    from_axis("Add"), from_axis("Sub"), from_axis("Mul"),
    from_axis("Div"), from_axis("Pow", positive(2, 3, 4), floats(3)),
    from_axis("Greater"), from_axis("Less"),
    from_axis("Equal", codes(2, 3, 4, high=3, dtype=np.int32),
              codes(3, high=3, dtype=np.int32)),
    from_axis("And", bools(2, 3, 4), bools(3)),
    from_axis("Or", bools(2, 3, 4), bools(3)),
    from_axis("Xor", bools(2, 3, 4), bools(3)),
    *(case for op in ("Add", "Sub", "Mul", "Div") for case in old_arithmetic(op)),
    *(Case("PRelu", 7, version, [x := floats(2, 3, 4), slope := floats(3)], attributes,
           now=({}, [x, slope[:, None]]))
      for version, attributes in ((6, {}), (1, {"consumed_inputs": [1, 0]}))),
    Case("Gemm", 7, 6, [floats(2, 3), floats(3, 4), floats(4)],
         {"broadcast": 1, "alpha": 0.5, "beta": 2.0}, now={"alpha": 0.5, "beta": 2.0}),
    recurrent("RNN", 1), recurrent("GRU", 3), recurrent("LSTM", 4),
    recurrent("GRU", 3, 1, direction="foward"), recurrent("GRU", 3, 1, direction="reverse"),
    Case("BatchNormalization", 14, 9, batch_norm(), {"epsilon": 1e-3}, constants=(1, 2, 3, 4)),
    Case("BatchNormalization", 14, 7, batch_norm()),
    Case("BatchNormalization", 14, 7, [floats(2, 3, 4), positive(3, 4), floats(3, 4), floats(3, 4),
                                       positive(3, 4)], {"spatial": 0}),
    Case("BatchNormalization", 14, 6, batch_norm(), {"is_test": 1}, now={}),
    Case("BatchNormalization", 14, 1, batch_norm(),
         {"is_test": 1, "consumed_inputs": [0, 0, 0, 1, 1]}, now={}),
    Case("Clip", 11, 6, [floats(3, 4)], {"min": -0.5, "max": 0.25}),
    renewed(Case("Clip", 11, 1, [floats(3, 4)], {"max": 0.25, "consumed_inputs": [0]}),
            {}, None, np.float32(0.25)),
    Case("Concat", 4, 3, [floats(2, 3), floats(2, 2)], now={"axis": 1}),
    Case("DFT", 20, 17, [floats(1, 6, 4, 1)], {"axis": 1}),
    Case("DFT", 20, 17, [floats(1, 6, 4, 2), np.array(4, np.int64)], {"axis": 2}, constants=(1,)),
    Case("Dropout", 12, 10, [floats(2, 3)], {"ratio": 0.4}),
    Case("Dropout", 12, 6, [floats(2, 3)], {"ratio": 0.4, "is_test": 1}, now={}),
    Case("Dropout", 12, 1, [floats(2, 3)], {"is_test": 1, "consumed_inputs": [0]}, now={}),
    Case("Dropout", 0, 13, [floats(2, 3)]),
    Case("GlobalLpPool", 2, 1, [floats(2, 3, 4, 4)], {"p": 3.0}, now={"p": 3}),
    Case("LpPool", 2, 1, [floats(2, 3, 4, 4)], {"p": 3.0, "kernel_shape": [2, 2]},
         now={"p": 3, "kernel_shape": [2, 2]}),
    Case("GridSample", 20, 16, [floats(1, 2, 4, 5), floats(1, 3, 3, 2) / 2],
         {"mode": "bilinear", "padding_mode": "border"}),
    Case("GridSample", 20, 16, [floats(1, 2, 4, 5), floats(1, 3, 3, 2) / 2], {"mode": "bicubic"}),
    Case("GroupNormalization", 21, 18, [floats(2, 4, 3), positive(2), floats(2)],
         {"num_groups": 2}, now="reference"),
    *(Case(op, 13, 11, [floats(2, 3, 4)], attributes) for op in ("Hardmax", "LogSoftmax", "Softmax")
      for attributes in ({}, {"axis": 2}, {"axis": 0})),
    *(case for op in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare")
      for case in reduction("Reduce" + op, 18, 13)),
    *reduction("ReduceSum", 13, 11),
    renewed(Case("Reshape", 5, 1, [floats(2, 3, 4)], {"shape": [0, -1], "consumed_inputs": [0]}),
            {}, ints(0, -1)),
    Case("Resize", 11, 10, [floats(1, 2, 3, 4), np.array([1, 1, 2, 2.5], np.float32)],
         constants=(1,)),
    Case("Resize", 11, 10, [floats(1, 2, 3, 4), np.array([1, 1, 2, 2], np.float32)],
         {"mode": "linear"}, constants=(1,)),
    Case("Resize", 13, 11, [floats(1, 1, 3, 4), np.zeros(0, np.float32),
                            np.array([1, 1, 2, 2], np.float32)],
         {"mode": "cubic", "coordinate_transformation_mode": "align_corners"}, constants=(1, 2)),
    Case("RoiAlign", 16, 10, [floats(1, 2, 8, 8), np.array([[0, 0, 6, 5], [1, 2, 7, 7]], np.float32),
                              ints(0, 0)],
         {"output_height": 3, "output_width": 3, "sampling_ratio": 2}),
    Case("Scatter", 0, 9, [floats(3, 4), ints(1, 0, 2, 2).reshape(2, 2), floats(2, 2)],
         {"axis": 1}),
    Case("SimplifiedLayerNormalization", 0, 17, [floats(2, 3, 8), positive(8)], {"axis": -1}),
    Case("Slice", 10, 9, [floats(4, 5, 6)], {"starts": [1, -3], "ends": [3, 100], "axes": [0, 2]}),
    Case("Slice", 10, 1, [floats(4, 5)], {"starts": [1, 0], "ends": [-1, 2]}),
    Case("Split", 2, 1, [floats(5, 3), ints(2, 3)], {"axis": 0}, now={"axis": 0}, constants=(1,),
         outputs=2),
    Case("Split", 13, 11, [floats(5, 3)], {"split": [1, 4]}, outputs=2),
    Case("Split", 18, 13, [floats(6, 3)], outputs=3),
    Case("Squeeze", 13, 11, [floats(1, 3, 1)], {"axes": [0]}),
    Case("Unsqueeze", 13, 11, [floats(3, 2)], {"axes": [0, 3]}),
    Case("TopK", 10, 9, [floats(3, 6)], {"k": 2, "axis": 1}, outputs=2),
    Case("Upsample", 0, 9, [floats(1, 2, 3, 4), np.array([1, 1, 2, 3], np.float32)],
         constants=(1,)),
    Case("Upsample", 9, 7, [floats(1, 2, 3, 4)], {"scales": [1.0, 1, 2, 2], "mode": "linear"}),
    Case("Upsample", 7, 1, [floats(1, 2, 3, 4)], {"height_scale": 2.0, "width_scale": 3.0},
         now=lambda x: x.repeat(2, 2).repeat(3, 3)),
    renewed(Case("Pad", 2, 1, [floats(2, 3)], {"paddings": [1, 0, 0, 2], "value": 1.5}),
            {}, ints(1, 0, 0, 2), np.float32(1.5)),
    Case("Pad", 11, 10, [floats(3, 4)], {"pads": [1, 2, 0, 1], "mode": "reflect"}),
    Case("Pad", 11, 10, [floats(3, 4)], {"pads": [1, 2, 0, -1], "value": 0.5}),
    Case("CastLike", 0, 19, [floats(2, 3) * 9, np.zeros(1, np.int32)]),
    Case("Constant", 0, 13, [], {"value_floats": [1.0, 2.5]}),
    Case("Constant", 0, 13, [], {"value_ints": [3, 4]}),
    Case("Optional", 0, 15, [floats(2)], after="OptionalHasElement"),
    Case("LabelEncoder", 2, 1, [np.array(["b", "c", "x"], object)],
         {"classes_strings": ["a", "b", "c"], "default_int64": -7}, domain="ai.onnx.ml"),
    Case("QLinearConv", 0, 13,
         [codes(1, 2, 5, 5), np.float32(0.03), np.uint8(120), codes(3, 2, 3, 3), np.float32(0.02),
          np.uint8(110), np.float32(0.1), np.uint8(100), np.array([5, -9, 0], np.int32)],
         {"pads": [1, 1, 1, 1]}, constants=(1, 2, 3, 4, 5, 6, 7, 8), close=1),
    Case("QLinearMatMul", 0, 13,
         [codes(3, 8), np.float32(0.03), np.uint8(120), codes(8, 4), np.float32(0.02),
          np.uint8(110), np.float32(0.05), np.uint8(100)], constants=(1, 2, 4, 5, 6, 7), close=1),
    Case("FlexAttention", 0, 1, [floats(1, 2, 3, 4), floats(1, 2, 5, 4), floats(1, 2, 5, 4)],
         now="reference", domain="ai.onnx.preview"),
]
