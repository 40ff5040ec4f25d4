"""How long a build takes: with nothing measured before, and with everything."""
import pathlib
import tempfile

import bars
import markdown
import rounds
from store import Piece

NAME = "tuning"
WORDS = ("Seconds of `cermet build` with the default budget, first with an empty timing cache, then "
         "with one that lacks nothing. Between them the build is repeated until `--frozen` finds "
         "nothing to measure.")
ROWS = ("resnet50-b1",)
MOST_BUILDS = 6


def pieces(bench):
    if bench.cermet is None:
        return []
    return [Piece(f"{NAME}/{case.label}", lambda case=case: measure(bench, case))
            for case in bench.cases if case.label in ROWS]


def measure(bench, case):
    row = rounds.Rounds([bench.cermet])
    threads = max(bench.threads)
    found = row.attempt(lambda cermet: build_times(cermet, case, threads))
    return {"model": case.path.stem, "batch": case.batch, "threads": threads,
            **found.get("cermet", {}), "errors": row.errors}


def build_times(cermet, case, threads):
    with tempfile.TemporaryDirectory(dir=cermet.folder) as folder:
        engine = pathlib.Path(folder) / "net.engine"
        options = ["--timing-cache", pathlib.Path(folder) / "cache.txt"]
        cold = cermet.build(case, threads, engine, options)
        for builds in range(1, MOST_BUILDS + 1):
            if full(cermet, case, threads, engine, options):
                break
            cermet.build(case, threads, engine, options)
        else:
            raise RuntimeError(f"after {MOST_BUILDS} builds the timing cache still lacks something")
        cached = min(cermet.build(case, threads, engine, options) for _ in range(2))
    return {"cold_s": cold, "cached_s": cached, "builds_to_fill": builds}


def full(cermet, case, threads, engine, options):
    try:
        cermet.build(case, threads, engine, [*options, "--frozen"])
    except Exception as error:
        if "timing cache" not in str(error):
            raise
        return False
    return True


def verdicts(results, limits):
    return [bars.Verdict(bar, limits[bar], result[key], f"{bars.describe(result)}, seconds")
            for result in results
            for bar, key in (("build-cold", "cold_s"), ("build-cached", "cached_s"))
            if key in result]


def tables(results):
    table = markdown.Table(["model, batch", "threads", "cold s", "cached s", "builds to fill the cache"])
    for result in results:
        table.add(markdown.model(result), result["threads"],
                  markdown.figure(result.get("cold_s"), ".2f"),
                  markdown.figure(result.get("cached_s"), ".2f"),
                  result.get("builds_to_fill", "-"))
    return table.lines()


def pictures(results, limits):
    return {}
