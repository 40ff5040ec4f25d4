"""Models that use what ONNX files may hold beside plain nodes: name to (model, inputs).

Each is written in ONNX's text form; ONNX Runtime or onnx's own evaluator says what they compute.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, parser

ramp = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def text(body, opset=17, inputs="float[2, 3] x", outputs="float[2, 3] y", functions="", ir=8,
         opsets=""):
    return parser.parse_model(
        f'<ir_version: {ir}, opset_import: ["" : {opset}{opsets}]>\n'
        f"agraph ({inputs}) => ({outputs})\n{{ {body} }}\n{functions}")


def listed_initializer():
    """Before IR version 4 every initialiser is an input too; its value is the default."""
    model = text("y = Add (x, w)", ir=3, opset=8)
    weight = numpy_helper.from_array(ramp * 3, "w")
    model.graph.initializer.append(weight)
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 3]))
    return model


def sparse(linear):
    values = numpy_helper.from_array(np.array([5, 7], np.float32), "w")
    places = np.array([1, 5]) if linear else np.array([[0, 1], [1, 2]])
    indices = numpy_helper.from_array(places.astype(np.int64), "w.indices")
    return helper.make_sparse_tensor(values, indices, [2, 3])


def sparse_initializer(linear):
    model = text("y = Add (x, w)", ir=8)
    model.graph.sparse_initializer.append(sparse(linear))
    return model


def sparse_constant():
    model = text("w = Identity (x)\n y = Add (x, w)")
    model.graph.node[0].CopyFrom(
        helper.make_node("Constant", [], ["w"], sparse_value=sparse(False)))
    return model


NESTED_FUNCTIONS = """
<domain: "own", opset_import: ["" : 17]>
Scaled <factor: float = 2.0> (a) => (b) {
  f = Constant <value_float: float = @factor> ()
  b = Mul (a, f)
}
<domain: "own", opset_import: ["" : 17, "own" : 1]>
Twice <alpha, factor: float = 4.0> (a, c) => (b) {
  l = LeakyRelu <alpha: float = @alpha> (a)
  s = own.Scaled <factor: float = @factor> (l)
  b = Add (s, c)
}
"""

OLD_FUNCTION = """
<domain: "own", opset_import: ["" : 12]>
Narrow (a) => (b) {
  u = Unsqueeze <axes = [0]> (a)
  s = Softmax <axis = 2> (u)
  b = Squeeze <axes = [0]> (s)
}
"""

BRANCHING_FUNCTION = """
<domain: "own", opset_import: ["" : 17]>
Choose <alpha> (a, yes) => (b) {
  b = If (yes) <
    then_branch = t () => (p) { p = LeakyRelu <alpha: float = @alpha> (a) },
    else_branch = e () => (q) { q = Neg (a) }>
}
"""

OPTIONAL_FUNCTION = """
<domain: "own", opset_import: ["" : 17]>
Bounded (a, low, high) => (b, unused) {
  b = Clip (a, low, high)
  unused = Neg (a)
}
"""


def overloaded():
    """Two functions of one name, told apart by their overload (IR version 10)."""
    model = text("p = own.Bend (x)\n y = own.Bend (p)", ir=10, opsets=', "own" : 1')
    for name, op in (("", "Neg"), ("sine", "Sin")):
        function = helper.make_function("own", "Bend", ["a"], ["b"],
                                        [helper.make_node(op, ["a"], ["b"])],
                                        [helper.make_opsetid("", 17)])
        function.overload = name
        model.functions.append(function)
    model.graph.node[1].overload = "sine"
    return model


TWO_LEVELS = """
  outer = Mul (x, x)
  y = If (flag) <
    then_branch = t () => (r) {
      inner = Add (outer, x)
      one = Constant <value = bool {1}> ()
      trips = Constant <value_int: int = 3> ()
      zero = Sub (x, x)
      r, stacked = Loop (trips, one, zero) <body = b (int64 i, bool c, float[2, 3] s)
                                            => (bool d, float[2, 3] t1, float[2, 3] u) {
        d = Identity (c)
        n = CastLike (i, s)
        m = Mul (inner, n)
        t1 = Add (s, m)
        u = Sub (outer, t1)
      }>
    },
    else_branch = e () => (v) { v = Neg (outer) }>
"""

SHADOWED = """
  y = If (flag) <
    then_branch = t () => (r) { h = Exp (x) r = Add (h, k) },
    else_branch = e () => (r) { h = Neg (x) r = Add (h, k) }>
  h = Add (x, k)
  z = Mul (y, h)
"""

SCAN = """
  start = ReduceMax <keepdims = 0> (x)
  begin = Expand (start, size)
  last, y = Scan <num_scan_inputs = 1, body = b (float[3] s, float[3] e)
                                            => (float[3] t, float[3] o) {
    p = Mul (e, start)
    t = Add (s, p)
    o = Sub (t, e)
  }> (begin, x)
