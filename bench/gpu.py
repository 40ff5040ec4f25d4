#!/usr/bin/env python3
"""Cermet beside PyTorch on a GPU: networks in float16, at several batches, in interleaved rounds.

Nothing is downloaded: the networks have random weights, and each is exported to ONNX from the module
that PyTorch runs. A run is timed in two ways. `latency`: by the host's clock, one run at a time, from
giving it to having its outputs. `GPU`: by the GPU's clock, a share of many runs that follow each
other. Inputs and outputs lie in the GPU's memory, in float16; images are channels last. Outputs are
compared with those of PyTorch in float32. Each network has a process of its own, whose failure or
time limit the others survive.

CERMET_BIN and CERMET_LIB name the folders of Cermet's command and libraries (build/release else).
"""
import argparse
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

import gpu_report

ROWS = ["resnet50", "mobilenet_v2", "efficientnet_b0", "vit_b_16", "bert_base", "yolo"]
MODES = ["eager", "graph", "compile", "compile-quick", "compile-graph"]


def names(known):
    def parse(text):
        found = [name for name in text.split(",") if name]
        if unknown := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"expected names out of {', '.join(known)}; got "
                                             f"{', '.join(unknown)}")
        return found
    return parse


def numbers(text):
    return [int(number) for number in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=names(ROWS), default=ROWS, metavar="NAME,..",
                        help="of: " + ", ".join(ROWS))
    parser.add_argument("--batches", type=numbers, default=[1, 8, 32, 128], metavar="N,..")
    parser.add_argument("--modes", type=names(MODES), default=MODES, metavar="MODE,..",
                        help="PyTorch's, of: " + ", ".join(MODES))
    parser.add_argument("--seconds", type=float, default=2.0,
                        help="of timing for each contender, spread over the rounds (default 2)")
    parser.add_argument("--limit", type=float, default=600.0,
                        help="seconds that a row may take at one batch (default 600)")
    parser.add_argument("--total-limit", type=float, default=float("inf"),
                        help="seconds after which no row is begun, and the one that runs is ended")
    parser.add_argument("--tuning-budget", type=float, default=30.0,
                        help="seconds for measuring kernels when an engine is built (default 30)")
    parser.add_argument("--build-options", default="", metavar="OPTIONS",
                        help="more of `cermet build`, as one text")
    parser.add_argument("--no-rebuild", dest="rebuild", action="store_false",
                        help="build once, with what caches hold, and not cold and again")
    parser.add_argument("--gpu", type=int, default=0, metavar="N")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench-gpu"),
                        metavar="FOLDER", help="for results.json, report.md and the picture")
    parser.add_argument("--pretend", action="store_true",
                        help="without a GPU, in float32 on the CPU: to try this program itself")
    parser.add_argument("--worker", metavar="ROW", help=argparse.SUPPRESS)
    return parser.parse_args()


def work(options):
    """In a process of its own: results as lines of JSON, each marked, between others' output."""
    import gpu_row
    import gpu_torch

    def tell(entry):
        print(MARK + json.dumps(entry), flush=True)

    if not options.pretend:
        gpu_torch.settle_libraries()
    bench = gpu_row.RowBench(options.worker, options, tell)
    tell({"card": bench.card.name()})
    for batch in options.batches:
        tell({"begins": batch})
        bench.bench(batch)


MARK = "@result "


class Runner:
    """Runs the workers, and keeps what they told."""

    def __init__(self, options):
        self.options = options
        self.results, self.card = {}, ""
        self.end = time.monotonic() + options.total_limit
        self.log = open(options.out / "log.txt", "w", encoding="utf-8")

    def run(self):
        for row in self.options.rows:
            left = list(self.options.batches)
            while left and time.monotonic() < self.end:
                left = self.work(row, left)

    def work(self, row, batches):
        """Returns the batches that a worker's end left; a limit of time is that of one batch."""
        command = [sys.executable, __file__, *sys.argv[1:], "--worker", row, "--batches",
                   ",".join(map(str, batches))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log,
                                   start_new_session=True)
        try:
            return self.follow(process, row, batches)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # and what it started: compilers, a build

    def follow(self, process, row, batches):
        current, began, why = batches[0], time.monotonic(), ""
        for line in self.lines(process):
            entry = self.take(line) if line else {}
            if "begins" in entry:
                current, began = entry["begins"], time.monotonic()
            now = time.monotonic()
            if not why and (now - began > self.options.limit or now > self.end):
                why = f"took too long, ended after {now - began:.0f} s"
                os.killpg(process.pid, signal.SIGKILL)
        if process.wait() == 0:
            return []
        self.fail(row, current, why or f"ended with {process.returncode}; log.txt has its words")
        return batches[batches.index(current) + 1:]

    def lines(self, process):
        """What it prints; an empty line now and then while it is silent."""
        rest = b""
        while True:
            if not select.select([process.stdout], [], [], 0.2)[0]:
                yield ""
                continue
            read = os.read(process.stdout.fileno(), 1 << 16)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)

    def take(self, line):
        if not line.startswith(MARK):
            self.log.write(line + "\n")
            return {}
        entry = json.loads(line[len(MARK):])
        if "card" in entry:
            self.card = entry["card"]
        if "row" in entry:
            self.results[entry["row"], entry["batch"]] = entry
            print(gpu_report.line(entry), flush=True)
            self.save()
        return entry

    def fail(self, row, batch, why):
        print(f"{row} at batch {batch}: {why}", flush=True)
        entry = self.results.setdefault((row, batch), {"row": row, "batch": batch,
                                                       "contenders": {}, "errors": {}})
        entry["errors"]["process"] = why
        self.save()

    def save(self):
        kept = {"card": self.card, "results": list(self.results.values())}
        (self.options.out / "results.json").write_text(json.dumps(kept, indent=2) + "\n")


def main():
    options = parse_arguments()
    if options.worker:
        return work(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options.out.mkdir(parents=True, exist_ok=True)
    runner = Runner(options)
    runner.run()
    results = list(runner.results.values())
    report = gpu_report.report(results, runner.card)
    (options.out / "report.md").write_text(report)
    gpu_report.picture(results, options.out)
    print("\n" + report)
    bad = [entry for entry in results if entry["errors"] or not entry.get("right", False)]
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main())
