"""The results as a table, as JSON, and as a picture of the ratios.

A result is a dict: model, batch, threads, round_medians_ms (peer to list), median_ms (peer to
number), relative_error (peer to number, against `reference`), errors (peer to text).
"""
import html
import math
import statistics

# The look of the picture, in pixels and colours; one colour a thread count.
LABEL_WIDTH, BAR_WIDTH, VALUE_WIDTH = 190, 420, 60
BAR_HEIGHT, ROW_GAP, MARGIN = 16, 10, 28
TITLES = {"ort": "ONNX Runtime", "openvino": "OpenVINO"}
COLOURS = ["#2f6f9f", "#d98c3f", "#5d9a5d", "#8a6bb0"]


def ratio(result, baseline):
    """Cermet's median over the baseline's; below 1 Cermet is faster. None where one is missing."""
    medians = result["median_ms"]
    if "cermet" not in medians or baseline not in medians:
        return None
    return medians["cermet"] / medians[baseline]


def geometric_means(results, baseline):
    """Thread count to (geometric mean of the ratios, how many rows it covers)."""
    by_threads = {}
    for result in results:
        if (value := ratio(result, baseline)) is not None:
            by_threads.setdefault(result["threads"], []).append(value)
    return {threads: (statistics.geometric_mean(found), len(found))
            for threads, found in by_threads.items()}


def heading(peers, baselines):
    times = "".join(f"{peer + ' ms':>12}" for peer in peers)
    ratios = "".join(f"{'cermet/' + name:>16}" for name in baselines)
    return f"{'model':24}{'batch':>6}{'threads':>8}{times}{ratios}  relative error"


def line(result, peers, baselines):
    times = "".join(cell(result["median_ms"].get(peer), ".4g", 12) for peer in peers)
    ratios = "".join(cell(ratio(result, name), ".3f", 16) for name in baselines)
    errors = ", ".join(f"{peer} {value:.1e}" for peer, value in result["relative_error"].items())
    row = f"{result['model']:24}{result['batch']:>6}{result['threads']:>8}{times}{ratios}  {errors}"
    failures = [f"    {peer}: {shortened(why)}" for peer, why in result["errors"].items()]
    return "\n".join([row, *failures])


def shortened(words, longest=300):
    """On one line; the JSON file has all of it."""
    words = " ".join(words.split())
    return words if len(words) <= longest else f"{words[:longest // 2]} ... {words[-longest // 2:]}"


def cell(value, form, width):
    return f"{'-' if value is None else format(value, form):>{width}}"


def summary(results, baselines):
    """One line for each baseline and thread count that has ratios."""
    return [f"geometric mean cermet/{name}, {threads} thread(s), {count} row(s): {mean:.3f}"
            for name in baselines
            for threads, (mean, count) in geometric_means(results, name).items()]


def picture(results, baseline):
    """An SVG of bars, a group a row, the rule at 1 being the baseline; '' without ratios."""
    groups = {}
    for result in results:
        if (value := ratio(result, baseline)) is not None:
            groups.setdefault((result["model"], result["batch"]), {})[result["threads"]] = value
    if not groups:
        return ""
    threads = sorted({count for group in groups.values() for count in group})
    colour = {count: COLOURS[index % len(COLOURS)] for index, count in enumerate(threads)}
    longest = max(1.0, *(value for group in groups.values() for value in group.values()))
    scale = BAR_WIDTH / (math.ceil(longest * 10) / 10)
    shapes, words, bottom = bars(groups, colour, scale)
    marks = shapes + rule_and_legend(baseline, colour, scale, bottom) + words
    width, height = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH, bottom + MARGIN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>', *marks, "</svg>", ""])


def bars(groups, colour, scale):
    shapes, words, y = [], [], 2 * MARGIN
    for (model, batch), group in groups.items():
        middle = y + BAR_HEIGHT * len(group) / 2 + 4
        words.append(text(LABEL_WIDTH - 8, middle, f"{model}, batch {batch}", "end"))
        for threads, value in sorted(group.items()):
            shapes.append(f'<rect x="{LABEL_WIDTH}" y="{y}" width="{value * scale:.1f}" '
                          f'height="{BAR_HEIGHT - 2}" fill="{colour[threads]}"/>')
            words.append(text(LABEL_WIDTH + BAR_WIDTH + 10, y + 11, f"{value:.2f}"))
            y += BAR_HEIGHT
        y += ROW_GAP
    return shapes, words, y


def rule_and_legend(baseline, colour, scale, bottom):
    x = LABEL_WIDTH + scale
    title = f"Time of Cermet over {TITLES[baseline]}'s: left of 1 is faster"
    marks = [text(LABEL_WIDTH, MARGIN - 8, title),
             f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{2 * MARGIN - 6}" y2="{bottom}" stroke="black" '
             'stroke-dasharray="4 3"/>']
    for index, (threads, fill) in enumerate(colour.items()):
        left = LABEL_WIDTH + 100 * index
        marks.append(f'<rect x="{left}" y="{MARGIN + 2}" width="12" height="12" fill="{fill}"/>')
        marks.append(text(left + 17, MARGIN + 12, f"{threads} thread{'s' if threads > 1 else ''}"))
    return marks


def text(x, y, words, anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>')
