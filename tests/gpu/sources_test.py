#!/usr/bin/env python3
"""Networks on a real GPU whose kernels may be cuBLASLt's and cuDNN's: results beside PyTorch's on
the CPU in float32, the same bits in every run, and where our own kernels lose to theirs.

usage: sources_test.py [--models NAME,..] [--types NAME,..] [--folder FOLDER] [--budget SECONDS]

Each network is built twice a type: once the libraries' kernels may be chosen, once they are only
compared with. FOLDER/NAME-TYPE-sources.txt gets the comparison; the last lines here are sums of it.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import models_test
import torch
from models_test import TYPES, compare, gpu_cermet, run, same_bits

BATCH = 8
FOREIGN = ("cublaslt.", "cudnn.")


def build(case, engine, kind, budget, *flags):
    """What `cermet build --explain=json` tells of the steps."""
    command = [str(gpu_cermet.program()), "build", str(case.path), "-o", str(engine), "--device",
               "cuda", "--tuning-budget", str(budget), "--shapes", case.shapes(BATCH),
               *TYPES[kind][0], *flags, "--explain=json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise gpu_cermet.CermetError(done.stderr.strip()[-1500:])
    return json.loads(done.stdout)["steps"]


def expected(case):
    """PyTorch's first result on the CPU, by the weights that the ONNX file has."""
    inputs = [torch.from_numpy(value) for value in case.inputs(BATCH).values()]
    with torch.no_grad():
        result = case.row.module()(*inputs)
    while not isinstance(result, torch.Tensor):
        result = result[0]
    return result.numpy()


def chosen(steps):
    return [step["winner"]["tactic"] for step in steps
            if step["winner"] and step["winner"]["tactic"].startswith(FOREIGN)]


def check_chosen(case, right, folder, kind, budget, library):
    engine_path = folder / f"{case.name}-{kind}-sources.engine"
    steps = build(case, engine_path, kind, budget, "--tactic-sources",
                  "+cublaslt,+cudnn")
    engine = gpu_cermet.Engine(library, engine_path)
    inputs = case.inputs(BATCH)
    results = [run(engine, inputs) for _ in range(4)]
    engine.close()
    found = compare(results[0], right, TYPES[kind][1], kind)
    found += same_bits(results, f"{kind}, libraries' kernels")
    names = chosen(steps)
    told = ", ".join(f"{names.count(name)} {name}" for name in sorted(set(names))) or "none"
    print(f"{case.name} {kind}: {'FAILED' if found else 'ok'}, kernels chosen of the libraries: "
          f"{told}", flush=True)
    return found


def comparison(steps):
    """(step, our tactic, our time, the fastest of the libraries', its time) where both are known."""
    rows = []
    for step in steps:
        measured = [one for one in step["candidates"]
                    if one["accepted"] and one["measured_us"] is not None]
        own = [one for one in measured if one["allowed"]]
        foreign = [one for one in measured if not one["allowed"]]
        if own and foreign:
            best, other = (min(some, key=lambda one: one["measured_us"]) for some in (own, foreign))
            rows.append((step["name"], best["tactic"], best["measured_us"],
                         f"{other['tactic']} {other['configuration']}", other["measured_us"]))
    return rows


def check_compared(case, folder, kind, budget):
    steps = build(case, folder / f"{case.name}-{kind}-own.engine", kind, budget,
                  "--compare-sources", "cublaslt,cudnn")
    rows = sorted(comparison(steps), key=lambda row: row[4] / row[2])
    lines = [f"{row[4] / row[2]:6.2f}  {row[0]}: {row[1]} {row[2]:.1f} us, {row[3]} {row[4]:.1f} us"
             for row in rows]
    (folder / f"{case.name}-{kind}-sources.txt").write_text("\n".join(lines) + "\n")
    lost = sum(row[4] < row[2] for row in rows)
    own, other = sum(row[2] for row in rows), sum(row[4] for row in rows)
    print(f"{case.name} {kind}: the libraries are faster at {lost} of {len(rows)} steps; all of "
          f"these take {own:.0f} us by ours, {other:.0f} us by theirs", flush=True)
    for line in lines[:5]:
        print(f"  {line}", flush=True)
    found = [] if rows else [f"{kind}: no step was compared"]
    return found + [f"{kind}: {name} was chosen" for name in chosen(steps)]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="tiny,resnet50,bert_base", metavar="NAME,..")
    parser.add_argument("--types", default="fp16,tf32", metavar="NAME,..")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/gpu-models"))
    parser.add_argument("--budget", type=float, default=10, metavar="SECONDS",
                        help="of measuring, of each build")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    library = gpu_cermet.Library()
    failures = []
    for name in options.models.split(","):
        case = models_test.Case(name, options.folder)
        right = expected(case)
        for kind in options.types.split(","):
            try:
                failures += check_chosen(case, right, options.folder, kind, options.budget,
                                         library)
                failures += check_compared(case, options.folder, kind, options.budget)
            except (gpu_cermet.CermetError, OSError) as problem:
                failures.append(f"{name} {kind}: {problem}")
    for text in failures:
        print(f"  {text}", flush=True)
    print(f"{len(failures)} failure(s)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
