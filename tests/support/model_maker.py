"""Small ONNX models, made node by node with seeded weights."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class ModelMaker:
    """Collects the nodes and weights of one graph; names of values are made up where not given."""

    def __init__(self, seed=1):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []

    def input(self, name, shape, element=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, element, shape))
        return name

    def output(self, value, element=TensorProto.FLOAT, shape=None):
        self.outputs.append(helper.make_tensor_value_info(value, element, shape))

    def constant(self, array):
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape):
        """Random floats that keep the size of what they multiply."""
        fan = np.prod(shape[1:] if len(shape) > 2 else shape[:1])
        return self.constant((self.random.standard_normal(shape) / np.sqrt(fan)).astype(np.float32))

    def op(self, op, *inputs, outputs=1, **attributes):
        """Adds a node; arrays among the inputs become constants. Returns its output, or all."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        results = [f"{op.lower()}{len(self.nodes)}" + (f".{i}" if i else "") for i in range(outputs)]
        domain = attributes.pop("domain", "")
        self.nodes.append(helper.make_node(op, names, results, domain=domain, **attributes))
        return results[0] if outputs == 1 else results

    def graph(self, name="graph"):
        return helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.weights)

    def model(self, opset=17, domains=()):
        opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
        return helper.make_model(self.graph(), opset_imports=opsets, ir_version=8)


def ints(*values):
    return np.array(values, np.int64)
