"""An SVG of ratios: a group of bars a row, a bar a series, a rule at 1 and at the bar."""
import html
import math

# In pixels; one colour a series.
LABEL_WIDTH, BAR_WIDTH, VALUE_WIDTH = 190, 420, 60
BAR_HEIGHT, ROW_GAP, MARGIN = 14, 10, 28
OVER = {"ort": "over ONNX Runtime", "openvino": "over OpenVINO"}
COLOURS = ["#2f6f9f", "#d98c3f", "#5d9a5d", "#8a6bb0"]


def bars(title, groups, limit, names=OVER):
    """Groups are (label, {series: value}); `limit` is drawn where it is not 1, or None: unset."""
    series = list(dict.fromkeys(name for _, group in groups for name in group))
    colour = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(series)}
    limit = 1.0 if limit is None else limit
    longest = max([1.0, limit, *(value for _, group in groups for value in group.values())])
    scale = BAR_WIDTH / (math.ceil(longest * 10) / 10)
    shapes, words, bottom = rows(groups, colour, scale)
    marks = [text(LABEL_WIDTH, MARGIN - 8, title), *shapes, *legend(colour, names), *words,
             *rule(1.0, scale, bottom, "black")]
    if limit != 1.0:
        marks += rule(limit, scale, bottom, "#b03030")
    width, height = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH, bottom + MARGIN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>', *marks, "</svg>", ""])


def rows(groups, colour, scale):
    shapes, words, y = [], [], 2 * MARGIN
    for label, group in groups:
        words.append(text(LABEL_WIDTH - 8, y + BAR_HEIGHT * len(group) / 2 + 4, label, "end"))
        for name, value in group.items():
            shapes.append(f'<rect x="{LABEL_WIDTH}" y="{y}" width="{value * scale:.1f}" '
                          f'height="{BAR_HEIGHT - 2}" fill="{colour[name]}"/>')
            words.append(text(LABEL_WIDTH + BAR_WIDTH + 10, y + 10, f"{value:.2f}"))
            y += BAR_HEIGHT
        y += ROW_GAP
    return shapes, words, y


def rule(at, scale, bottom, stroke):
    x = LABEL_WIDTH + at * scale
    return [f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{2 * MARGIN - 6}" y2="{bottom}" '
            f'stroke="{stroke}" stroke-dasharray="4 3"/>',
            text(x, bottom + 14, f"{at:.3g}", "middle")]


def legend(colour, names):
    marks = []
    for index, (name, fill) in enumerate(colour.items()):
        left = LABEL_WIDTH + 160 * index
        marks.append(f'<rect x="{left}" y="{MARGIN + 2}" width="12" height="12" fill="{fill}"/>')
        marks.append(text(left + 17, MARGIN + 12, names.get(name, name)))
    return marks


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>'
