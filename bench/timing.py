"""Timing a callable in this process, alone or several at once; and comparing outputs."""
import re
import statistics
import threading
import time

import numpy as np

# A slow model still gets a median that one disturbed run can't decide.
FEWEST_RUNS = 2


class PeerError(Exception):
    """A peer could not do its part; the message is what it said."""


def time_round(run, seconds, warmup):
    """Median milliseconds of run(), called for `seconds` after `warmup` calls."""
    for _ in range(warmup):
        run()
    return 1e3 * statistics.median(timed_calls(run, time.perf_counter() + seconds))


def timed_calls(run, end):
    """Seconds of each call of run() until the clock says `end`."""
    times = []
    while len(times) < FEWEST_RUNS or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def time_at_once(runs, seconds, warmup):
    """Figures of callables that go on at once, each in a thread of its own: see `spread`."""
    ready = threading.Barrier(len(runs))
    found = [[] for _ in runs]
    begins, ends = [0.0] * len(runs), [0.0] * len(runs)

    def work(index):
        for _ in range(warmup):
            runs[index]()
        ready.wait()
        begins[index] = time.perf_counter()
        found[index] = timed_calls(runs[index], begins[index] + seconds)
        ends[index] = time.perf_counter()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(runs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spread([value for times in found for value in times], max(ends) - min(begins))


def spread(times, wall):
    """Runs a second, median and 99th percentile in ms, as `cermet bench` has them."""
    ordered = sorted(times)
    p99 = ordered[max(0, -(-99 * len(ordered) // 100) - 1)]
    return {"throughput": len(times) / wall, "median_ms": 1e3 * statistics.median(times),
            "p99_ms": 1e3 * p99}


def file_stem(output_name):
    """The file name that `cermet run --by-name` gives an output: what a file system may refuse is '_'."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", output_name)


def relative_error(found, expected):
    """The largest max |found - expected| / max |expected| of any output.

    `found` is keyed by the output's name or by its file stem. Raises PeerError where an output is
    missing, has another shape, or gives no finite figure.
    """
    return max((output_error(name, found, b) for name, b in expected.items()), default=0.0)


def output_error(name, found, b):
    a = found.get(name, found.get(file_stem(name)))
    if a is None or a.shape != b.shape:
        there = "nothing" if a is None else f"shape {list(a.shape)}"
        raise PeerError(f"output '{name}': expected shape {list(b.shape)}, got {there}; "
                        f"outputs there: {sorted(found)}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    difference = np.max(np.abs(a - b), initial=0.0)
    scale = np.max(np.abs(b), initial=0.0)
    if difference == 0:
        return 0.0
    if not np.isfinite(difference) or not scale > 0:
        raise PeerError(f"output '{name}': max |a-b| is {difference} where max |b| is {scale}")
    return float(difference / scale)
