"""Latency of one stream: Cermet and its peers interleaved, outputs compared."""
import bars
import markdown
import picture
import ratios
import rounds
from store import Piece

NAME = "latency"
WORDS = ("One run after the other. Milliseconds are medians of interleaved rounds' medians; a ratio "
         "is Cermet's time over the peer's, below 1 Cermet is faster. The last column is the largest "
         "max |a-b| / max |b| of Cermet's outputs against ONNX Runtime's.")


def pieces(bench):
    return [Piece(f"{NAME}/{case.label}-t{threads}",
                  lambda case=case, threads=threads: measure(bench, case, threads))
            for threads in bench.threads for case in bench.cases]


def measure(bench, case, threads):
    row = rounds.Rounds(bench.peers)
    row.attempt(lambda peer: peer.prepare(case, threads))
    reference, errors = row.compare_outputs()
    found = row.take(bench.rounds, lambda peer: peer.round(bench.seconds, bench.warmup))
    return {"model": case.path.stem, "batch": case.batch, "threads": threads,
            "reference": reference, "relative_error": errors, "round_medians_ms": found,
            "median_ms": rounds.medians(found), "errors": row.errors}


def time_ratios(results):
    """(result, ratio to each peer, ratio to the faster) of the rows that Cermet and a peer have."""
    return [(result, *found) for result in results
            if (found := ratios.of(result["median_ms"])) is not None]


def verdicts(results, limits):
    rows = time_ratios(results)
    found = bars.worst_of("row", limits["row"],
                          [(bars.describe(result), faster) for result, _, faster in rows], "row")
    for threads, mean in ratios.means([(r["threads"], faster) for r, _, faster in rows]).items():
        found.append(bars.Verdict("mean", limits["mean"], mean, f"{threads} thread(s)"))
    errors = [(bars.describe(result), result["relative_error"]["cermet"]) for result in results
              if "cermet" in result["relative_error"]]
    return found + bars.worst_of("error", limits["error"], errors, "row")


def tables(results):
    names = markdown.peer_names(results, "median_ms")
    others = [name for name in names if name != "cermet"]
    table = markdown.Table(["threads", "model, batch", *(f"{markdown.TITLES[n]} ms" for n in names),
                            *(f"/ {markdown.TITLES[n]}" for n in others), "/ the faster", "error"])
    for result in results:
        each, faster = ratios.of(result["median_ms"]) or ({}, None)
        table.add(result["threads"], markdown.model(result),
                  *(markdown.figure(result["median_ms"].get(n), ".4g") for n in names),
                  *(markdown.figure(each.get(n), ".3f") for n in others),
                  markdown.figure(faster, ".3f"),
                  markdown.figure(result["relative_error"].get("cermet"), ".1e"))
    rows = time_ratios(results)
    for threads in sorted({result["threads"] for result, _, _ in rows}):
        means = [ratios.means([(r["threads"], each[n]) for r, each, _ in rows if n in each])
                 for n in others]
        overall = ratios.means([(r["threads"], faster) for r, _, faster in rows])
        table.add(threads, "**geometric mean**", *("" for _ in names),
                  *(f"**{markdown.figure(mean.get(threads), '.3f')}**" for mean in means),
                  f"**{overall[threads]:.3f}**", "")
    return table.lines()


def pictures(results, limits):
    """One a thread count."""
    rows = time_ratios(results)
    title = "Time of Cermet over the peer's, {} thread(s): left of 1 is faster"
    return {f"latency-{threads}-threads.svg": picture.bars(
                title.format(threads),
                [(markdown.model(result), {**each}) for result, each, _ in rows
                 if result["threads"] == threads], limits["row"])
            for threads in sorted({result["threads"] for result, _, _ in rows})}
