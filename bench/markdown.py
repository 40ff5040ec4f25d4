"""Tables in Markdown, and how figures and peers are called in them."""

TITLES = {"ort": "ONNX Runtime", "openvino": "OpenVINO", "cermet": "Cermet"}


class Table:
    def __init__(self, titles):
        self.rows = [titles, ["---"] * len(titles)]

    def add(self, *cells):
        if len(cells) != len(self.rows[0]):
            raise ValueError(f"a row of {len(cells)} cells in a table of {len(self.rows[0])} "
                             f"columns: {cells}")
        self.rows.append(list(map(str, cells)))

    def lines(self):
        return ["| " + " | ".join(cells) + " |" for cells in self.rows]


def figure(value, form):
    return "-" if value is None else format(value, form)


def model(result):
    return f"{result['model']}, {result['batch']}"


def peer_names(results, key):
    """Those that any result has, in the order of TITLES."""
    return [name for name in TITLES if any(name in result[key] for result in results)]
