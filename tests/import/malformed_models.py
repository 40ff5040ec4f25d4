"""Model files that break one rule each, with the exit statuses and words that are due."""
import os

import numpy as np
import onnx
import onnx.parser
from onnx import TensorProto, helper, numpy_helper

from tests.conformance import dynamic_models

INVALID, UNSUPPORTED, FILE = (2,), (3,), (2, 6)


def parsed(body, opset=17, inputs="float[2, 3] x", outputs="float[2, 3] y", domains=""):
    return onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : {opset}{domains}]> g ({inputs}) => ({outputs}) '
        f"{{ {body} }}")


def changed(change, body="y = Relu (x)", **options):
    model = parsed(body, **options)
    change(model)
    return model


def external(location, length=24, offset=0):
    """A model whose weight w[2, 3] lies in another file."""
    model = parsed("y = Add (x, w)", inputs="float[2, 3] x")
    weight = model.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[2, 3],
                                         data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        weight.external_data.add(key=key, value=str(value))
    return model


def with_weight(**fields):
    """A weight w whose fields are as given."""
    model = parsed("y = Add (x, w)")
    model.graph.initializer.add(name="w", **fields)
    return model


def huge_tensor(*dims):
    return with_weight(data_type=TensorProto.FLOAT, dims=dims, raw_data=b"\0" * 24)


def set_opset(version):
    def change(model):
        model.opset_import[0].version = version
    return change


def repeat_node(model):
    model.graph.node.append(model.graph.node[0])


def cycle(model):
    model.graph.node[0].input[0] = "y"


def chain_of_functions(depth, last):
    """my.F0 calls my.F1 twice, and so on; the last one holds the node."""
    model = parsed("y = my.F0 (x)", domains=', "my" : 1')
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("my", 1)]
    for i in range(depth):
        nodes = [helper.make_node(f"F{i + 1}", [given], [result], domain="my")
                 for given, result in (("x", "a"), ("a", "y"))]
        model.functions.append(helper.make_function(
            "my", f"F{i}", ["x"], ["y"], nodes if i < depth - 1 else [last], opsets))
    return model


def set_ir_version(model):
    model.ir_version = 999


def drop_input_type(model):
    model.graph.input[0].ClearField("type")


# Name -> model (or bytes), exit statuses, words of the error.
CASES = {
    "empty": (b"", INVALID, []),
    "not a model": (b"\x89PNG\r\n\x1a\n" + bytes(64), INVALID, []),
    "text": (b"this is not a protobuf message at all\n" * 20, INVALID, []),
    "cycle": (changed(cycle), INVALID, ["y"]),
    "cycle of functions": (chain_of_functions(2, helper.make_node("F0", ["x"], ["y"],
                                                                  domain="my")),
                           INVALID, ["calls itself"]),
    "functions without measure": (chain_of_functions(40, helper.make_node("Relu", ["x"], ["y"])),
                                  UNSUPPORTED, ["expand to more than"]),
    "late use": (parsed("y = Add (a, x) a = Relu (x)"), INVALID, ["'a'"]),
    "duplicate output": (changed(repeat_node), INVALID, ["'y'"]),
    "missing input": (parsed("y = Add (x, nowhere)"), INVALID, ["nowhere"]),
    "missing output": (parsed("z = Relu (x)"), INVALID, ["'y'"]),
    "no input type": (changed(drop_input_type), INVALID, ["'x'"]),
    "two errors": (parsed("a = Frobnicate (x) b = Transpose <perm = [0, 7]> (x) "
                          "y = Add (x, nowhere)"), (2, 3), []),
    "unknown operator": (parsed("y = Frobnicate (x)"), UNSUPPORTED, ["Frobnicate"]),
    "unknown domain": (parsed("y = com.nobody.Relu (x)", domains=', "com.nobody" : 1'), UNSUPPORTED,
                       ["com.nobody"]),
    "new opset": (changed(set_opset(9999)), UNSUPPORTED, ["9999"]),
    "negative opset": (changed(set_opset(-3)), INVALID, ["-3"]),
    "new IR version": (changed(set_ir_version), UNSUPPORTED, ["999"]),
    "input too large": (parsed("y = Relu (x)", inputs=f"float[{1 << 62}, {1 << 62}] x"), INVALID,
                        ["'x'", str(1 << 62)]),
    "sizes too large": (huge_tensor(1 << 40, 1 << 40), INVALID, ["w"]),
    "sizes larger than data": (huge_tensor(1 << 30, 3), INVALID, ["w"]),
    "negative size": (huge_tensor(-2, 3), INVALID, ["w"]),
    "unknown element type": (with_weight(data_type=777, dims=[2, 3], raw_data=bytes(24)), INVALID,
                             ["777"]),
    "element type too large": (with_weight(data_type=(1 << 31) - 1, dims=[1], raw_data=bytes(4)),
                               INVALID, ["w"]),
    "raw data too short": (with_weight(data_type=TensorProto.FLOAT, dims=[2, 3], raw_data=bytes(7)),
                           INVALID, ["w"]),
    "too few values": (with_weight(data_type=TensorProto.FLOAT, dims=[2, 3], float_data=[1.0]),
                       INVALID, ["w"]),
    "permutation": (parsed("y = Transpose <perm = [0, 0]> (x)"), INVALID, ["Transpose"]),
    "axis": (parsed("y = Softmax <axis = 99> (x)"), INVALID, ["99"]),
    "attribute type": (parsed('y = Softmax <axis = "one"> (x)'), INVALID, ["axis"]),
    "kernel size": (parsed("y = MaxPool <kernel_shape = [-1, 1000000000000]> (x)",
                           inputs="float[1, 1, 4, 4] x", outputs="float[a, b, c, d] y"),
                    INVALID, ["MaxPool"]),
    "does not broadcast": (parsed("y = Add (x, z)", inputs="float[2, 3] x, float[4] z"), INVALID,
                           ["Add"]),
    "If without branches": (parsed("c = Cast <to = 9> (x) y = If (c)"), INVALID, ["If"]),
    "external: absolute": (external("/etc/hostname"), FILE, ["/etc/hostname"]),
    "external: parent folder": (external("../outside.bin"), FILE, ["../outside.bin"]),
    "external: hidden parent": (external("a/../../outside.bin"), FILE, ["outside.bin"]),
    "external: symbolic link": (external("link.bin"), FILE, ["link.bin"]),
    "external: missing": (external("nothing.bin"), FILE, ["nothing.bin"]),
    "external: too short": (external("short.bin"), FILE, ["short.bin"]),
    "external: wrong length": (external("data.bin", length=20), FILE, ["w"]),
    "external: offset": (external("data.bin", offset=1 << 62), FILE, ["data.bin"]),
    "external: negative offset": (external("data.bin", offset=-8), FILE, ["w"]),
    "external: a folder": (external("."), FILE, []),
}


