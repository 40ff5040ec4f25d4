"""What the lists of networks are made of."""
import dataclasses
from collections.abc import Callable


@dataclasses.dataclass
class Network:
    """`make` returns a torch module and its example inputs, name to tensor, in the order of its
    arguments. `symbolic` names the axes of inputs whose size stays open, input to {axis: name}."""
    name: str
    make: Callable
    symbolic: dict = dataclasses.field(default_factory=dict)
    exporters: tuple = ("script", "dynamo")
    opset: int = 17  # of the script exporter; the other one writes its own
