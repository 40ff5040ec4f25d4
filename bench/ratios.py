"""Cermet's figures over its peers'."""
import statistics


def of(figures):
    """({peer: ratio}, ratio to the lowest of the peers), or None where Cermet or all peers lack."""
    if "cermet" not in figures or len(figures) < 2:
        return None
    each = {name: figures["cermet"] / value for name, value in figures.items() if name != "cermet"}
    return each, max(each.values())


def means(pairs):
    """Key to the geometric mean of its values, of (key, value)."""
    found = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: statistics.geometric_mean(values) for key, values in sorted(found.items())}
