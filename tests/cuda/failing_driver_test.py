"""Engines of the GPU where each call of the driver fails in turn, at each of its first occurrences:
one clear error, nothing left behind, and a context that goes on."""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
from commands import BIN, NO_MEMORY, WRONG_USE  # noqa: E402

PROGRAM = BIN / "test_failing_driver"
if not PROGRAM.exists():
    print(f"skipped: {PROGRAM} is not built")
    sys.exit(77)
API = pathlib.Path(__file__).parents[2] / "src/backends/cuda/run/driver_api.h"
CALLS = [call for call in re.findall(r"X\((cu\w+),", API.read_text())
         if not call.startswith("cuGetError")]
# They give something back, and nobody is told when that fails.
RELEASES = {call for call in CALLS if re.search("Destroy|Free|Unload|Release", call)}
# Of host memory the driver knows nothing, and says so by an error.
QUESTIONS = {"cuPointerGetAttribute"}
MOST = 6  # occurrences of a call that fail, one a process
STAGE = re.compile(r"^((?:again )?(?:load|run \d)): (?:(ok|wrong results)|error (\d+) (.*))$")


class Report:
    """What a process printed, and what it left behind."""

    def __init__(self, engines, settings):
        with tempfile.NamedTemporaryFile() as left:
            done = subprocess.run(
                [PROGRAM, *engines], capture_output=True, text=True, timeout=120,
                env=emulator.environment(settings, FAKE_CUDA_REPORT=left.name))
            self.left = pathlib.Path(left.name).read_text()
        self.text = done.stdout + done.stderr
        assert done.returncode == 0, f"{settings}: status {done.returncode}: {self.text}"
        self.stages, self.errors = {}, []
        for line in self.text.splitlines():
            match = STAGE.match(line)
            assert match, f"{settings}: {line}"
            self.stages[match[1]] = match[2] or match[4]
            if match[3]:
                self.errors.append((match[1], int(match[3]), match[4]))

    def leaks(self):
        return [int(count) for count in re.findall(r" (\d+)", self.left) if count != "0"]


class FailingDriver(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        model = emulator.small_model(root / "small.onnx")
        cls.engines = [root / "gpu.engine", root / "cpu.engine"]
        done = emulator.build(model, cls.engines[0])
        assert done.returncode == 0, done.stderr
        done = emulator.cermet("build", model, "-o", cls.engines[1], "--device", "cpu",
                               "--tuning-budget", "0")
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_with(self, settings):
        return Report(self.engines, settings)

    def test_nothing_fails(self):
        report = self.run_with("")
        self.assertEqual(set(report.stages.values()), {"ok"}, report.text)
        self.assertEqual(report.leaks(), [], report.left)

    def check(self, call):
        """How many occurrences of the call made a difference."""
        for occurrence in range(1, MOST + 1):
            settings = f"{call}=1@{occurrence}"
            report = self.run_with(settings)
            said = f"{settings}\n{report.text}{report.left}"
            self.assertNotIn("wrong results", report.stages.values(), said)
            self.assertLessEqual(len(report.errors), 1, said)
            if call not in RELEASES:
                self.assertEqual(report.leaks(), [], said)
            if not report.errors:
                return occurrence - 1
            _, code, message = report.errors[0]
            self.assertEqual(code, emulator.DEVICE, said)
            self.assertRegex(message, "cuda:0|NVIDIA driver|GPUs", said)
            self.assertRegex(message, r"\w failed: CUDA_ERROR_INVALID_VALUE \(1\): invalid argu",
                             said)
        return MOST

    def test_each_call_in_turn(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            failed = dict(zip(CALLS, pool.map(self.check, CALLS)))
        silent = {call for call in CALLS if failed[call] == 0}
        # Events time kernels while an engine is built; free memory is asked for where it ran out.
        unused = {call for call in CALLS if call.startswith("cuEvent")} | {
            "cuMemGetInfo_v2", "cuMemHostAlloc", "cuMemsetD8Async", "cuStreamWaitEvent",
            "cuCtxGetCurrent", "cuDriverGetVersion", "cuFuncSetAttribute", "cuMemcpyDtoDAsync_v2"}
        self.assertLessEqual(silent, unused | RELEASES | QUESTIONS)
        for call in ("cuMemAlloc_v2", "cuLaunchKernelEx", "cuModuleLoadData"):
            self.assertGreater(failed[call], 2, call)
        # Every other one gives the caller's context back, which is nobody's error.
        self.assertGreater(failed["cuCtxSetCurrent"], 0)

    def test_faults_of_kernels(self):
        for settings, stage in (("cuStreamSynchronize=700@2", "run 0"),
                                ("cuGraphLaunch=700@1", "run 1")):
            report = self.run_with(settings)
            self.assertEqual([error[0] for error in report.errors], [stage], report.text)
            self.assertIn("CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access was "
                          "encountered. A kernel went wrong; this process can't use the card any "
                          "more", report.errors[0][2])
            self.assertEqual(report.leaks(), [])

    def test_every_later_call_fails_too(self):
        report = self.run_with("cuLaunchKernelEx=719,cuStreamSynchronize=719")
        self.assertEqual([error[0] for error in report.errors], ["load", "again load"])
        report = self.run_with("cuLaunchKernelEx=719")
        self.assertEqual(len(report.errors), 10, report.text)
        self.assertEqual(report.leaks(), [])

    def test_memory_runs_out(self):
        seen = set()
        for memory in [1] + list(range(256, 16384, 512)):
            report = self.run_with(f"memory={memory}")
            for _, code, message in report.errors:
                self.assertEqual(code, NO_MEMORY, report.text)
                self.assertRegex(message, rf"cuda:0 \(Fake A, sm_89\) has no \d+ bytes left: \d+ "
                                          rf"are free of {memory}$")
                seen.add(message.split(": ")[0])
            self.assertEqual(report.leaks(), [])
            if not report.errors:
                break
        self.assertFalse(report.errors)
        self.assertLessEqual({"the engine's constants", "activations of the run"}, seen)

    def test_exit_status_of_the_command(self):
        run = ("run", self.engines[0], "--random-inputs", "--shapes", "x:2x8")
        self.assertEqual(emulator.cermet(*run).returncode, 0)
        for settings, status in (("cuInit=100", emulator.DEVICE), ("memory=1", NO_MEMORY),
                                 ("cuMemAlloc_v2=2", NO_MEMORY),
                                 ("cuModuleLoadData=2", NO_MEMORY),
                                 ("cuLaunchKernelEx=719", emulator.DEVICE),
                                 ("cuStreamSynchronize=700@2", emulator.DEVICE)):
            done = emulator.cermet(*run, settings=settings)
            self.assertEqual(done.returncode, status, f"{settings}: {done.stderr}")
            self.assertRegex(done.stderr, r"^cermet: error: [^\n]*\n$")
            self.assertEqual(emulator.cermet("inspect", self.engines[0],
                                             settings=settings).returncode, 0)
        done = emulator.cermet("run", self.engines[0], "--shapes", "y:2x8", "--random-inputs")
        self.assertEqual(done.returncode, WRONG_USE)


if __name__ == "__main__":
    unittest.main()
