#!/usr/bin/env python3
"""What Cermet says on a real GPU when a card can't be used, and engines for other cards.

usage: errors_test.py [--folder FOLDER]
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

import models_test
from models_test import gpu_cermet

DEVICE = 8  # exit status
OTHER, FAMILY = "sm_80", "sm_8"  # machine code that cards of other families refuse
NO_CARD = {"CUDA_VISIBLE_DEVICES": "", "FAKE_CUDA": "cards=0"}  # for driver and emulator


class Checks:
    def __init__(self, folder):
        case = models_test.Case("tiny", folder)
        self.build = ["build", case.path, "--shapes", case.shapes(1)]
        self.folder, self.failures = folder, 0

    def command(self, *arguments, environment=None):
        done = subprocess.run([str(gpu_cermet.program()), *map(str, arguments)], text=True,
                              capture_output=True, env={**os.environ, **(environment or {})})
        return done.returncode, done.stdout + done.stderr

    def expect(self, what, status, text, *arguments, environment=None):
        got, said = self.command(*arguments, environment=environment)
        right = got == status and re.search(text, said)
        self.failures += not right
        last = said.strip().splitlines()[-1] if said.strip() else ""
        print(f"{'ok' if right else 'FAILED'}  {what}: {last[:300]}", flush=True)
        if not right:
            print(f"  expected status {status} and '{text}', got {got}:\n{said[-1500:]}")

    def engine(self, name, *options):
        path = self.folder / f"errors-{name}.engine"
        self.expect(f"build {name}", 0, "built in", *self.build, "-o", path, *options)
        return path

    def run(self):
        bench = ["--iterations", 2, "--warmup", 0]
        self.expect("cards are listed", 0, "cuda:0", "devices")
        here = self.engine("here", "--device", "cuda")
        self.expect("it runs", 0, "GPU ms", "bench", here, *bench, "--device-memory")
        self.expect("each step has its part of the roof", 0, r"\d\.\d% +\d+% +\S", "bench", here,
                    *bench, "--per-layer")
        self.expect("the report knows the card", 0, r"\d+ steps", "report", here, "-o",
                    self.folder / "errors.html", "--seconds", 0.2)
        self.expect("a card too many", DEVICE, "cuda:99", "bench", here, *bench, "--device", "cuda:99")
        self.expect("no card to run on", DEVICE, ".", "bench", here, *bench, environment=NO_CARD)
        self.expect("no card to build for", DEVICE, ".", *self.build, "-o", here, "--device",
                    "cuda", environment=NO_CARD)
        self.expect("the CPU in its place", 0, "built in", *self.build, "-o",
                    self.folder / "errors-cpu.engine", environment=NO_CARD)
        other = self.engine("other", "--device", "cuda", "--arch", OTHER, "--keep-model")
        status, said = self.command("devices")
        if FAMILY not in said:
            self.expect("machine code of another card", DEVICE, "sm_", "bench", other, *bench)
            self.expect("it can't be tuned here", DEVICE, "none of which runs", "tune", other)
        self.tunes(bench)
        return self.failures

    def tunes(self, bench):
        """An engine that was built as if there were no card, and one of two plans."""
        with_ptx = ["--arch", "compute_80"]
        away = self.folder / "errors-away.engine"
        self.expect("build without a card", 0, "cermet tune", *self.build, "-o", away, "--device",
                    "cuda,cpu", *with_ptx, "--tuning-budget", 0, environment=NO_CARD)
        self.expect("it says untuned", 0, "untuned", "inspect", away)
        self.expect("it runs on the CPU where no card is", 0, "runs on cpu", "bench", away, *bench,
                    environment=NO_CARD)
        self.expect("it can't be tuned there", DEVICE, "tuning measures", "tune", away,
                    environment=NO_CARD)
        self.expect("it runs on the card", 0, "runs on cuda:0", "bench", away, *bench)
        self.expect("it is tuned", 0, "tuned in", "tune", away, "--tuning-budget", 2)
        self.expect("it says so", 0, r"--arch compute_80 --threads", "inspect", away)
        self.expect("it runs on the card", 0, "runs on cuda:0", "bench", away, *bench)
        ptx = self.engine("ptx", "--device", "cuda", "--arch", "compute_80")
        self.expect("the driver compiles PTX", 0, "runs/s", "bench", ptx, *bench)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/gpu-models"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    failures = Checks(options.folder).run()
    print(f"{failures} failure(s)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
