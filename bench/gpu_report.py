"""Tables and a picture of what gpu.py measured."""
import picture as svg

TITLES = {"cermet": "Cermet", "eager": "eager", "graph": "CUDA graph", "compile": "max-autotune",
          "compile-quick": "reduce-overhead", "compile-graph": "max-autotune, graph"}
MEASURES = {"latency_ms": "latency: one run, by the host's clock",
            "gpu_ms": "GPU: a share of runs that follow each other, by the GPU's clock"}


def times(entry, measure):
    return {name: facts[measure] for name, facts in entry["contenders"].items()
            if measure in facts}


def fastest_other(entry, measure):
    found = times(entry, measure)
    found.pop("cermet", None)
    return min(found, key=found.get) if found else None


def ratio(entry, measure):
    """How many times faster Cermet is than the fastest mode of PyTorch."""
    other, found = fastest_other(entry, measure), times(entry, measure)
    return found[other] / found["cermet"] if other and "cermet" in found else None


def label(entry):
    return f"{entry['row']} x{entry['batch']}"


def line(entry):
    parts = [f"{TITLES[name]} {value:.3f}" for name, value in times(entry, "latency_ms").items()]
    best = ratio(entry, "latency_ms")
    verdict = "" if best is None else f"; {best:.2f}x"
    failed = "".join(f"\n  {name}: {text}" for name, text in entry["errors"].items())
    return f"{label(entry)}: ms {', '.join(parts)}{verdict}{failed}"


def table(header, rows):
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [[text.ljust(width) if column == 0 else text.rjust(width)
              for column, (text, width) in enumerate(zip(row, widths))] for row in [header, *rows]]
    lines.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def shown(value, form):
    return "-" if value is None else format(value, form)


def times_table(results, measure):
    names = [name for name in TITLES if any(name in entry["contenders"] for entry in results)]
    rows = []
    for entry in results:
        found = times(entry, measure)
        rows.append([label(entry), *(shown(found.get(name), ".3f") for name in names),
                     shown(ratio(entry, measure), ".2f")])
    return table(["ms", *(TITLES[name] for name in names), "faster than best"], rows)


def facts_table(results):
    rows = []
    for entry in results:
        ours = entry["contenders"].get("cermet", {})
        build = ours.get("build", {})
        theirs = entry["contenders"].get("graph", entry["contenders"].get("eager", {}))
        compiled = [facts["prepare_seconds"] for name, facts in entry["contenders"].items()
                    if name.startswith("compile") and "prepare_seconds" in facts]
        rows.append([
            label(entry), shown(ours.get("error"), ".1e"), shown(theirs.get("error"), ".1e"),
            "yes" if entry.get("right") else "NO",
            shown(build.get("cold_seconds", build.get("seconds")), ".1f"),
            shown(build.get("cached_seconds"), ".1f"), shown(min(compiled, default=None), ".1f"),
            shown(ours.get("first_answer_seconds"), ".3f"), mebibytes(ours.get("device_bytes")),
            mebibytes(ours.get("activation_bytes")), mebibytes(theirs.get("device_bytes"))])
    return table(["", "error", "PyTorch's", "right", "build s", "cached s", "compile s",
                  "first answer s", "MiB", "activations MiB", "PyTorch MiB"], rows)


def mebibytes(count):
    return "-" if count is None else f"{count / 2**20:.0f}"


def report(results, card):
    parts = [f"# Cermet and PyTorch on {card or 'a GPU'}, float16\n"]
    for measure, title in MEASURES.items():
        parts.append(f"## {title}\n\n{times_table(results, measure)}")
    parts.append("## Errors (relative L2 against float32), seconds and memory of the device\n\n"
                 + facts_table(results))
    failed = [f"- {label(entry)}, {name}: {text}" for entry in results
              for name, text in [*entry["errors"].items(), *not_enqueued(entry)]]
    if failed:
        parts.append("## What failed\n\n" + "\n".join(failed) + "\n")
    return "\n".join(parts)


def not_enqueued(entry):
    why = entry["contenders"].get("cermet", {}).get("why_not")
    return [("cermet's runs can't go into a stream", why)] if why else []


def picture(results, folder):
    """How many times faster Cermet is than each mode: PNG where matplotlib is there, else SVG."""
    groups = []
    for entry in results:
        found = times(entry, "gpu_ms")
        group = {name: value / found["cermet"] for name, value in found.items()
                 if name != "cermet" and "cermet" in found}
        if group:
            groups.append((label(entry), group))
    if not groups:
        return
    title = "PyTorch's GPU time over Cermet's (longer: Cermet is faster)"
    (folder / "picture.svg").write_text(
        svg.bars(title, groups, None, {name: f"over {TITLES[name]}" for name in TITLES}))
    try:
        png(title, groups, folder / "picture.png")
    except ImportError:
        pass


def png(title, groups, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    series = list(dict.fromkeys(name for _, group in groups for name in group))
    figure, axes = pyplot.subplots(figsize=(9, 1.5 + 0.16 * len(groups) * (len(series) + 1)))
    for index, name in enumerate(series):
        places = [row * (len(series) + 1) + index for row in range(len(groups))]
        axes.barh(places, [group.get(name, 0) for _, group in groups], label=TITLES[name])
    axes.set_yticks([row * (len(series) + 1) + (len(series) - 1) / 2 for row in range(len(groups))],
                    [label for label, _ in groups])
    axes.invert_yaxis()
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_title(title)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
