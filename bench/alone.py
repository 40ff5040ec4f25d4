#!/usr/bin/env python3
"""Figures of a peer in a process of its own: peak memory, and the time to a first answer.

Imported, it starts such processes; run as a program, it is one:

usage: alone.py peak COMMAND...                   peak MiB of a command
       alone.py memory|start PEER MODEL THREADS INPUTS.npz
Prints one number.
"""
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

# So many runs come before memory is read: the second may take what the first did not.
RUNS = 3


def number_from(arguments):
    from timing import PeerError
    done = subprocess.run([sys.executable, __file__, *map(str, arguments)], capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise PeerError(f"a process for `{' '.join(map(str, arguments))}` ended with "
                        f"{done.returncode}: {(done.stderr or done.stdout).strip()}")
    return float(done.stdout.splitlines()[-1])


def peak_of(command):
    """Peak MiB of a command. Through a small process: a child counts the peak of its parent."""
    return number_from(["peak", *command])


def ask(what, peer, case, threads):
    import numpy as np
    with tempfile.TemporaryDirectory() as folder:
        inputs = pathlib.Path(folder) / "inputs.npz"
        np.savez(inputs, **case.inputs)
        return number_from([what, peer, case.path, threads, inputs])


def print_peak(command):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def memory_status(field):
    """MiB of a field of /proc/self/status."""
    for text in pathlib.Path("/proc/self/status").read_text().splitlines():
        if text.startswith(field + ":"):
            return int(text.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def print_figure(what, peer, model, threads, inputs):
    import numpy as np

    import cases
    import peers
    peer = peers.MAKERS[peer]()
    before = memory_status("VmRSS")
    case = cases.Case(pathlib.Path(model), 1, inputs=dict(np.load(inputs)))
    begin = time.perf_counter()
    peer.prepare(case, int(threads))
    peer.run()
    taken = time.perf_counter() - begin
    for _ in range(RUNS - 1):
        peer.run()
    print(1e3 * taken if what == "start" else memory_status("VmHWM") - before)


if __name__ == "__main__":
    if sys.argv[1] == "peak":
        print_peak(sys.argv[2:])
    else:
        print_figure(*sys.argv[1:])
