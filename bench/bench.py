#!/usr/bin/env python3
"""Measures Cermet beside ONNX Runtime and OpenVINO, in pieces, and writes a report.

usage: bench.py [EXPERIMENT ...] --models FOLDER [--models FOLDER ...] --results FOLDER [...]

Experiments: {experiments} (all unless named).
Each piece of work (an experiment's row) leaves its result in the results' folder at once. A run that
was stopped, or that --for ended, goes on where it was when the same command is given again. Every
run ends with the report of what is there: report.md, results.json and pictures.

Exit status: 0 all bars held, 1 a bar is broken or a peer failed, 2 wrong use, 3 pieces are missing.
"""
import argparse
import dataclasses
import importlib.util
import os
import pathlib
import sys

import bars
import cases
import cermet_peer
import competition
import latency
import memory
import peers
import report
import start
import store
import streams
import tuning
import worth

EXPERIMENTS = {module.NAME: module for module in (
    latency, memory, streams, competition, start, tuning, worth)}


@dataclasses.dataclass
class Bench:
    """What the experiments work with."""
    cases: list
    threads: list
    peers: list
    rounds: int
    seconds: float
    warmup: int

    @property
    def cermet(self):
        """The peer that is measured, or None where it takes no part."""
        return next((peer for peer in self.peers if peer.name == "cermet"), None)

    def conditions(self):
        """What results of one folder must have in common."""
        found = {key: getattr(self, key) for key in ("rounds", "seconds", "warmup")}
        if self.cermet:
            found["cermet"] = self.cermet.fingerprint()
            found["build_options"] = list(self.cermet.build_options)
        return found


def default_peers():
    return ["cermet", "ort"] + (["openvino"] if importlib.util.find_spec("openvino") else [])


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__.format(experiments=", ".join(EXPERIMENTS)),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("experiments", nargs="*", metavar="EXPERIMENT")
    add("--models", action="append", default=[], type=pathlib.Path, metavar="FOLDER",
        help="where the standard rows' models lie; repeat for more")
    add("--model", action="append", default=[],
        metavar="FILE[:BATCH[:NAME=SHAPE|NAME=FILE.npy,...]]", help="one more row")
    add("--only", action="append", default=[], metavar="TEXT", help="rows whose label holds a TEXT")
    add("--threads", default="1,2", metavar="N,N...")
    add("--peers", default=",".join(default_peers()), metavar="NAME,NAME...",
        help="of: cermet, ort, openvino (default: %(default)s)")
    add("--cermet", default="cermet", metavar="PROGRAM")
    add("--build-option", action="append", default=[], metavar="OPTION",
        help="handed to `cermet build`, as in --build-option=--disable-tactic=onednn.")
    add("--results", type=pathlib.Path, required=True, metavar="FOLDER")
    add("--for", dest="limit", type=float, metavar="SECONDS",
        help="begin nothing that would not end by then")
    add("--fresh", action="store_true", help="forget all results that lie there")
    add("--again", action="append", default=[], metavar="TEXT",
        help="forget the results of pieces whose name holds TEXT")
    add("--rounds", type=int, default=5)
    add("--seconds", type=float, default=1.0, help="of one peer in one round")
    add("--warmup", type=int, default=2, help="uncounted runs that begin a round")
    add("--quick", action="store_true", help="3 rounds of 0.4 seconds, each after 1 uncounted run")
    add("--bar", action="append", default=[], metavar="NAME=VALUE",
        help=bars.help_text())
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.experiments if name not in EXPERIMENTS]:
        parser.error(f"no experiment {', '.join(unknown)}; there are {', '.join(EXPERIMENTS)}")
    if options.quick:
        options.rounds, options.seconds, options.warmup = 3, 0.4, 1
    return options


def make_peers(options):
    makers = {**peers.MAKERS, "cermet": lambda: cermet_peer.Cermet(
        options.cermet, options.results / "engines", options.build_option)}
    names = options.peers.split(",")
    if unknown := [name for name in names if name not in makers]:
        raise ValueError(f"--peers: expected names out of {', '.join(makers)}; got {unknown}")
    return [makers[name]() for name in names]


def collect_cases(options):
    found = []
    if options.models:
        found, missing = cases.standard_cases(options.models)
        for words in missing:
            print(words)
    found += [cases.parse_case(text) for text in options.model]
    found = [case for case in found
             if not options.only or any(text in case.label for text in options.only)]
    if not found:
        raise ValueError("no model to measure: name a folder that export_models.py filled by "
                         "--models, or one by --model")
    runtime = peers.OnnxRuntime()
    for case in found:
        cases.feed(case, runtime.session(case.path, 1).get_inputs())
    return found


def set_up(options):
    results = store.Store(options.results)
    if options.fresh:
        results.clear()
    threads = [int(count) for count in options.threads.split(",")]
    bench = Bench(collect_cases(options), threads, make_peers(options), options.rounds,
                  options.seconds, options.warmup)
    results.open(bench.conditions())
    for text in options.again:
        results.forget(text)
    return bench, results


def run(bench, results, names, limits, seconds=None):
    """Works on the pieces, writes the report, and returns the exit status."""
    chosen = [EXPERIMENTS[name] for name in names or EXPERIMENTS]
    pieces = [piece for experiment in chosen for piece in experiment.pieces(bench)]
    left = store.work_on(pieces, results, seconds, lambda words: print(words, flush=True))
    verdicts = report.write(results.folder, chosen, results.results(pieces), limits, bench.peers)
    print(*verdicts, sep="\n")
    print(f"report: {results.folder / 'report.md'}")
    if left:
        print(f"{left} of {len(pieces)} pieces are missing: the same command goes on")
        return 3
    return 0 if all(verdict.held for verdict in verdicts) else 1


def main():
    options = parse_arguments(sys.argv[1:])
    try:
        limits = bars.limits(options.bar)
        bench, results = set_up(options)
        status = run(bench, results, options.experiments, limits, options.limit)
    except (ValueError, ImportError) as error:
        print(f"bench.py: {error}", file=sys.stderr)
        status = 2
    sys.stdout.flush()
    os._exit(status)  # OpenVINO's threads are not waited for


if __name__ == "__main__":
    main()
