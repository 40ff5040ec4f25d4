"""The choice of the card that runs an engine: `--device` of run, bench and cermet-run."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
from commands import BIN  # noqa: E402

INVALID = 1  # exit status
INPUTS = ["--random-inputs", "--shapes", "x:3x8"]


class Cards(emulator.CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        cls.model = emulator.small_model(cls.root / "net.onnx")
        # sm_90 is that of the second card alone.
        cls.both, cls.second, cls.cpu = (cls.root / name for name in (
            "both.engine", "second.engine", "cpu.engine"))
        for engine, flags in ((cls.both, ["--device", "cuda", "--arch", "compute_80"]),
                              (cls.second, ["--device", "cuda", "--arch", "sm_90"]),
                              (cls.cpu, ["--device", "cpu"])):
            done = emulator.cermet("build", cls.model, "-o", engine, "--tuning-budget", "0", *flags)
            assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def outputs(self, engine, *flags):
        folder = self.root / "out"
        done = emulator.cermet("run", engine, *INPUTS, "--output-dir", folder, *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [path.read_bytes() for path in sorted(folder.iterdir())]

    def test_the_same_engine_runs_on_each_card(self):
        first = self.outputs(self.both)
        self.assertEqual(len(first), 2)
        for device in ("cuda", "cuda:0", "cuda:1"):
            self.assertEqual(self.outputs(self.both, "--device", device), first)

    def test_it_is_that_card(self):
        self.fails(emulator.cermet("run", self.second, *INPUTS), emulator.DEVICE,
                   "none for cuda:0 (Fake A, sm_89)")
        self.outputs(self.second, "--device", "cuda:1")
        runner = [BIN / "cermet-run", self.second, *INPUTS]
        for flags, status in (([], emulator.DEVICE), (["--device", "cuda:1"], 0)):
            done = subprocess.run([*map(str, runner), *flags], env=emulator.environment(),
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, status, done.stderr)
        report = self.root / "bench.json"
        done = emulator.cermet("bench", self.second, "--device", "cuda:1", "--iterations", "2",
                               "--streams", "2", "--device-memory", "--shapes", "x:3x8", "--json",
                               report)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(report.read_text())["streams"], 2)

    def test_a_card_or_the_cpu_in_its_place(self):
        """Names of a pair, with and without a number, mean the same to every command."""
        for device, card in (("cuda,cpu", "cuda:0"), ("cuda:1,cpu", "cuda:1")):
            report = self.root / "pair.json"
            done = emulator.cermet("bench", self.both, "--device", device, "--iterations", "2",
                                   "--shapes", "x:3x8", "--json", report)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(json.loads(report.read_text())["runs_on"].startswith(card))
        for device in ("cuda:,cpu", "cuda:x,cpu", "cuda:1,gpu", "cpu,cuda"):
            self.fails(emulator.cermet("bench", self.both, "--device", device), INVALID,
                       f"there is no device '{device}'")

    def test_cards_that_exist_are_named(self):
        for command in ("run", "bench"):
            flags = INPUTS if command == "run" else INPUTS[1:]
            self.fails(emulator.cermet(command, self.both, *flags, "--device", "cuda:2"),
                       emulator.DEVICE, "there is no card cuda:2; the driver (CUDA 13.2) offers "
                       "cuda:0 (Fake A, sm_89), cuda:1 (Fake B, sm_90a)")

    def test_another_kind_of_processor_than_the_engines(self):
        self.fails(emulator.cermet("run", self.both, *INPUTS, "--device", "cpu"), INVALID,
                   "the engine has no plan for the CPU; build it with --device cuda,cpu")
        self.fails(emulator.cermet("run", self.cpu, *INPUTS, "--device", "cuda:1"), INVALID,
                   "the engine was built for the CPU. Build it with --device cuda")
        self.fails(emulator.cermet("bench", self.both, *INPUTS[1:], "--device", "gpu"), INVALID,
                   "there is no device 'gpu'; expected auto, cpu, cuda, cuda:N or cuda,cpu")

    def test_a_model_is_built_for_the_card_that_runs_it(self):
        self.assertEqual(len(self.outputs(self.model, "--device", "cuda:1")), 2)


if __name__ == "__main__":
    unittest.main()