def write_all(scratch):
    """Writes every case to scratch/NAME/model.onnx; name -> (statuses, words)."""
    (scratch / "outside.bin").write_bytes(bytes(24))
    for name, (model, _, _) in CASES.items():
        folder = scratch / name
        folder.mkdir()
        (folder / "a").mkdir()
        (folder / "data.bin").write_bytes(bytes(24))
        (folder / "short.bin").write_bytes(bytes(8))
        os.symlink("../outside.bin", folder / "link.bin")
        data = model if isinstance(model, bytes) else model.SerializeToString()
        (folder / "model.onnx").write_bytes(data)
    return {name: (statuses, words) for name, (_, statuses, words) in CASES.items()}


def structure_model():
    """Many kinds of attribute and little data: most of its bytes are structure."""
    weight = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Resize", ["a", "", "scales"], ["b"], mode="linear"),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 2, 3, 1]),
        helper.make_node("Split", ["c", "sizes"], ["d", "e"], axis=3),
        helper.make_node("Concat", ["e", "d"], ["f"], axis=-1),
        helper.make_node("Einsum", ["f", "f"], ["g"], equation="nhwc,nhwd->ncd"),
        helper.make_node("TopK", ["g", "k"], ["v", "i"], axis=1),
        helper.make_node("Pad", ["v", "pads"], ["y"], mode="constant"),
    ]
    constants = [numpy_helper.from_array(np.array(values, kind), name) for name, values, kind in (
        ("scales", [1, 1, 2, 2], np.float32), ("sizes", [1, 1], np.int64), ("k", [1], np.int64),
        ("pads", [0, 1, 0, 0, 0, 2], np.int64))]
    graph = helper.make_graph(
        nodes, "structure", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
         helper.make_tensor_value_info("i", TensorProto.INT64, None)], [weight, *constants])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def seeds(root):
    """Good models to damage: name -> (bytes, flags of a run)."""
    return {
        "digits": ((root / "examples/digits/digits.onnx").read_bytes(),
                   ["--shapes", "image:2x1x8x8"]),
        "control flow": (dynamic_models.nested_control().SerializeToString(),
                         ["--shapes", "x:3x4,trips:scalar"]),
        "structure": (structure_model().SerializeToString(), []),
    }
