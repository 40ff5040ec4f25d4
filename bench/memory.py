"""Peak memory of each peer in a process of its own that opens a model and runs it a few times."""
import bars
import markdown
import ratios
import rounds
from store import Piece

NAME = "memory"
WORDS = ("Peak MiB of a process of its own that opens the model and runs it, above what the bare "
         "process takes (Python with the library, or the command). Cermet maps an engine's weights "
         "from its file; they are counted.")


def pieces(bench):
    return [Piece(f"{NAME}/{case.label}", lambda case=case: measure(bench, case))
            for case in bench.cases]


def measure(bench, case):
    row = rounds.Rounds(bench.peers)
    threads = max(bench.threads)
    peaks = row.attempt(lambda peer: peer.peak_memory(case, threads))
    return {"model": case.path.stem, "batch": case.batch, "threads": threads, "peak_mib": peaks,
            "errors": row.errors}


def verdicts(results, limits):
    rows = [(bars.describe(result), found[1]) for result in results
            if (found := ratios.of(result["peak_mib"])) is not None]
    return bars.worst_of("memory", limits["memory"], rows, "row")


def tables(results):
    names = markdown.peer_names(results, "peak_mib")
    table = markdown.Table(["model, batch", *(f"{markdown.TITLES[n]} MiB" for n in names),
                            "/ the smaller"])
    for result in results:
        _, smaller = ratios.of(result["peak_mib"]) or ({}, None)
        table.add(markdown.model(result),
                  *(markdown.figure(result["peak_mib"].get(n), ".0f") for n in names),
                  markdown.figure(smaller, ".2f"))
    return table.lines()


def pictures(results, limits):
    return {}
