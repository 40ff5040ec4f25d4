"""Cermet as a peer, driven through its command as a user would drive it."""
import copy
import hashlib
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np

import alone
from timing import PeerError

BUDGET = "--tuning-budget"


def without_budget(options):
    """`--tuning-budget N` and `--tuning-budget=N` are taken out."""
    previous = ["", *options]
    return [option for before, option in zip(previous, options)
            if not option.startswith(BUDGET) and before != BUDGET]


class Cermet:
    """Engines are kept in `folder` and built once; a timing cache there serves all builds."""
    name = "cermet"

    def __init__(self, program, folder, build_options=()):
        self.program = program
        self.folder = pathlib.Path(folder)
        self.build_options = tuple(build_options)
        self.run_options = ()
        self.timing_cache = self.folder / "timing-cache.txt"
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self, *arguments):
        arguments = [self.program, *map(str, arguments)]
        try:
            done = subprocess.run(arguments, capture_output=True, text=True)
        except OSError as error:
            raise PeerError(f"{self.program}: {error.strerror}; name the command by --cermet "
                            "PROGRAM, or leave it out by --peers") from None
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise PeerError(f"`{' '.join(arguments)}` ended with {done.returncode}: {said}")
        return done.stdout.strip()

    def version(self):
        return self.command("--version")

    def fingerprint(self):
        """Tells one build of the program and its libraries from another."""
        program = pathlib.Path(self.program)
        files = [program, *sorted(program.parent.parent.glob("lib/libcermet*.so*"))]
        marks = [f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}"
                 for file in files if file.exists()]
        return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:12]

    def variant(self, name, build_options, timing_cache=True, run_options=()):
        """Cermet as another peer, whose engines are built, and run, with more options."""
        other = copy.copy(self)
        other.name = name
        other.run_options = tuple(run_options)
        kept = self.build_options
        if any(option.startswith(BUDGET) for option in build_options):
            kept = without_budget(kept)
        other.build_options = (*kept, *build_options)
        if not timing_cache:
            other.timing_cache = None
        return other

    def engine(self, case, threads):
        """The engine of a case, built for its shapes unless it lies there already."""
        words = "\n".join([*self.build_options, "" if self.timing_cache else "no timing cache"])
        digest = hashlib.sha256(words.encode()).hexdigest()[:8] if words else "plain"
        path = self.folder / f"{case.label}-t{threads}-{digest}.engine"
        if not path.exists():
            self.build(case, threads, path)
        return path

    def build(self, case, threads, path, options=()):
        """Builds anew; returns the seconds that took. A build cut short leaves no engine.

        A timing cache in `options` takes the place of the one that serves all builds.
        """
        if self.timing_cache and "--timing-cache" not in options:
            options = ["--timing-cache", self.timing_cache, *options]
        unfinished = path.with_suffix(".unfinished")
        begin = time.perf_counter()
        self.command("build", case.path, "--shapes", case.shapes, "--threads", threads,
                     *self.build_options, *options, "-o", unfinished)
        seconds = time.perf_counter() - begin
        unfinished.rename(path)
        return seconds

    def prepare(self, case, threads):
        self.case, self.threads = case, threads
        self.prepared = self.engine(case, threads)

    def outputs(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            arguments = []
            for index, (name, value) in enumerate(self.case.inputs.items()):
                file = pathlib.Path(folder) / f"in{index}.npy"
                np.save(file, value)
                arguments += ["--input", f"{name}={file}"]
            written = pathlib.Path(folder) / "out"
            written.mkdir()
            self.command("run", self.prepared, *arguments, "--output-dir", written, "--by-name")
            return {file.stem: np.load(file) for file in sorted(written.glob("*.npy"))}

    def bench(self, engine, case, threads, *flags):
        """What `cermet bench --json` writes."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            report = pathlib.Path(folder) / "bench.json"
            self.command(*self.bench_arguments(engine, case, threads, *flags), "--json", report)
            return json.loads(report.read_text())

    def bench_arguments(self, engine, case, threads, *flags):
        return ["bench", engine, "--shapes", case.shapes, "--threads", threads,
                *self.run_options, *flags]

    def round(self, seconds, warmup):
        report = self.bench(self.prepared, self.case, self.threads, "--seconds", seconds,
                            "--warmup", warmup)
        return report["latency_ms"]["median"]

    def prepare_contexts(self, case, contexts, threads):
        self.prepare(case, threads)
        self.contexts = contexts

    def at_once(self, seconds, warmup):
        report = self.bench(self.prepared, self.case, self.threads, "--streams", self.contexts,
                            "--seconds", seconds, "--warmup", warmup)
        latency = report["latency_ms"]
        return {"throughput": report["throughput"], "median_ms": latency["median"],
                "p99_ms": latency["p99"]}

    def start(self, case, threads):
        report = self.bench(self.engine(case, threads), case, threads, "--iterations", 1,
                            "--warmup", 0)
        return report["open_ms"] + report["first_run_ms"]

    def peak_memory(self, case, threads):
        arguments = self.bench_arguments(self.engine(case, threads), case, threads,
                                         "--iterations", alone.RUNS, "--warmup", 0)
        bare = alone.peak_of([self.program, "--version"])
        return alone.peak_of([self.program, *arguments]) - bare
