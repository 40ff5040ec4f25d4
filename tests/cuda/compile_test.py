"""Every kernel of the GPU's tests, compiled by NVIDIA's own compiler, which needs no GPU.

For one architecture the cases that bring a pair of properties which none before had, one case in
PART for each of the others; all for all with CERMET_THOROUGH=1. That takes two cores minutes.
`./x setup` installs the compiler; without it the test is skipped.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from commands import BIN  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
NVRTC = next(iter(sorted((ROOT / ".venv").glob(
    "lib/python*/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12"))), None)
NVRTC = os.environ.get("CERMET_REAL_NVRTC", NVRTC)
PROGRAM = BIN / "test_cuda"
if NVRTC is None or not PROGRAM.exists():
    print("skipped: no NVRTC in .venv (./x setup installs it)" if NVRTC is None else
          f"skipped: {PROGRAM} is not built")
    sys.exit(77)

WHOLE = "sm_90a"
OTHERS = "sm_80,sm_86,sm_89,sm_100a,sm_120"
PART = 24
TESTS = "Cuda*-CudaLimits*"  # but those of the emulator, and of engines that run
SHARDS = len(os.sched_getaffinity(0))


def compile_for(architectures, part):
    """The outputs of the shards that failed."""
    with tempfile.TemporaryDirectory() as folder:
        shards = []
        for shard in range(SHARDS):
            environment = {
                **os.environ, "LD_LIBRARY_PATH": "", "CERMET_NVRTC": str(NVRTC),
                "CERMET_COMPILE_FOR": architectures,
                "CERMET_COMPILE_PART": str(part), "CERMET_CASES": "pairs" if part == 1 else "all",
                "CERMET_KERNEL_CACHE": folder, "GTEST_TOTAL_SHARDS": str(SHARDS),
                "GTEST_SHARD_INDEX": str(shard)}
            shards.append(subprocess.Popen(
                [PROGRAM, f"--gtest_filter={TESTS}", "--gtest_brief=1"], env=environment, cwd=ROOT,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        outputs = [shard.communicate()[0] for shard in shards]
        return [text for shard, text in zip(shards, outputs) if shard.returncode != 0]


class Compile(unittest.TestCase):
    def test_every_kernel(self):
        for text in compile_for(WHOLE, 1):
            self.fail(text[-5000:])

    def test_every_architecture(self):
        for text in compile_for(OTHERS, PART):
            self.fail(text[-5000:])


if __name__ == "__main__":
    unittest.main()
