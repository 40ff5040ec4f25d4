"""Mutants of models and engines, built or run within one process: refused or fine, never a crash,
a hang or a bug. Meant for the asan build.

usage: mutants_test.py [--count N] [--seed N] [FOLDER...]
Default: 600 mutants (or CERMET_MUTANTS) of the fuzzers' corpus and the examples.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CERMET_BUILD_DIR", ROOT / "build" / "release"))
PROGRAM = BUILD / "bin" / "test_mutants"
FOLDERS = [ROOT / "tests" / "fuzz" / "corpus", ROOT / "examples"]
BATCH = 100
if not PROGRAM.exists():
    print(f"skipped: {PROGRAM} is not built")
    sys.exit(77)


def run_once(folder, count, seed, first):
    """Counts of refused, accepted and bugs; how many mutants were tried; what to show."""
    done = subprocess.run([PROGRAM, folder, str(count), str(seed), str(first)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace")
    figures = re.search(r"(\d+) refused, (\d+) built or run, (\d+) bugs\n$", text)
    if figures:
        counts = [int(figure) for figure in figures.groups()]
        return counts, count, text[-3000:] if counts[2] else ""
    starts = list(re.finditer(r"^mutant (\d+):.*$", text, re.MULTILINE))
    tried = int(starts[-1][1]) - first + 1 if starts else count
    shown = text[starts[-1].start():] if starts else text
    return [0, tried - 1, 1], tried, f"ended with status {done.returncode}: {shown[:6000]}"


def run_batch(folder, count, seed, first):
    """Goes on behind a mutant that ended the process, whose forerunners count as accepted."""
    totals, shown, end = [0, 0, 0], [], first + count
    while first < end:
        counts, tried, text = run_once(folder, end - first, seed, first)
        totals = [total + more for total, more in zip(totals, counts)]
        first += tried
        if text:
            shown.append(text)
    return totals, "\n".join(shown)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=int(os.environ.get("CERMET_MUTANTS", "600")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    folders = [folder for folder in options.folders or FOLDERS if folder.is_dir()]
    each = -(-options.count // len(folders))
    jobs = [(folder, min(BATCH, each - first), options.seed, first)
            for folder in folders for first in range(0, each, BATCH)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda job: run_batch(*job), jobs))
    for job, (_, shown) in zip(jobs, results):
        if shown:
            print(f"FAILED: test_mutants {' '.join(map(str, job))}\n{shown}")
    refused, accepted, bugs = (sum(counts[i] for counts, _ in results) for i in range(3))
    print(f"{refused + accepted + bugs} mutants: {refused} refused, {accepted} built or run, "
          f"{bugs} bugs or crashes")
    return 1 if bugs else 0


if __name__ == "__main__":
    sys.exit(main())
