"""The cases of the installed onnx package's backend test suite: finding, loading, comparing."""
import pathlib

import numpy as np
import onnx
from onnx import numpy_helper

SUITES = ("node", "simple", "pytorch-converted", "pytorch-operator")
RELATIVE, ABSOLUTE = 1e-3, 1e-5


def find_cases(suites=SUITES):
    """[(suite/case, folder)] in a fixed order."""
    root = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
    return [(f"{suite}/{path.parent.name}", path.parent)
            for suite in suites for path in sorted((root / suite).glob("*/model.onnx"))]


def load_value(path, value_type):
    """A .pb file as array, list of values or None (an empty optional)."""
    data = path.read_bytes()
    kind = value_type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.to_list(onnx.SequenceProto.FromString(data))
    if kind == "optional_type":
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(data))
    return numpy_helper.to_array(onnx.TensorProto.FromString(data))


def load_outputs(folder, model):
    return [load_value(folder / f"output_{i}.pb", info.type)
            for i, info in enumerate(model.graph.output)]


def difference(what, want, got):
    """What is wrong with `got`, or nothing."""
    if want is None or got is None:
        return "" if want is got else f"{what}: one is an empty optional, the other is not"
    if isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return f"{what}: expected a sequence of {len(want)} elements"
        found = (difference(f"{what}[{i}]", w, g) for i, (w, g) in enumerate(zip(want, got)))
        return next((text for text in found if text), "")
    want, got = np.asarray(want), np.asarray(got)
    is_text = want.dtype.kind in "OSU"
    if want.dtype != got.dtype and not (is_text and got.dtype.kind in "OSU"):
        return f"{what}: expected {want.dtype}, got {got.dtype}"
    if want.shape != got.shape:
        return f"{what}: expected the shape {want.shape}, got {got.shape}"
    wrong = ~close(want, got)
    if not wrong.any():
        return ""
    at = np.unravel_index(np.argmax(wrong), wrong.shape)
    return (f"{what}: {wrong.sum()} of {wrong.size} values differ, the first at {list(map(int, at))}: "
            f"expected {want[at]}, got {got[at]}")


def close(want, got):
    """By element. Integers, booleans and strings are exact; NaN is right only where expected."""
    kind = want.dtype
    if kind.kind in "OSUbiu" or kind.name.startswith(("int", "uint")):
        return np.asarray(want == got)
    wide = np.complex128 if kind.kind == "c" else np.float64
    return np.isclose(got.astype(wide), want.astype(wide), RELATIVE, ABSOLUTE, equal_nan=True)
