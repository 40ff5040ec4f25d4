"""Two contexts of a model at once: what `streams` and `competition` share."""
import rounds
import statistics

CONTEXTS = 2
# A run so short that Python's own lock decides how many the peers manage.
TOO_SHORT = {"mnist-cntk"}


def measure(bench, case, threads, seconds):
    """Throughput, median and 99th percentile of each peer: medians over interleaved rounds."""
    row = rounds.Rounds(bench.peers)
    row.attempt(lambda peer: peer.prepare_contexts(case, CONTEXTS, threads))
    found = row.take(bench.rounds, lambda peer: peer.at_once(seconds, bench.warmup))
    return {"model": case.path.stem, "batch": case.batch, "threads": threads,
            "figures": {name: middle(figures) for name, figures in found.items()},
            "errors": row.errors}


def middle(figures):
    """The median of each figure, and of the ratio of the 99th percentile to the median."""
    found = {key: statistics.median(figure[key] for figure in figures) for key in figures[0]}
    found["tail"] = statistics.median(f["p99_ms"] / f["median_ms"] for f in figures)
    return found


def column(result, key):
    return {name: figures[key] for name, figures in result["figures"].items()}
