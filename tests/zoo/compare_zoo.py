#!/usr/bin/env python3
"""Builds and runs every model of a folder that export_zoo.py filled, against ONNX Runtime.

usage: compare_zoo.py FOLDER [--cermet PROGRAM] [--only REGEX] [--tolerance 1e-4]

Prints a line a model: the largest relative error of an output (max |a-b| / max |b|), or what went
wrong. A quantised model (its name has a form after the exporter's) may round a tie otherwise, which
moves results by a step, so that such models have a tolerance of their own.
Exit status 1: a model failed.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def runtime_outputs(path, inputs, optimised=True):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    taken = {given.name for given in session.get_inputs()}
    return session.run(None, {name: v for name, v in inputs.items() if name in taken}), taken


def command(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False,
                          timeout=600)
    if done.returncode:
        raise RuntimeError(f"cermet {arguments[1]} ended with {done.returncode}: "
                           f"{done.stderr.strip()}")


def cermet_outputs(program, path, inputs, count):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        command(program, "build", path, "-o", folder / "net.engine")
        given = []
        for i, (name, value) in enumerate(inputs.items()):
            np.save(folder / f"in{i}.npy", value)
            given += ["--input", f"{name}={folder / f'in{i}.npy'}"]
        command(program, "run", folder / "net.engine", *given, "--output-dir", folder)
        return [np.load(folder / f"output_{i}.npy") for i in range(count)]


def relative_error(got, want):
    if got.shape != want.shape or got.dtype != want.dtype:
        raise RuntimeError(f"expected {want.dtype}{list(want.shape)}, got "
                           f"{got.dtype}{list(got.shape)}")
    if not want.size:
        return 0.0
    a, b = got.astype(np.float64), want.astype(np.float64)
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        raise RuntimeError(f"{np.isnan(a).sum()} of {a.size} elements are NaN, expected "
                           f"{np.isnan(b).sum()}")
    a, b = np.nan_to_num(a), np.nan_to_num(b)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-12))


def largest_error(got, want):
    return max((relative_error(g, w) for g, w in zip(got, want)), default=0.0)


def examine(program, path, seen):
    """A line's figures: error of Cermet, and of ONNX Runtime against itself unoptimised."""
    inputs = dict(np.load(path.with_suffix(".npz")))
    want, taken = runtime_outputs(path, inputs)
    plain, _ = runtime_outputs(path, inputs, optimised=False)
    for node in onnx.load(path, load_external_data=False).graph.node:
        seen[(node.domain, node.op_type)] += 1
    got = cermet_outputs(program, path, {n: v for n, v in inputs.items() if n in taken}, len(want))
    return min(largest_error(got, want), largest_error(got, plain)), largest_error(plain, want)


def tolerance(path, options):
    return options.quantised_tolerance if path.stem.count(".") > 1 else options.tolerance


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--cermet", default="cermet", metavar="PROGRAM")
    parser.add_argument("--only", default="", metavar="REGEX")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--quantised-tolerance", type=float, default=0.05)
    options = parser.parse_args()
    paths = [path for path in sorted(options.folder.glob("*.onnx"))
             if re.search(options.only, path.stem) and path.with_suffix(".npz").exists()]
    seen, failed = collections.Counter(), 0
    print(f"{'model':44} {'cermet':>9} {'ort/ort':>9}  seconds")
    for path in paths:
        begin = time.monotonic()
        try:
            error, noise = examine(options.cermet, path, seen)
            good = error <= max(tolerance(path, options), 2 * noise)
            text = f"{error:9.1e} {noise:9.1e}  {time.monotonic() - begin:7.1f}"
        except Exception as problem:
            good, text = False, f"{type(problem).__name__}: {str(problem)[:600]}"
        failed += not good
        print(f"{path.stem:44} {text}{'' if good else '  FAILED'}", flush=True)
    print(f"{len(paths)} models, {failed} failed, {len(seen)} operators reached")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
