"""ONNX's own backend cases: each model is built, deleted, and run by the runtime library alone.

usage: conformance_test.py [--build-dir DIR] [--only REGEX] [--jobs N] [--device cuda [--emulate]]

A case listed in exceptions.txt has to fail, any other has to pass. Exit status 77: onnx is missing.
With a device each case is built for it and run there by one program, without a process of its own,
and how much of the work the device does is told; --emulate: the GPU of tests/fake_cuda.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
try:
    import onnx
    import backend_cases
    import device_cases
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

SECONDS_A_PROGRAM = 60


def read_exceptions():
    """case -> reason, from lines `suite/case: reason`."""
    exceptions = {}
    for line in (HERE / "exceptions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            case, _, reason = line.partition(": ")
            assert reason, f"exceptions.txt: '{line}' gives no reason"
            exceptions[case] = reason
    return exceptions


def is_random(reason):
    """Whether a case has to run, with values that nobody can foresee."""
    return reason.startswith("random")


def call(*command):
    """What went wrong, or nothing."""
    try:
        done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=SECONDS_A_PROGRAM, check=False)
    except subprocess.TimeoutExpired:
        return f"{command[0].name} took more than {SECONDS_A_PROGRAM} s"
    if done.returncode == 0:
        return ""
    return f"{command[0].name} ended with {done.returncode}: {done.stderr.decode().strip()}"


def check(programs, folder, judged):
    """What is wrong with a case, or nothing; values count only when `judged`."""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        copy, engine = scratch / "model.onnx", scratch / "model.engine"
        shutil.copy(folder / "model.onnx", copy)
        model = onnx.load(copy)
        if problem := call(programs / "cermet", "build", copy, "-o", engine, "--tuning-budget", "0"):
            return problem
        copy.unlink()
        data_sets = sorted(folder.glob("test_data_set_*"))
        assert data_sets, f"{folder} holds no data"
        for data in data_sets:
            problem, values = check_data(programs, engine, model, data, scratch / data.name)
            if problem or (values and judged):
                return problem or values
    return ""


def check_data(programs, engine, model, data, results):
    """What went wrong while running, and which values differ."""
    if problem := call(programs / "cermet-run", engine, "--threads", "1", "--input-dir", data,
                       "--output-dir", results):
        return problem, ""
    want = backend_cases.load_outputs(data, model)
    got = backend_cases.load_outputs(results, model)
    found = (backend_cases.difference(f"output {i}", w, g)
             for i, (w, g) in enumerate(zip(want, got)))
    return "", next((text for text in found if text), "")


def guarded(programs, folder, judged):
    try:
        return check(programs, folder, judged)
    except Exception as error:  # a case that can't be judged has failed
        return f"{type(error).__name__}: {error}"


def report(cases, problems, exceptions):
    """Prints the figures; whether all is as it should be."""
    figures = collections.defaultdict(collections.Counter)
    for case, _ in cases:
        suite, problem = case.split("/")[0], problems[case]
        figures[suite]["cases"] += 1
        random = is_random(exceptions.get(case, ""))
        if case in exceptions and bool(problem) != random:
            figures[suite]["listed"] += 1
        elif problem:
            print(f"FAILED {case}: {problem[:300]}")
            figures[suite]["failed"] += 1
        elif case in exceptions:
            figures[suite]["failed"] += 1
            print(f"FAILED {case}: it passes, take it out of exceptions.txt")
    for suite, count in figures.items():
        passed = count["cases"] - count["listed"] - count["failed"]
        print(f"{suite}: {passed} of {count['cases']} passed, {count['listed']} listed exceptions, "
              f"{count['failed']} failed")
    return not any(count["failed"] for count in figures.values())


def run_on_device(cases, programs, options, is_judged):
    """case -> problem; prints where the work was done."""
    flags, environment = ["--device", options.device], None
    for architecture in options.arch:
        flags += ["--arch", architecture]
    if options.emulate:
        flags += ["--arch", "sm_89"]  # one architecture, as the emulator compiles slowly
        environment = device_cases.emulator_environment(options.build_dir)
    results = device_cases.run_cases(cases, programs, flags, environment, options.jobs, is_judged,
                                     options.freeze, options.seconds, not options.build_only)
    if left := len(cases) - len(results):
        print(f"{left} of {len(cases)} cases were left out: nothing to freeze, or no time")
    device_cases.print_shares(results)
    if options.table:
        device_cases.print_reasons(results)
    return {case: result.problem for case, result in results.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", default=os.environ.get("CERMET_BUILD_DIR", "build/release"))
    parser.add_argument("--only", default="", metavar="REGEX", help="cases as suite/name")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--device", default="", help="cuda, cuda:N: builds are for a GPU")
    parser.add_argument("--arch", action="append", default=[], help="with a device: build for it")
    parser.add_argument("--build-only", action="store_true",
                        help="with a device: run nothing, so that no card has to be there")
    parser.add_argument("--emulate", action="store_true", help="take the emulated GPU")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of N cases take one")
    parser.add_argument("--seconds", type=float, default=float("inf"),
                        help="with a device: no case is begun after so long")
    parser.add_argument("--freeze", choices=["none", "small", "all"], default="none",
                        help="inputs but the first become constants: those of rank 0 and 1, or all")
    parser.add_argument("--table", action="store_true", help="say why steps stay on the host")
    options = parser.parse_args()
    programs = pathlib.Path(options.build_dir).resolve() / "bin"
    every = backend_cases.find_cases()
    exceptions = read_exceptions()
    unknown = set(exceptions) - {case for case, _ in every}
    cases = [(case, folder) for case, folder in every if re.search(options.only, case)]
    cases = cases[::options.every]
    start = time.monotonic()

    def is_judged(case):
        return not is_random(exceptions.get(case, ""))

    if options.device:
        problems = run_on_device(cases, programs, options, is_judged)
        cases = [(case, folder) for case, folder in cases if case in problems]
        if options.build_only:
            print(f"{len(cases)} cases, of which {sum(map(bool, problems.values()))} can't be built, "
                  f"in {time.monotonic() - start:.0f} s")
            return 0
    else:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            found = pool.map(lambda case: guarded(programs, case[1], is_judged(case[0])), cases)
            problems = {case: problem for (case, _), problem in zip(cases, found)}
    good = report(cases, problems, exceptions)
    for case in sorted(unknown):
        print(f"FAILED {case}: listed in exceptions.txt, but onnx {onnx.__version__} has no such case")
    print(f"{len(cases)} cases in {time.monotonic() - start:.0f} s")
    return 0 if good and not unknown else 1


if __name__ == "__main__":
    sys.exit(main())
