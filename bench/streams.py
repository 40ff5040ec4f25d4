"""Throughput of two streams of one thread each."""
import at_once
import bars
import markdown
import picture
import ratios
from store import Piece

NAME = "streams"
WORDS = ("Runs a second of two streams of one thread each, which share the machine: two execution "
         "contexts of one engine, two sessions of ONNX Runtime, two streams of one OpenVINO model. A "
         "ratio is the peer's figure over Cermet's, below 1 Cermet does more.")


def pieces(bench):
    return [Piece(f"{NAME}/{case.label}", lambda case=case: measure(bench, case))
            for case in bench.cases if case.batch == 1 and case.path.stem not in at_once.TOO_SHORT]


def measure(bench, case):
    return at_once.measure(bench, case, 1, bench.seconds)


def time_ratios(results):
    """Of the wall-clock time that a run takes up."""
    times = [(result, {name: 1 / value for name, value in
                       at_once.column(result, "throughput").items()}) for result in results]
    return [(result, *found) for result, time in times if (found := ratios.of(time)) is not None]


def verdicts(results, limits):
    rows = time_ratios(results)
    found = bars.worst_of("streams", limits["streams"],
                          [(bars.describe(result), faster) for result, _, faster in rows], "row")
    mean = ratios.means([("all", faster) for _, _, faster in rows])
    return found + [bars.Verdict("streams-mean", limits["streams-mean"], value, f"{key} rows")
                    for key, value in mean.items()]


def tables(results):
    names = markdown.peer_names(results, "figures")
    others = [name for name in names if name != "cermet"]
    table = markdown.Table(["model, batch", *(f"{markdown.TITLES[n]} runs/s" for n in names),
                            *(f"/ {markdown.TITLES[n]}" for n in others), "/ the faster"])
    rows = time_ratios(results)
    ratios_of = {id(result): (each, faster) for result, each, faster in rows}
    for result in results:
        each, faster = ratios_of.get(id(result), ({}, None))
        runs = at_once.column(result, "throughput")
        table.add(markdown.model(result), *(markdown.figure(runs.get(n), ".4g") for n in names),
                  *(markdown.figure(each.get(n), ".3f") for n in others),
                  markdown.figure(faster, ".3f"))
    for _, mean in ratios.means([("all", faster) for _, _, faster in rows]).items():
        means = [ratios.means([("all", each[n]) for _, each, _ in rows if n in each]).get("all")
                 for n in others]
        table.add("**geometric mean**", *("" for _ in names),
                  *(f"**{markdown.figure(value, '.3f')}**" for value in means), f"**{mean:.3f}**")
    return table.lines()


def pictures(results, limits):
    groups = [(markdown.model(result), each) for result, each, _ in time_ratios(results)]
    title = "Two streams: the peer's throughput over Cermet's, left of 1 Cermet does more"
    return {"streams.svg": picture.bars(title, groups, limits["streams"])} if groups else {}