"""

flag, no_flag = np.array(True), np.array(False)

FORMS = {
    "initialiser listed as an input": (listed_initializer(), {"x": ramp}),
    "sparse initialiser, linear indices": (sparse_initializer(True), {"x": ramp}),
    "sparse initialiser, coordinates": (sparse_initializer(False), {"x": ramp}),
    "sparse value of Constant": (sparse_constant(), {"x": ramp}),
    "functions in functions, attributes handed on": (
        text("y = own.Twice <alpha = 0.3> (x, x)", functions=NESTED_FUNCTIONS,
             opsets=', "own" : 1'), {"x": ramp}),
    "an attribute overrides the default": (
        text("y = own.Twice <alpha = 0.3, factor = 0.5> (x, x)", functions=NESTED_FUNCTIONS,
             opsets=', "own" : 1'), {"x": ramp}),
    "a function of an older opset": (
        text("s = own.Narrow (x)\n y = Softmax <axis = 0> (s)", functions=OLD_FUNCTION,
             opsets=', "own" : 1'), {"x": ramp}),
    "an attribute handed into a branch": (
        text("y = own.Choose <alpha = 0.3> (x, flag)", functions=BRANCHING_FUNCTION,
             inputs="float[2, 3] x, bool flag", opsets=', "own" : 1'),
        {"x": ramp, "flag": flag}),
    "optional inputs of a function left out": (
        text('high = Constant <value_float: float = 0.5> ()\n y = own.Bounded (x, "", high)',
             functions=OPTIONAL_FUNCTION, opsets=', "own" : 1'), {"x": ramp}),
    "overloaded functions": (overloaded(), {"x": ramp}),
    "captured through two levels": (
        text(TWO_LEVELS, inputs="float[2, 3] x, bool flag"), {"x": ramp, "flag": flag}),
    "captured through two levels, the other branch": (
        text(TWO_LEVELS, inputs="float[2, 3] x, bool flag"), {"x": ramp, "flag": no_flag}),
    "names of branches used again": (
        text(SHADOWED, inputs="float[2, 3] x, float[2, 3] k, bool flag",
             outputs="float[2, 3] z"), {"x": ramp, "k": ramp * 2, "flag": no_flag}),
    "Scan that captures": (
        text(SCAN, inputs="float[2, 3] x, int64[1] size", outputs="float[2, 3] y, float[3] last"),
        {"x": ramp, "size": np.array([3], np.int64)}),
    "optional inputs": (
        text('h = Constant <value_float: float = 0.25> ()\n y = Clip (x, "", h)'), {"x": ramp}),
    "optional inputs at the end": (
        text('l = Constant <value_float: float = -0.25> ()\n y = Clip (x, l, "")'), {"x": ramp}),
    "optional outputs": (text('y, "" = Dropout (x)'), {"x": ramp}),
    "any number of inputs": (
        text("y = Sum (x, x, x, x, x)\n z = Concat <axis = 0> (x, y, x, y)",
             outputs="float[2, 3] y, float[8, 3] z"), {"x": ramp}),
    "any number of outputs": (
        text("a, b, c = Split <axis = 1> (x)\n y = Concat <axis = 1> (c, b, a)", opset=13),
        {"x": ramp}),
    "an optional input of a Loop": (
        text('i = Constant <value_int: int = 4> ()\n y = Loop (i, "", x) <body = b (int64 n, '
             "bool c, float[2, 3] s) => (bool c, float[2, 3] t) { t = Sin (s) }>"), {"x": ramp}),
    "Pad with axes and no value": (
        text('p = Constant <value = int64[2] {1, 2}> ()\n a = Constant <value = int64[1] {1}> ()\n'
             ' y = Pad (x, p, "", a)', opset=18, outputs="float[2, 6] y"), {"x": ramp}),
    "Pad whose margins go through a matrix": (
        text("l = Constant <value = int64[4] {1, 1, 2, 0}> ()\n"
             " t = Constant <value = int64[2] {-1, 2}> ()\n r = Reshape (l, t)\n"
             " e = Transpose (r)\n f = Constant <value = int64[1] {-1}> ()\n p = Reshape (e, f)\n"
             ' y = Pad <mode = "reflect"> (x, p)', inputs="float[2, N] x",
             outputs="float[5, M] y"), {"x": ramp}),
    "an input is an output": (text("z = Neg (x)", outputs="float[2, 3] x, float[2, 3] z"),
                              {"x": ramp}),
    "an initialiser is an output": (
        text("y = Neg (x)", outputs="float[2, 3] y, float[2] w"), {"x": ramp}),
    "open sizes by name": (
        text("s = Shape (x)\n y = Reshape (x, s)", inputs="float[N, M] x",
             outputs="float[N, M] y"), {"x": ramp}),
    "nodes out of use": (text("y = Abs (x)\n unused = Neg (x)\n more = Exp (unused)"), {"x": ramp}),
}
FORMS["an initialiser is an output"][0].graph.initializer.append(
    numpy_helper.from_array(np.array([1, 2], np.float32), "w"))


def type_names():
    """Every element type that a tensor of onnx can have."""
    return [name for name, number in TensorProto.DataType.items() if name != "UNDEFINED"]


def values_of(name):
    """Six elements of a type, its smallest and largest among them."""
    kind = TensorProto.DataType.Value(name)
    if name == "STRING":
        return np.array(["", "a", "é", "日本", "b c", "\x01"], object)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    if name == "BOOL":
        return np.array([True, False, True, True, False, False])
    if name.startswith("COMPLEX"):
        return np.array([1 + 2j, -3.5j, 0, 1e30, -1e-30j, 7], dtype)
    if name in ("INT64", "UINT64", "INT32", "UINT32", "INT16", "UINT16", "INT8", "UINT8"):
        limits = np.iinfo(dtype)
        return np.array([limits.min, limits.max, 1, 2, limits.max - 1, limits.min + 1], dtype)
    bits = np.arange(6, dtype=np.uint8) if "2" in name and name in ("UINT2", "INT2") else None
    if bits is not None:
        return (bits % 4 - (2 if name == "INT2" else 0)).astype(np.int8).astype(dtype)
    if name in ("INT4", "UINT4"):
        low = -8 if name == "INT4" else 0
        return np.array([low, low + 15, 1, 2, 3, 7], np.int8).astype(dtype)
    if name == "FLOAT8E8M0":
        return np.array([1, 2, 0.5, 1024, 2.0**-100, 2.0**100], np.float32).astype(dtype)
    extremes = [1e-45, 3.4e38, -0.0, 1, np.inf, -1]
    numbers = extremes if name == "FLOAT" else [0.5, -1.5, 3, -0.0, 1, 6]
    return np.array(numbers, np.float64).astype(dtype)


def typed_model(name):
    """The input as it is, and a constant of the type beside it."""
    kind = TensorProto.DataType.Value(name)
    array = values_of(name)
    raw = numpy_helper.from_array(array[::-1].copy(), "w")
    nodes = [helper.make_node("Identity", ["x"], ["y"]), helper.make_node("Identity", ["w"], ["v"])]
    graph = helper.make_graph(
        nodes, "types", [helper.make_tensor_value_info("x", kind, [6])],
        [helper.make_tensor_value_info(out, kind, [6]) for out in ("y", "v")], [raw])
    return helper.make_model(graph, ir_version=13, opset_imports=[helper.make_opsetid("", 26)])


def fielded_model(name):
    """A constant whose elements lie in the typed field of its tensor, as older writers have it."""
    kind = TensorProto.DataType.Value(name)
    array = values_of(name)
    raw = numpy_helper.from_array(array, "w")
    tensor = TensorProto(name="w", data_type=kind, dims=[6])
    if name == "STRING":
        tensor.string_data.extend(text.encode() for text in array)
    elif name in ("FLOAT", "COMPLEX64"):
        tensor.float_data.extend(array.view(np.float32))
    elif name in ("DOUBLE", "COMPLEX128"):
        tensor.double_data.extend(array.view(np.float64))
    elif name == "INT64":
        tensor.int64_data.extend(array)
    elif name in ("UINT64", "UINT32"):
        tensor.uint64_data.extend(int(value) for value in array)
    else:
        width = 2 if name in ("FLOAT16", "BFLOAT16", "INT16", "UINT16") else (
            4 if name == "INT32" else 1)
        signed = name in ("INT8", "INT16", "INT32")
        bytes_ = np.frombuffer(raw.raw_data, np.dtype(f"{'i' if signed else 'u'}{width}"))
        tensor.int32_data.extend(int(value) for value in bytes_)
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["v"])], "fields", [],
                              [helper.make_tensor_value_info("v", kind, [6])], [tensor])
    return helper.make_model(graph, ir_version=13, opset_imports=[helper.make_opsetid("", 26)])


def cast_model(name):
    """To float and back: what a type can hold comes back unchanged."""
    kind = TensorProto.DataType.Value(name)
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.DOUBLE),
             helper.make_node("Cast", ["f"], ["y"], to=kind)]
    graph = helper.make_graph(
        nodes, "cast", [helper.make_tensor_value_info("x", kind, [6])],
        [helper.make_tensor_value_info("f", TensorProto.DOUBLE, [6]),
         helper.make_tensor_value_info("y", kind, [6])])
    return helper.make_model(graph, ir_version=13, opset_imports=[helper.make_opsetid("", 26)])
