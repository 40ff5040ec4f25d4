"""What each optimisation is worth: the same network with it and without it."""
import dataclasses
import pathlib
import tempfile

import bars
import cases
import markdown
import picture
import ratios
import rounds
from cermet_peer import BUDGET
from store import Piece

NAME = "worth"
WORDS = ("Each optimisation switched off alone, on rows whose operators it concerns, with the most "
         "threads. Both engines are built with times for all their kernels; their runs, or their "
         "builds from a full timing cache, are interleaved. Above 1 the optimisation pays. The error "
         "is the largest max |a-b| / max |b| of the outputs without it against those with it. Without "
         "`fusion` an operator on elements has its reference kernel alone; `epilogues` leaves those "
         "of convolutions and products to kernels of their own.")
# Seconds: enough to measure all kernels, so that no side has better times by having been built later.
THOROUGH = 30
LATENCY, BUILD = "ms of a run", "s of a build"


@dataclasses.dataclass
class Optimisation:
    """Switched off by `off`, options of `cermet build`, and `off_in_runs`, of `cermet bench`."""
    name: str
    off: list
    rows: tuple
    measured: str = LATENCY
    timing_cache: bool = True
    batch: int = 1
    off_in_runs: tuple = ()


def skipping(*passes):
    return [option for name in passes for option in ("--skip-pass", name)]


FUSIONS = ("fuse-softmax", "fuse-normalization", "fuse-activation", "fuse-attention",
           "fuse-epilogue", "fuse-pointwise")
OPTIMISATIONS = (
    Optimisation("fusion", skipping(*FUSIONS), ("mobilenet_v2", "resnet18", "bert_base")),
    Optimisation("epilogues", skipping("fuse-epilogue"),
                 ("mobilenet_v2", "resnet18", "efficientnet_b0")),
    Optimisation("attention", skipping("fuse-attention"),
                 ("bert_base", "whisper_encoder")),
    Optimisation("layout", skipping("assign-layouts"),
                 ("mobilenet_v2", "resnet18", "efficientnet_b0", "yolo_small")),
    Optimisation("views", skipping("cuts-as-views", "absorb-cuts", "concat-in-place"),
                 ("yolo_small", "ultraface-rfb-320")),
    Optimisation("Winograd", ["--disable-tactic", "cpu.winograd"],
                 ("resnet18", "yolo_small", "ultraface-rfb-320")),
    Optimisation("oneDNN", ["--disable-tactic", "onednn."],
                 ("mobilenet_v2", "resnet18", "bert_base", "yolo_small")),
    Optimisation("tuning", [f"{BUDGET}=0"],
                 ("mobilenet_v2", "resnet18", "efficientnet_b0", "yolo_small"),
                 timing_cache=False),
    Optimisation("slices", skipping("slice-batch"), ("mobilenet_v2",), batch=8),
    Optimisation("spinning", [], ("mobilenet_v2", "resnet18", "ultraface-rfb-320", "mnist-cntk"),
                 off_in_runs=("--spin", "0")),
    Optimisation("validation", ["--no-validation"], ("mobilenet_v2", "resnet18"), BUILD),
)
STANDARD = {name for name, _ in cases.EXPORTED_ROWS + cases.BROUGHT_ROWS}


def concerns(optimisation, case):
    """A row that the user brought takes part in everything."""
    name = case.path.stem
    return name not in STANDARD or (case.batch == optimisation.batch and name in optimisation.rows)


def pieces(bench):
    if bench.cermet is None:
        return []
    return [Piece(f"{NAME}/{optimisation.name}-{case.label}",
                  lambda optimisation=optimisation, case=case: measure(bench, optimisation, case))
            for optimisation in OPTIMISATIONS for case in bench.cases
            if concerns(optimisation, case)]


def sides(cermet, optimisation):
    """Cermet with the optimisation and without it, as peers."""
    budget = [f"{BUDGET}={THOROUGH}"]
    off = optimisation.off
    if not any(option.startswith(BUDGET) for option in off):
        off = [*budget, *off]
    return [cermet.variant("with", budget),
            cermet.variant("without", off, optimisation.timing_cache, optimisation.off_in_runs)]


def measure(bench, optimisation, case):
    threads = max(bench.threads)
    row = rounds.Rounds(sides(bench.cermet, optimisation))
    row.attempt(lambda side: side.prepare(case, threads))
    _, errors = row.compare_outputs()
    if optimisation.measured == BUILD:
        found = row.take(bench.rounds, lambda side: seconds_of_a_build(side, case, threads))
    else:
        found = row.take(bench.rounds, lambda side: side.round(bench.seconds, bench.warmup))
    return {"optimisation": optimisation.name, "measured": optimisation.measured,
            "model": case.path.stem, "batch": case.batch, "threads": threads,
            "relative_error": max(errors.values(), default=None),
            "medians": rounds.medians(found), "errors": row.errors}


def seconds_of_a_build(side, case, threads):
    with tempfile.TemporaryDirectory(dir=side.folder) as folder:
        return side.build(case, threads, pathlib.Path(folder) / "net.engine")


def costs(results):
    """(result, what it takes with the optimisation over without) where both sides are there."""
    return [(result, result["medians"]["with"] / result["medians"]["without"])
            for result in results if len(result["medians"]) == 2]


def means(results):
    """Optimisation to the geometric mean of its rows, for those that want to make runs faster."""
    return ratios.means([(result["optimisation"], cost) for result, cost in costs(results)
                         if result["measured"] == LATENCY])


def verdicts(results, limits):
    found = [bars.Verdict("worth", limits["worth"], mean, f"{name}: with it over without, mean")
             for name, mean in means(results).items()]
    errors = [(f"{bars.describe(result)} without {result['optimisation']}", result["relative_error"])
              for result in results if result["relative_error"] is not None]
    return found + bars.worst_of("error", limits["error"], errors, "row")


def tables(results):
    table = markdown.Table(["optimisation", "model, batch", "measured", "with", "without",
                            "without / with", "error"])
    ratio_of = {id(result): 1 / cost for result, cost in costs(results)}
    for result in results:
        table.add(result["optimisation"], markdown.model(result), result["measured"],
                  *(markdown.figure(result["medians"].get(side), ".4g")
                    for side in ("with", "without")),
                  markdown.figure(ratio_of.get(id(result)), ".3f"),
                  markdown.figure(result["relative_error"], ".1e"))
    for name, mean in means(results).items():
        table.add(name, "**geometric mean**", LATENCY, "", "", f"**{1 / mean:.3f}**", "")
    return table.lines()


def pictures(results, limits):
    groups = [(name, {"gain": 1 / mean}) for name, mean in means(results).items()]
    title = "Time without an optimisation over time with it: right of 1 it pays"
    return {"worth.svg": picture.bars(title, groups, 1.0, {"gain": "mean of its rows"})
            } if groups else {}
