"""scripts/gpu_test.sh, by the emulator: what it says of parts that end well, that fail, that their
time ends, and kernels that are compiled beforehand."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from commands import BIN  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAKE = BIN.resolve().parent / "fake_cuda"
if not (BIN / "test_cuda").exists():
    print("skipped: test_cuda is not built")
    sys.exit(77)
PASSING, LONG = "CudaSoftmax.Epilogue", "CudaConvolution.ConvolvesEveryShape"


class GpuScript(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.out = pathlib.Path(holder.name) / "out"
        self.work = pathlib.Path(holder.name) / "work"

    def script(self, *parts, **environment):
        done = subprocess.run(
            [str(ROOT / "scripts" / "gpu_test.sh"), *parts], capture_output=True, text=True,
            timeout=300, cwd="/", env={
                **os.environ, "CERMET_BIN": str(BIN.resolve()), "CERMET_LIB": str(FAKE),
                "CERMET_NVRTC": str(FAKE / "libnvrtc.so"), "CERMET_JOBS": "2",
                "CERMET_KERNEL_CACHE": str(self.work / "kernels"), "PYTHON": sys.executable,
                "OUT": str(self.out), "WORK": str(self.work), **environment})
        return done.returncode, done.stdout + done.stderr

    def test_parts_side_by_side_are_summed_up(self):
        status, said = self.script("onnx", "unit", UNIT_FILTER=PASSING, ONNX_EVERY="600")
        self.assertEqual(status, 0, said)
        summary = (self.out / "summary.txt").read_text()
        self.assertRegex(summary, r"unit +ok +\d+ of +\d+ s  1 tests passed, 0 failed, 0 of 1")
        self.assertRegex(summary, r"onnx +ok +\d+ of +\d+ s  ")
        self.assertRegex(summary, r"unit onnx side by side: \d+ s")
        self.assertTrue((self.out / "logs.tar.gz").exists())

    def test_a_failing_test_fails_its_part_alone(self):
        status, said = self.script("unit", UNIT_FILTER=f"{PASSING}:CaseChoice*",
                                   FAKE_CUDA="cuLaunchKernelEx=700@1")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"\[  FAILED  \] " + PASSING)
        self.assertRegex(said, r"unit +FAILED +.*2 tests passed, 1 failed, 0 of 2 processes")

    def test_what_did_not_end_is_named(self):
        status, said = self.script("unit", UNIT_FILTER=LONG, LIMIT_unit="1")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"did not end \(124\): \[ RUN      \] " + LONG)

    def test_names_that_are_not_there(self):
        status, said = self.script("unti")
        self.assertEqual(status, 2)
        self.assertIn("there is no part 'unti'; parts: env unit onnx models", said)
        status, said = self.script("unit", UNIT_FILTER="NoSuchTest*")
        self.assertEqual(status, 1)
        self.assertIn("no test has a name like 'NoSuchTest*'", said)

    def test_kernels_compiled_beforehand_are_compiled_no_more(self):
        """For the emulator's last card, which tests run on."""
        suite = {"UNIT_FILTER": PASSING}
        status, said = self.script("kernels", ONNX_EVERY="900", KERNEL_TESTS=PASSING,
                                   FAKE_CUDA="cards=0")
        self.assertEqual(status, 0, said)
        packed = int(re.search(r"(\d+) kernels for sm_90a in", said)[1])
        self.assertGreater(packed, 1)
        status, said = self.script("unit", KERNELS=str(self.out / "kernels.tar.gz"), **suite)
        self.assertEqual(status, 0, said)
        kernels = list((self.work / "kernels").iterdir())
        self.assertEqual(len(kernels), packed, "some were compiled again")


if __name__ == "__main__":
    unittest.main()
