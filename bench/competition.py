"""How steady latency stays while two contexts compete for the cores."""
import at_once
import bars
import markdown
import picture
from store import Piece

NAME = "competition"
WORDS = ("Two contexts at once, each of so many threads, as if two programs used the machine: the "
         "median and the 99th percentile of all runs' latencies, and the one over the other.")
# Short enough that a round holds enough runs for a percentile.
ROWS = ("mobilenet_v2-b1", "resnet18-b1", "resnet50-b1", "efficientnet_b0-b1",
        "ultraface-rfb-320-b1", "magika-v3-b1")
# Percentiles want more runs than medians do.
LONGER = 2


def pieces(bench):
    return [Piece(f"{NAME}/{case.label}-t{threads}",
                  lambda case=case, threads=threads: measure(bench, case, threads))
            for threads in bench.threads for case in bench.cases if case.label in ROWS]


def measure(bench, case, threads):
    return at_once.measure(bench, case, threads, LONGER * bench.seconds)


def verdicts(results, limits):
    tails = [(bars.describe(result), result["figures"]["cermet"]["tail"]) for result in results
             if "cermet" in result["figures"]]
    return bars.worst_of("tail", limits["tail"], tails, "row")


def tables(results):
    names = markdown.peer_names(results, "figures")
    table = markdown.Table(["threads of each", "model, batch",
                            *(f"{markdown.TITLES[n]} median, p99 ms" for n in names),
                            *(f"{markdown.TITLES[n]} p99 / median" for n in names)])
    for result in results:
        figures = result["figures"]
        table.add(result["threads"], markdown.model(result),
                  *(both(figures.get(n)) for n in names),
                  *(markdown.figure(figures.get(n, {}).get("tail"), ".2f") for n in names))
    return table.lines()


def both(figures):
    return "-" if figures is None else f"{figures['median_ms']:.3g}, {figures['p99_ms']:.3g}"


def pictures(results, limits):
    groups = [(f"{result['model']}, {result['threads']} thread(s)", at_once.column(result, "tail"))
              for result in results if result["figures"]]
    title = "Two contexts at once: the 99th percentile of latency over the median"
    return {"competition.svg": picture.bars(title, groups, limits["tail"], markdown.TITLES)
            } if groups else {}
