"""A sample of ONNX's backend cases through builds for the emulated GPU: as they are, and with their
small or all other inputs as constants. All of them: conformance_test.py --device cuda --emulate.

usage: device_conformance_test.py [--every N]

Exit status 77: onnx is missing.
"""
import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=7, metavar="N", help="of N cases take one")
    options = parser.parse_args()
    jobs = min(4, os.cpu_count() or 1)
    worst = 0
    for freeze in ("none", "small", "all"):
        print(f"--freeze {freeze}", flush=True)
        done = subprocess.run([sys.executable, HERE / "conformance_test.py", "--device", "cuda",
                               "--emulate", "--every", str(options.every), "--freeze", freeze,
                               "--jobs", str(jobs)], check=False)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
