"""Damaged and hostile model files: always an error that says what is wrong, never a crash.

usage: malformed_test.py [--build-dir DIR] [--mutants N]
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
try:
    import malformed_models
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

INVALID, BUG = 2, 10  # exit statuses
SECONDS, MEMORY = 60, 2 << 30


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(*command):
    """Exit status (below 0: killed by a signal) and what was printed."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True,
                              timeout=SECONDS, preexec_fn=limits, check=False)
    except subprocess.TimeoutExpired:
        return -1, f"took more than {SECONDS} s"
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


class Tester:
    def __init__(self, program, scratch):
        self.program, self.scratch = program, scratch
        self.checked = self.failures = 0

    def expect(self, good, name, status, text):
        self.checked += 1
        if not good:
            self.failures += 1
            print(f"FAILED {name}: exit status {status}: {text.strip()[:300]}")

    def survives(self, name, data, *flags):
        """Any exit status but those of crashes and bugs."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            path = pathlib.Path(folder) / "model.onnx"
            path.write_bytes(data)
            status, text = run(self.program, "run", path, "--random-inputs", "--threads", "1",
                               *flags)
        self.expect(0 <= status < BUG, name, status, text)
        return status

    def refuses(self, name, path, statuses, *words):
        """`check` and `build` both end with one of the statuses and say the words."""
        for command in (["check", path], ["build", path, "-o", self.scratch / "x.engine",
                                          "--tuning-budget", "0"]):
            status, text = run(self.program, *command)
            missing = [word for word in words if word not in text]
            self.expect(status in statuses and not missing, f"{name} ({command[0]})", status,
                        f"{text} (missing: {missing})" if missing else text)


def test_several(tester):
    """`check` shows every problem, not the first alone."""
    path = tester.scratch / "two errors" / "model.onnx"
    status, text = run(tester.program, "check", path)
    shown = all(word in text for word in ("Frobnicate", "Transpose", "nowhere", "3 problems"))
    tester.expect(status == INVALID and shown, "several errors at once", status, text)


def flipped(data, generator):
    """One to eight bits are another."""
    mutant = bytearray(data)
    for _ in range(generator.randint(1, 8)):
        mutant[generator.randrange(len(mutant))] ^= 1 << generator.randrange(8)
    return bytes(mutant)


def test_truncated(tester, seeds):
    for name, (data, flags) in seeds.items():
        for part in range(50):
            tester.survives(f"{name} cut at {part}/50", data[:len(data) * part // 50], *flags)


def test_mutants(tester, seeds, count):
    jobs = []
    for name, (data, flags) in seeds.items():
        generator = random.Random(name)
        for number in range(count // len(seeds)):
            jobs.append((f"{name} mutant {number}", flipped(data, generator), *flags))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(lambda job: tester.survives(*job), jobs))
    print(f"{len(jobs)} mutants: {statuses.count(0)} ran, {len(jobs) - statuses.count(0)} refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", default=os.environ.get("CERMET_BUILD_DIR", "build/release"))
    parser.add_argument("--mutants", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        program = pathlib.Path(options.build_dir).resolve() / "bin" / "cermet"
        tester = Tester(program, scratch)
        for name, (statuses, words) in malformed_models.write_all(scratch).items():
            tester.refuses(name, scratch / name / "model.onnx", statuses, *words)
        test_several(tester)
        seeds = malformed_models.seeds(ROOT)
        test_truncated(tester, seeds)
        test_mutants(tester, seeds, options.mutants)
    print(f"{tester.checked} checks, {tester.failures} failed")
    return 1 if tester.failures else 0


if __name__ == "__main__":
    sys.exit(main())
