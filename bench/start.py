"""Cold start: from nothing to the first answer in a fresh process."""
import bars
import markdown
import picture
import ratios
import rounds
from store import Piece

NAME = "start"
WORDS = ("Milliseconds from opening the file to the first answer, in a process of its own that did "
         "nothing before: Cermet opens an engine, ONNX Runtime and OpenVINO make a session from the "
         "model, then each runs once. Starting Python and importing the library is not counted. The "
         "files are in the system's cache. Medians of interleaved rounds.")


def pieces(bench):
    return [Piece(f"{NAME}/{case.label}", lambda case=case: measure(bench, case))
            for case in bench.cases if case.batch == 1]


def measure(bench, case):
    row = rounds.Rounds(bench.peers)
    threads = max(bench.threads)
    # Builds the engine, and brings the files into the cache.
    row.attempt(lambda peer: peer.start(case, threads))
    found = row.take(bench.rounds, lambda peer: peer.start(case, threads))
    return {"model": case.path.stem, "batch": case.batch, "threads": threads,
            "start_ms": rounds.medians(found), "errors": row.errors}


def verdicts(results, limits):
    rows = [(bars.describe(result), found[0]["ort"]) for result in results
            if (found := ratios.of(result["start_ms"])) is not None and "ort" in found[0]]
    return bars.worst_of("start", limits["start"], rows, "row")


def tables(results):
    names = markdown.peer_names(results, "start_ms")
    others = [name for name in names if name != "cermet"]
    table = markdown.Table(["model, batch", *(f"{markdown.TITLES[n]} ms" for n in names),
                            *(f"/ {markdown.TITLES[n]}" for n in others)])
    for result in results:
        each, _ = ratios.of(result["start_ms"]) or ({}, None)
        table.add(markdown.model(result),
                  *(markdown.figure(result["start_ms"].get(n), ".3g") for n in names),
                  *(markdown.figure(each.get(n), ".2f") for n in others))
    return table.lines()


def pictures(results, limits):
    groups = [(markdown.model(result), found[0]) for result in results
              if (found := ratios.of(result["start_ms"])) is not None]
    title = "Cold start of Cermet over the peer's: left of 1 is faster"
    return {"start.svg": picture.bars(title, groups, limits["start"])} if groups else {}
