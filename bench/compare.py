#!/usr/bin/env python3
"""Times Cermet against ONNX Runtime, and OpenVINO where installed, and compares their outputs.

usage: compare.py [MODELS] [--model FILE:BATCH ...] [--threads 1,2] [--cermet PROGRAM] ...

MODELS is a folder that export_models.py filled. All peers are measured in one run, by rounds: each
round gives each peer a second or so, one after the other and in turning order, so that a machine
that slows down slows all of them. A row's figure is the median of its rounds' medians; the ratio is
Cermet's over the peer's, and below 1 Cermet is faster. Exit status 1: a peer failed, or outputs
differ by more than the tolerance.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import platform
import statistics
import sys

import cases
import peers
import report


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("models", nargs="?", type=pathlib.Path, help="folder of the standard rows' models")
    add("--model", action="append", default=[],
        metavar="FILE[:BATCH[:NAME=SHAPE|NAME=FILE.npy,...]]", help="one more row")
    add("--only", default="", metavar="TEXT", help="standard rows whose label holds TEXT")
    add("--threads", default="1,2", metavar="N,N...")
    add("--peers", default=",".join(default_peers()), metavar="NAME,NAME...",
        help="of: cermet, ort, openvino (default: %(default)s)")
    add("--cermet", default="cermet", metavar="PROGRAM")
    add("--build-option", action="append", default=[], metavar="OPTION",
        help="handed to `cermet build`, as in --build-option=--bf16")
    add("--rounds", type=int, default=5)
    add("--seconds", type=float, default=1.5, help="of one peer in one round")
    add("--warmup", type=int, default=3, help="uncounted runs that begin a round")
    add("--tolerance", type=float, default=1e-3, help="largest max |a-b| / max |b|")
    add("--json", type=pathlib.Path, metavar="FILE")
    add("--svg", type=pathlib.Path, metavar="FILE", help="picture of the ratios to ONNX Runtime")
    return parser.parse_args()


def default_peers():
    return ["cermet", "ort"] + (["openvino"] if importlib.util.find_spec("openvino") else [])


def make_peers(options):
    makers = {
        "cermet": lambda: peers.Cermet(options.cermet, options.build_option),
        "ort": peers.OnnxRuntime,
        "openvino": peers.OpenVino,
    }
    names = options.peers.split(",")
    if unknown := [name for name in names if name not in makers]:
        raise ValueError(f"--peers: expected names out of {', '.join(makers)}; got {unknown}")
    return [makers[name]() for name in names]


def collect_cases(options):
    found = []
    if options.models:
        found, missing = cases.standard_cases(options.models)
        if missing:
            print(f"left out, not in {options.models}: {', '.join(missing)}; "
                  "export_models.py writes them")
        found = [case for case in found if options.only in case.label]
    found += [cases.parse_case(text) for text in options.model]
    if not found:
        raise ValueError("no model to time: name a folder that export_models.py filled, or --model")
    runtime = peers.OnnxRuntime()
    for case in found:
        cases.feed(case, runtime.session(case.path, 1).get_inputs())
    return found


class Row:
    """The work on one case at one thread count; a peer that fails leaves its reason and stops."""

    def __init__(self, case, threads, all_peers):
        self.live = list(all_peers)
        self.result = {
            "model": case.path.stem, "batch": case.batch, "threads": threads, "reference": None,
            "round_medians_ms": {}, "median_ms": {}, "relative_error": {}, "errors": {}}
        self.attempt(lambda peer: peer.prepare(case, threads))

    def attempt(self, work, order=None):
        """work(peer) of each peer still live; returns name to result."""
        done = {}
        for peer in order or list(self.live):
            try:
                done[peer.name] = work(peer)
            except Exception as error:
                self.result["errors"][peer.name] = str(error)
                self.live.remove(peer)
        return done

    def compare_outputs(self):
        """Every peer against ONNX Runtime, or against the last peer where that takes no part."""
        outputs = self.attempt(lambda peer: peer.outputs())
        if len(outputs) < 2:
            return
        reference = "ort" if "ort" in outputs else list(outputs)[-1]
        expected = outputs[reference]
        self.result["reference"] = reference
        others = [peer for peer in self.live if peer.name != reference]
        self.result["relative_error"] = self.attempt(
            lambda peer: peers.relative_error(outputs[peer.name], expected), others)

    def measure(self, rounds, seconds, warmup):
        medians = self.result["round_medians_ms"]
        for index in range(rounds):
            turn = index % max(1, len(self.live))
            order = self.live[turn:] + self.live[:turn]
            done = self.attempt(lambda peer: peer.round(seconds, warmup), order)
            for name, value in done.items():
                medians.setdefault(name, []).append(value)
        self.result["median_ms"] = {
            peer.name: statistics.median(medians[peer.name]) for peer in self.live if rounds}


def machine():
    model = platform.processor()
    information = pathlib.Path("/proc/cpuinfo")
    if information.exists():
        names = [text for text in information.read_text().splitlines() if "model name" in text]
        model = names[0].partition(":")[2].strip() if names else model
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform()}


def versions(all_peers):
    found = {}
    for peer in all_peers:
        try:
            found[peer.name] = peer.version()
        except peers.PeerError as error:
            found[peer.name] = f"unknown: {error}"
    return found


def run_rows(options, all_peers, baselines):
    names = [peer.name for peer in all_peers]
    thread_counts = [int(count) for count in options.threads.split(",")]
    found = collect_cases(options)
    print(report.heading(names, baselines), flush=True)
    results = []
    for threads in thread_counts:
        for case in found:
            row = Row(case, threads, all_peers)
            row.compare_outputs()
            row.measure(options.rounds, options.seconds, options.warmup)
            results.append(row.result)
            print(report.line(row.result, names, baselines), flush=True)
    return results


def write_files(options, results, all_peers):
    if options.json:
        settings = {key: getattr(options, key) for key in ("rounds", "seconds", "warmup")}
        document = {"machine": machine(), "versions": versions(all_peers), "settings": settings,
                    "geometric_mean": {name: report.geometric_means(results, name)
                                       for name in ("ort", "openvino")},
                    "results": results}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    if options.svg:
        if drawn := report.picture(results, "ort"):
            options.svg.write_text(drawn)
        else:
            print(f"{options.svg} not written: no row holds both Cermet and ONNX Runtime")


def bad_rows(results, tolerance):
    return [result for result in results
            if result["errors"] or max(result["relative_error"].values(), default=0) > tolerance]


def main():
    options = parse_arguments()
    try:
        all_peers = make_peers(options)
        names = [peer.name for peer in all_peers]
        baselines = [name for name in names if name != "cermet"] if "cermet" in names else []
        results = run_rows(options, all_peers, baselines)
    except (ValueError, ImportError) as error:
        sys.exit(f"compare.py: {error}")
    print(*report.summary(results, baselines), sep="\n")
    write_files(options, results, all_peers)
    if bad := bad_rows(results, options.tolerance):
        sys.exit(f"{len(bad)} of {len(results)} rows hold an error, or outputs that differ by more "
                 f"than {options.tolerance:g}")


if __name__ == "__main__":
    main()
