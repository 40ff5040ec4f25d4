#!/usr/bin/env python3
"""Whether runs of several contexts overlap on a real GPU: throughput of one, two and four streams
at batch 1, and the timeline of two.

usage: streams_test.py [--folder FOLDER] [--model resnet50] [--engine FILE] [--gain 1.5]

Fails where two streams whose tensors lie on the GPU do less than GAIN times what one does, or where
their steps never overlap in the timeline. CERMET_BIN and CERMET_LIB name the folders of Cermet's
command and libraries.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import gpu_cermet  # noqa: E402


def cermet(*arguments):
    done = subprocess.run([str(gpu_cermet.program()), *map(str, arguments)], text=True,
                          capture_output=True, env=os.environ)
    if done.returncode != 0:
        sys.exit(f"cermet {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
    return done.stdout


def build(options):
    import models_test
    case = models_test.Case(options.model, options.folder)
    engine = options.folder / f"streams-{options.model}.engine"
    cermet("build", case.path, "-o", engine, "--device", "cuda", "--fp16", "--tuning-budget",
           options.tuning_budget, "--shapes", case.shapes(1))
    return engine


def throughput(bench, folder, streams, *flags):
    report = folder / "streams.json"
    cermet(*bench, "--streams", streams, "--seconds", 1, "--warmup", 50, "--json", report, *flags)
    figures = json.loads(report.read_text())
    return figures["throughput"], figures["latency_ms"]["median"]


def overlap(bench, folder):
    """The part of the shorter track's steps that runs while the other track's do."""
    trace = folder / "streams-trace.json"
    cermet(*bench, "--streams", 2, "--seconds", 0.2, "--trace", trace, "--trace-runs", 20)
    tracks = {}
    for event in json.loads(trace.read_text())["traceEvents"]:
        if event["ph"] == "X" and event["cat"] != "run":
            tracks.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
    first, second = (sorted(track) for track in tracks.values())
    common, at = 0.0, 0
    for begin, end in first:
        while at < len(second) and second[at][1] <= begin:
            at += 1
        for other in second[at:]:
            if other[0] >= end:
                break
            common += min(end, other[1]) - max(begin, other[0])
    return common / min(sum(end - begin for begin, end in track) for track in (first, second))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/gpu-models"))
    parser.add_argument("--model", default="resnet50", help="of bench/gpu_models.py, or tiny")
    parser.add_argument("--engine", type=pathlib.Path, help="one that is built already")
    parser.add_argument("--shapes", help="of its inputs, where it leaves sizes open")
    parser.add_argument("--tuning-budget", type=float, default=10)
    parser.add_argument("--gain", type=float, default=1.5, help="that two streams have to reach")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    bench = ["bench", options.engine or build(options)]
    bench += ["--shapes", options.shapes] if options.shapes else []
    gains = {}
    for where, flags in (("device", ["--device-memory"]), ("host", [])):
        alone = None
        for streams in (1, 2, 4):
            rate, median = throughput(bench, options.folder, streams, *flags)
            alone = alone or rate
            gains[where, streams] = rate / alone
            print(f"tensors of the {where}, {streams} streams: {rate:.0f} runs/s "
                  f"({rate / alone:.2f} x one), median {median:.3f} ms", flush=True)
    common = overlap(bench, options.folder)
    print(f"steps of two streams overlap for {100 * common:.0f} % of their time")
    failed = gains["device", 2] < options.gain or common <= 0
    print("FAILED" if failed else "ok")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
