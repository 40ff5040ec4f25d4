"""What the figures are held against, and how a verdict reads."""
import dataclasses

# Name to (value, what has to be at most that). `--bar NAME=VALUE` sets another value; without any,
# the figure is told and not judged.
BARS = {
    "row": (1.0, "latency over the faster peer's, any row"),
    "mean": (1.0, "latency over the faster peer's, geometric mean"),
    "memory": (None, "peak memory over the smaller peer's, any row"),
    "streams": (1.0, "the better peer's throughput over Cermet's, any row"),
    "streams-mean": (1.0, "the better peer's throughput over Cermet's, geometric mean"),
    "tail": (2.0, "99th percentile over median with two contexts at once, any row"),
    "start": (1 / 3, "cold start over ONNX Runtime's, any row"),
    "build-cold": (15, "seconds of a build that measures"),
    "build-cached": (1, "seconds of a build that finds everything measured"),
    "worth": (1.0, "time with an optimisation over time without it, mean of its rows"),
    "error": (1e-3, "max |a-b| / max |b| of an output against ONNX Runtime's"),
}


@dataclasses.dataclass
class Verdict:
    bar: str
    limit: float | None
    figure: float
    subject: str

    @property
    def held(self):
        return self.limit is None or self.figure <= self.limit

    def __str__(self):
        word = "told" if self.limit is None else "held" if self.held else "BROKEN"
        wanted = "" if self.limit is None else f", at most {self.limit:.3g} wanted"
        return f"{word:6} {self.bar}: {self.subject}: {self.figure:.3g}{wanted}"


@dataclasses.dataclass
class Failure:
    """A peer that could not do its part breaks the run whatever the figures are."""
    subject: str
    why: str
    held = False

    def __str__(self):
        words = " ".join(self.why.split())
        return f"BROKEN {self.subject}: {words if len(words) <= 300 else words[:300] + ' ...'}"


def limits(settings):
    """Name to value, from BARS and NAME=VALUE texts."""
    found = {name: value for name, (value, _) in BARS.items()}
    for text in settings:
        name, _, value = text.partition("=")
        if name not in found:
            raise ValueError(f"--bar {text}: expected one of {', '.join(BARS)}")
        try:
            found[name] = float(value)
        except ValueError:
            raise ValueError(f"--bar {text}: expected {name}=NUMBER") from None
    return found


def worst_of(bar, limit, figures, what):
    """One verdict on all of (subject, figure): the worst is named, and how many are over."""
    if not figures:
        return []
    subject, figure = max(figures, key=lambda pair: pair[1])
    over = "" if limit is None else f", {sum(v > limit for _, v in figures)} over the bar"
    return [Verdict(bar, limit, figure, f"worst {what} of {len(figures)} is {subject}{over}")]


def failures(results):
    """The peers' errors in all results."""
    return [Failure(f"{describe(result)}, {peer}", why)
            for result in results for peer, why in result.get("errors", {}).items()]


def describe(result):
    threads = result.get("threads")
    return f"{result['model']} b{result['batch']}" + (f" t{threads}" if threads else "")


def help_text():
    return "; ".join(f"{name} {'unset' if value is None else format(value, '.3g')}: {what}"
                     for name, (value, what) in BARS.items())
