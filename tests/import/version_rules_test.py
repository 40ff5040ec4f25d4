"""Every rule of the importer has a case here, whose result ONNX Runtime or NumPy confirms.

usage: version_rules_test.py [--build-dir DIR] [--only REGEX]
"""
import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
try:
    import numpy as np
    import onnx
    import onnx.reference
    import onnxruntime
    from onnx import helper, numpy_helper
    import microsoft_cases
    import version_cases
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

CASES = version_cases.CASES + microsoft_cases.CASES


def make_model(case, opset, attributes, inputs=None):
    """The case's node alone, at an opset of its domain."""
    arrays = [None if array is None else np.asarray(array) for array in inputs or case.inputs]
    names = ["" if array is None else f"x{i}" for i, array in enumerate(arrays)]
    made = case.named
    nodes = [helper.make_node(case.op, names, made, domain=case.domain, **attributes)]
    if case.after:
        nodes.append(helper.make_node(case.after, made, ["z"]))
        made = ["z"]
    tensors = {name: numpy_helper.from_array(array, name)
               for name, array in zip(names, arrays) if name}
    inputs = [helper.make_tensor_value_info(name, tensors[name].data_type, tensors[name].dims)
              for i, name in enumerate(names) if name and i not in case.constants]
    weights = [tensors[names[i]] for i in case.constants if i < len(names)]
    graph = helper.make_graph(nodes, case.op, inputs,
                              [helper.make_empty_tensor_value_info(name) for name in made if name],
                              weights)
    opsets = [helper.make_opsetid("", opset if not case.domain else version_cases.NEW)]
    if case.domain:
        opsets.append(helper.make_opsetid(case.domain, 1))
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def fed(case, inputs=None):
    return {f"x{i}": np.asarray(array) for i, array in enumerate(inputs or case.inputs)
            if array is not None and i not in case.constants}


def expected(case):
    if callable(case.now):
        results = case.now(*[np.asarray(array) for array in case.inputs])
        return results if isinstance(results, list) else [results]
    if case.now == "reference":
        model = make_model(case, case.opset, case.attributes)
        return onnx.reference.ReferenceEvaluator(model).run(None, fed(case))
    opset, attributes, inputs = case.opset, case.attributes, None
    if case.now is not None:
        opset = version_cases.NEW
        attributes, inputs = case.now if isinstance(case.now, tuple) else (case.now, None)
    model = make_model(case, opset, attributes, inputs)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    return session.run(None, fed(case, inputs))


def run_cermet(program, case, scratch):
    """The outputs; throws with the program's error."""
    onnx.save(make_model(case, case.opset, case.attributes), scratch / "model.onnx")
    for i, array in enumerate(fed(case).values()):
        (scratch / f"input_{i}.pb").write_bytes(
            numpy_helper.from_array(array).SerializeToString())
    done = subprocess.run([program, "run", scratch / "model.onnx", "--input-dir", scratch,
                           "--output-dir", scratch], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cermet run ended with {done.returncode}: {done.stderr.strip()}")
    count = 1 if case.after else sum(map(bool, case.named))
    return [numpy_helper.to_array(onnx.TensorProto.FromString(
        (scratch / f"output_{i}.pb").read_bytes())) for i in range(count)]


def difference(want, got, close):
    """What is wrong, or nothing."""
    want = np.asarray(want)
    if want.shape != got.shape:
        return f"expected the shape {want.shape}, got {got.shape}"
    if want.dtype != got.dtype and want.dtype.kind != "O":
        return f"expected {want.dtype}, got {got.dtype}"
    if want.dtype.kind in "OSUb" or close < 1 and want.dtype.kind != "f":
        return "" if np.array_equal(want, got) else f"expected {want}, got {got}"
    apart = np.abs(want.astype(np.float64) - got.astype(np.float64)).max(initial=0)
    limit = close if want.dtype.kind != "f" else close * max(1, np.abs(want).max(initial=0))
    return "" if apart <= limit else f"differs by {apart} where {limit} is allowed"


def check(program, case):
    with tempfile.TemporaryDirectory() as scratch:
        try:
            want = expected(case)
            got = run_cermet(program, case, pathlib.Path(scratch))
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    found = (difference(w, g, case.close) for w, g in zip(want, got))
    return next((text for text in found if text), "")


# Attributes that no node can show to have been dropped or changed, and why.
UNSEEN = {
    "Scan 8": "scan_test.py holds its cases",
    "Clip 1": "the limits' defaults were infinite before they were the largest numbers",
}


def dropped_attributes():
    """"OP VERSION ATTRIBUTE" of each attribute that the operator's next version lacks, or reads
    otherwise, with the versions of the model at which it is the one that counts."""
    history = collections.defaultdict(list)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain in ("", "ai.onnx.ml"):
            history[schema.domain, schema.name].append(schema)
    for (domain, name), schemas in sorted(history.items()):
        schemas.sort(key=lambda schema: schema.since_version)
        for old, new in zip(schemas, schemas[1:]):
            if f"{name} {old.since_version}" in UNSEEN:
                continue
            for key, attribute in old.attributes.items():
                other = new.attributes.get(key)
                if other is None or other.type != attribute.type or (
                        other.default_value.SerializeToString() !=
                        attribute.default_value.SerializeToString()):
                    yield (domain, name, key, range(old.since_version, new.since_version))


def untested_attributes():
    for domain, name, key, versions in dropped_attributes():
        cases = [case for case in CASES if (case.domain, case.op) == (domain, name)]
        # A changed default shows where the attribute is missing, a dropped one where it is there.
        if not any(case.opset in versions and key in case.attributes for case in cases):
            yield f"{name} of version {versions.start}: {key} is gone or changed in {versions.stop}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", default=os.environ.get("CERMET_BUILD_DIR", "build/release"))
    parser.add_argument("--only", default="", metavar="REGEX")
    options = parser.parse_args()
    programs = pathlib.Path(options.build_dir).resolve() / "bin"
    listed = subprocess.run([programs / "test_import_rules"], capture_output=True, text=True,
                            check=True).stdout.split("\n")
    rules = {line for line in listed if line}
    failures = 0
    for case in CASES:
        if not re.search(options.only, case.rule):
            continue
        problem = check(programs / "cermet", case)
        if problem:
            failures += 1
            print(f"FAILED {case.rule} (opset {case.opset}): {problem[:400]}")
    tested = {case.rule for case in CASES}
    for rule in sorted(rules - tested):
        print(f"FAILED {rule}: no case tests this rule")
    for rule in sorted(tested - rules):
        print(f"FAILED {rule}: the importer has no such rule")
    untested = list(untested_attributes())
    for text in untested:
        print(f"FAILED {text}, and no case has it")
    print(f"{len(CASES)} cases for {len(rules & tested)} of {len(rules)} rules, "
          f"{failures} failed")
    return 1 if failures or untested or rules != tested else 0


if __name__ == "__main__":
    sys.exit(main())
