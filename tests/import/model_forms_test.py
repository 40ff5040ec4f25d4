"""What ONNX files may hold beside plain nodes: functions, subgraphs, sparse and external data,
every element type, every version of the format.

usage: model_forms_test.py [--build-dir DIR] [--only REGEX]
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnx.reference
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    import model_forms
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

LARGE = (1 << 31) + 4096  # bytes, more than a file of protobuf can hold


class Failure(Exception):
    pass


def run(program, model, inputs, scratch):
    """Cermet's outputs as TensorProtos."""
    path = scratch / "model.onnx"
    if model is not None:
        path.write_bytes(model.SerializeToString())
    for i, array in enumerate(inputs.values()):
        (scratch / f"input_{i}.pb").write_bytes(
            numpy_helper.from_array(np.asarray(array)).SerializeToString())
    done = subprocess.run([program, "run", path, "--input-dir", scratch, "--output-dir",
                           scratch / "out", "--format", "pb"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"cermet run ended with {done.returncode}: {done.stderr.strip()}")
    count = len(list((scratch / "out").glob("output_*.pb")))
    return [TensorProto.FromString((scratch / "out" / f"output_{i}.pb").read_bytes())
            for i in range(count)]


def expected(model, inputs):
    """ONNX Runtime's answer, or that of onnx's evaluator to what ONNX Runtime refuses."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                               providers=["CPUExecutionProvider"])
        return session.run(None, inputs)
    except Exception:
        return onnx.reference.ReferenceEvaluator(model).run(None, inputs)


def same(got, want):
    return got.shape == want.shape and got.dtype == want.dtype and np.allclose(
        got, want, rtol=1e-5, atol=1e-6)


def test_form(program, name, scratch):
    model, inputs = model_forms.FORMS[name]
    want = expected(model, inputs)
    got = [numpy_helper.to_array(tensor) for tensor in run(program, model, inputs, scratch)]
    if len(got) != len(want) or not all(map(same, got, map(np.asarray, want))):
        raise Failure(f"expected {want}, got {got}")


def elements(tensor):
    """Type, shape and elements of a tensor, bit by bit."""
    array = numpy_helper.to_array(tensor)
    return (tensor.data_type, tuple(tensor.dims),
            array.tolist() if tensor.data_type == TensorProto.STRING else array.tobytes())


def test_type(program, name, scratch):
    array = model_forms.values_of(name)
    wanted = [elements(numpy_helper.from_array(values)) for values in (array, array[::-1].copy())]
    got = run(program, model_forms.typed_model(name), {"x": array}, scratch)
    if [elements(tensor) for tensor in got] != wanted:
        raise Failure(f"expected {wanted}, got {[elements(tensor) for tensor in got]}")
    (scratch / "input_0.pb").unlink()
    (got,) = [tensor for i, tensor in enumerate(
        run(program, model_forms.fielded_model(name), {}, scratch)) if i == 0]
    if elements(got) != wanted[0]:
        raise Failure(f"typed field: expected {wanted[0]}, got {elements(got)}")


def test_cast(program, name, scratch):
    array = model_forms.values_of(name)
    floats, back = run(program, model_forms.cast_model(name), {"x": array}, scratch)
    want = array.astype(np.float64)
    if not np.array_equal(numpy_helper.to_array(floats), want):
        raise Failure(f"to float64: expected {want}, got {numpy_helper.to_array(floats)}")
    with np.errstate(invalid="ignore"):  # 64-bit integers need more bits than float64 has
        returned = want.astype(array.dtype)
    kept = np.ones(6, bool)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        kept = np.array([int(v) == int(w) for v, w in zip(array, want)])
    if numpy_helper.to_array(back)[kept].tobytes() != returned[kept].tobytes():
        raise Failure(f"and back: expected {returned}, got {numpy_helper.to_array(back)}")


def test_ir_version(program, version, scratch):
    """IR version and the newest opset of its time."""
    opset = {3: 8, 4: 9, 5: 10, 6: 11, 7: 12}.get(version, 17)
    model = model_forms.text("y = Neg (x)", ir=version, opset=opset)
    (got,) = run(program, model, {"x": model_forms.ramp}, scratch)
    if not same(numpy_helper.to_array(got), -model_forms.ramp):
        raise Failure(f"got {numpy_helper.to_array(got)}")


def external_model(location, shape, offset):
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=shape,
                         data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset),
                       ("length", 4 * int(np.prod(shape)))):
        weight.external_data.add(key=key, value=str(value))
    model = model_forms.text("g = Gather (w, i)\n y = Add (g, x)", inputs="float[2] x, int64[2] i",
                             outputs="float[2] y")
    model.graph.initializer.append(weight)
    return model


def test_external(program, size, scratch):
    """A sparse file of `size` bytes; the tensor begins where no page does."""
    offset, count = 12, (size - 12) // 4
    (scratch / "deep" / "er").mkdir(parents=True)
    with open(scratch / "deep" / "er" / "weights.bin", "wb") as file:
        file.truncate(size)
        for index, value in ((0, 1.5), (count - 1, -2.5)):
            file.seek(offset + 4 * index)
            file.write(np.float32(value).tobytes())
    inputs = {"x": np.array([10, 20], np.float32), "i": np.array([0, count - 1])}
    model = external_model("deep/er/weights.bin", [count], offset)
    (got,) = run(program, model, inputs, scratch)
    if numpy_helper.to_array(got).tolist() != [11.5, 17.5]:
        raise Failure(f"expected [11.5, 17.5], got {numpy_helper.to_array(got)}")


def problems(program, model, scratch):
    path = scratch / "model.onnx"
    path.write_bytes(model.SerializeToString())
    done = subprocess.run([program, "check", path], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_problems(program, _, scratch):
    """Everything that is wrong, at once: node, domain and operator, and what to do."""
    model = model_forms.text(
        "a = own.domain.Frobnicate (x)\n b = Softplux (a)\n c = Transpose <perm = [0, 0]> (x)\n"
        "d = other.Thing (b)\n y = Add (c, missing)", opsets=', "own.domain" : 3, "other" : 1')
    for i, node in enumerate(model.graph.node):
        node.name = f"node{i}"
    status, said = problems(program, model, scratch)
    words = ["node0", "own.domain.Frobnicate", "opset 3", "plugin", "node1",
             "Did you mean Softplus?", "node2", "perm", "node3", "other.Thing", "node4", "missing", "5 problems"]
    lacking = [word for word in words if word not in said]
    if status not in (2, 3) or lacking:
        raise Failure(f"status {status}, without {lacking}: {said}")


def test_function_problems(program, _, scratch):
    """Problems in bodies name the call and the node in it."""
    functions = """
<domain: "own", opset_import: ["" : 17]>
Wrong (a) => (b) {
  s = Frobnicate (a)
  t = Transpose <perm = [5]> (a)
  b = Reluu (t)
}
"""
    model = model_forms.text("y = own.Wrong (x)", functions=functions, opsets=', "own" : 1')
    model.graph.node[0].name = "call"
    status, said = problems(program, model, scratch)
    words = ["call/Frobnicate_0", "call/Transpose_1", "call/Reluu_2", "Did you mean Relu?",
             "3 problems"]
    lacking = [word for word in words if word not in said]
    if status not in (2, 3) or lacking:
        raise Failure(f"status {status}, without {lacking}: {said}")


def not_a_number(program, flags, scratch):
    """Relu behind a convolution of an image with one NaN, and Relu alone."""
    weights = np.random.default_rng(0).standard_normal((8, 4, 3, 3)).astype(np.float32)
    model = model_forms.text("c = Conv <pads = [1, 1, 1, 1]> (x, w)\n y = Relu (c)\n z = Relu (x)",
                             inputs="float[1, 4, 6, 6] x",
                             outputs="float[1, 8, 6, 6] y, float[1, 4, 6, 6] z")
    model.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    x = np.random.default_rng(1).standard_normal((1, 4, 6, 6)).astype(np.float32)
    x[0, 0, 2, 2] = np.nan
    (scratch / "model.onnx").write_bytes(model.SerializeToString())
    np.save(scratch / "x.npy", x)
    for command in (["build", scratch / "model.onnx", "-o", scratch / "e.engine", *flags],
                    ["run", scratch / "e.engine", "--input", f"x={scratch / 'x.npy'}",
                     "--output-dir", scratch]):
        subprocess.run([program, *command], capture_output=True, check=True)
    return expected(model, {"x": x}), [np.load(scratch / f"output_{i}.npy") for i in range(2)]


def test_nan(program, flags, scratch):
    """docs/onnx.md: a ReLU that oneDNN computes as part of a convolution turns NaN into 0; where
    NaN is not, nothing changes, and without oneDNN it stays."""
    want, got = not_a_number(program, flags, scratch)
    for index, (w, g) in enumerate(zip(want, got)):
        allowed = np.isnan(g) | (g == 0) if index == 0 and not flags else np.isnan(g)
        if not np.isnan(w).any() or not allowed[np.isnan(w)].all() or not np.allclose(
                g[~np.isnan(w)], w[~np.isnan(w)], rtol=1e-4, atol=1e-5):
            raise Failure(f"output {index}: expected {w}, got {g}")


def tests():
    for name in model_forms.FORMS:
        yield f"form: {name}", test_form, name
    for name in model_forms.type_names():
        yield f"type: {name}", test_type, name
        if name not in ("STRING", "COMPLEX64", "COMPLEX128"):
            yield f"cast: {name}", test_cast, name
    for version in range(3, onnx.IR_VERSION + 1):
        yield f"IR version {version}", test_ir_version, version
    yield "external data", test_external, 4096
    yield "external data of over 2 GB", test_external, LARGE
    yield "NaN through Relu", test_nan, []
    yield "NaN through Relu without oneDNN", test_nan, ["--disable-tactic", "onednn."]
    yield "all problems at once", test_problems, None
    yield "all problems of functions", test_function_problems, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", default=os.environ.get("CERMET_BUILD_DIR", "build/release"))
    parser.add_argument("--only", default="", metavar="REGEX")
    options = parser.parse_args()
    program = pathlib.Path(options.build_dir).resolve() / "bin" / "cermet"
    count = failures = 0
    for name, test, argument in tests():
        if not re.search(options.only, name):
            continue
        count += 1
        with tempfile.TemporaryDirectory() as scratch:
            try:
                test(program, argument, pathlib.Path(scratch))
            except Exception as error:
                failures += 1
                print(f"FAILED {name}: {type(error).__name__}: {str(error)[:500]}")
    print(f"{count} models, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
