"""Ranges for NVIDIA's profilers: `cermet run --nvtx` with a tool of ours in a profiler's place."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402

TOOL = emulator.FOLDER / "libnvtx_tool.so"
INPUTS = ["--random-inputs", "--shapes", "x:3x8"]


class Nvtx(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        model = emulator.small_model(cls.root / "net.onnx")
        cls.engines = {}
        for device in ("cpu", "cuda"):
            cls.engines[device] = cls.root / f"{device}.engine"
            done = emulator.cermet("build", model, "-o", cls.engines[device], "--device", device,
                                   "--tuning-budget", "0")
            assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_with(self, device, *flags, tool=TOOL):
        """The exit status, what was said, and the ranges as they began and ended."""
        log = self.root / "ranges.txt"
        log.unlink(missing_ok=True)
        done = emulator.cermet("run", self.engines[device], *INPUTS, *flags,
                               NVTX_INJECTION64_PATH=tool, NVTX_LOG=log)
        lines = log.read_text().splitlines() if log.exists() else []
        return done.returncode, done.stderr, lines

    def test_steps_are_ranges_within_the_run(self):
        for device in self.engines:
            status, said, lines = self.run_with(device, "--nvtx")
            self.assertEqual(status, 0, said)
            self.assertEqual(lines[0], "push cermet run")
            depth, names = 0, []
            for line in lines:
                depth += 1 if line.startswith("push") else -1
                self.assertIn(depth, (0, 1, 2))
                names += [line[5:]] if line.startswith("push") else []
            self.assertEqual((depth, lines[-1].strip()), (0, "pop"))
            for operator in ("MatMul", "Softmax", "Compress"):
                self.assertTrue(any(operator in name for name in names), names)

    def test_nothing_is_opened_unless_asked_for(self):
        status, said, lines = self.run_with("cuda", tool=self.root / "missing.so")
        self.assertEqual((status, lines), (0, []), said)
        self.assertEqual(self.run_with("cuda")[2], [])

    def test_no_tool(self):
        status, said, lines = self.run_with("cuda", "--nvtx", tool="")
        self.assertEqual((status, lines), (0, []), said)

    def test_a_tool_that_cannot_be_opened(self):
        status, said, _ = self.run_with("cuda", "--nvtx", tool=self.root / "missing.so")
        self.assertEqual(status, emulator.DEVICE)
        self.assertIn("NVTX_INJECTION64_PATH: ", said)
        self.assertIn("missing.so", said)
        status, said, _ = self.run_with("cuda", "--nvtx", tool=emulator.DRIVER)
        self.assertEqual(status, emulator.DEVICE)
        self.assertIn("has no function InitializeInjectionNvtx2", said)


if __name__ == "__main__":
    unittest.main()
