"""The benchmark of the GPU's kernels: every tactic has a case that it takes, and each small one runs."""
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
from commands import BIN  # noqa: E402

BENCH = BIN / "cermet_cuda_bench"
if not BENCH.exists():
    print(f"skipped: {BENCH} is not built")
    sys.exit(77)
LIST = pathlib.Path(__file__).parents[2] / "src/backends/cuda/build/tactics.cc"
TACTICS = re.findall(r"^ +\w+_tactic\(\),$", LIST.read_text(), re.M)


def bench(*arguments, settings=""):
    return subprocess.run([BENCH, *map(str, arguments)], env=emulator.environment(settings),
                          capture_output=True, text=True, timeout=550)


class CudaBench(unittest.TestCase):
    def test_every_tactic_takes_its_cases(self):
        for flags in ([], ["--quick"]):
            done = bench("--list", *flags)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            found = set(re.findall(r" ((?:cuda|cublaslt|cudnn)\.\S+)$", done.stdout, re.M))
            self.assertEqual(len(found), len(TACTICS), found)
            self.assertNotIn("does not take it", done.stdout)
        whole, families = (bench("--list", *flags).stdout.splitlines() for flags in
                           ([], ["--families"]))
        self.assertEqual(families, [line for line in whole if line.split()[-1].count(".") == 1 and
                                    line.split()[-1].startswith("cu")])

    def test_a_case_that_a_tactic_does_not_take_fails(self):
        done = bench("--list", "--quick", "--tactic", "cuda.gemm_bytes", "--compile", "sm_90a")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\n  cuda.gemm_bytes +\d+x\S.* +\d+\.\d\d us\n")
        done = bench("--list", "--quick", "--tactic", "cuda.gemm_warpgroup", "--compile", "sm_80")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cuda.gemm_warpgroup does not take it for sm_80: ", done.stdout)

    def test_every_family_runs(self):
        done = bench("--quick", "--device", 1)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("cuda:1 (Fake B, sm_90a): 66.9 TFLOP/s of float32, 1070.5 of 16-bit floats on "
                      "tensor cores, 4917 GB/s, L2 of 60 MiB\n", done.stdout)
        cases = re.findall(r"^\S.*$", bench("--list", "--quick").stdout, re.M)
        times = re.findall(r" [\d.]+ us \(estimate +-?[\d.]+\) +\S+ TFLOP/s +[\d.]+ GB/s +[\d.]+ % of ",
                           done.stdout)
        self.assertEqual(len(times), len(cases), done.stdout)

    def test_what_is_wrong_is_named(self):
        for flags, words in ((["--device", "x"], "expected the number of a GPU"),
                             (["--what"], "unknown option --what"),
                             (["--device", 9], "there is no card cuda:9")):
            done = bench("--quick", *flags)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)

    def test_goes_on_behind_a_failure(self):
        done = bench("--quick", "--filter", "movement", settings="cuMemAlloc_v2=2@1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("FAILED: "), 1, done.stdout)
        self.assertGreater(done.stdout.count(" % of "), 1, done.stdout)


if __name__ == "__main__":
    unittest.main()
