"""`cermet trtexec` on GPUs, by the emulator: which card, where tensors lie, what flags of GPUs do."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
from emulator import DEVICE  # noqa: E402
from commands import WRONG_USE  # noqa: E402

QUICK = ("--iterations=12", "--duration=0", "--warmUp=0", "--tuningBudget=0")
# Those that trtexec's users give for GPUs and that change nothing, and what is said of them.
NOTES = {"--useCudaGraph": "always launched as a graph", "--useSpinWait": "the driver decides",
         "--exposeDMA": "follow each other", "--separateProfileRun": "in runs of their own",
         "--noBuilderCache": "CERMET_KERNEL_CACHE"}


class Trtexec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.model = emulator.small_model(cls.folder / "small.onnx")
        cls.engine = cls.folder / "small.engine"
        cls.built = cls.start(f"--onnx={cls.model}", "--device=0", f"--saveEngine={cls.engine}",
                              "--shapes=x:2x8", "--buildOnly", *QUICK)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @staticmethod
    def start(*flags, settings=""):
        return emulator.cermet("trtexec", *flags, settings=settings)

    def run_engine(self, *flags):
        done = self.start(f"--loadEngine={self.engine}", *QUICK, *flags)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def fails(self, status, words, *flags, settings=""):
        done = self.start(*flags, settings=settings)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn(words, done.stderr)

    def test_a_card_by_its_number(self):
        self.assertEqual(self.built.returncode, 0, self.built.stderr)
        for flags, card in (((), 0), (("--device=0",), 0), (("--device=1",), 1),
                            (("--device=cuda:1",), 1)):
            text = self.run_engine(*flags)
            self.assertRegex(text, rf"\[I\] The engine runs on cuda:{card} \(Fake ")
            self.assertIn("Timing trace has 12 queries", text)

    def test_cards_that_are_not_there(self):
        self.fails(DEVICE, "cuda:7", f"--loadEngine={self.engine}", "--device=7")
        self.fails(DEVICE, "cuda:7", f"--onnx={self.model}", "--device=7", *QUICK)
        self.fails(DEVICE, "no CUDA-capable device", f"--onnx={self.model}", "--device=0", *QUICK,
                   settings="cards=0")
        self.fails(WRONG_USE, "the engine has no plan for the CPU",
                   f"--loadEngine={self.engine}", "--device=cpu")

    def test_tensors_stay_where_the_flag_says(self):
        self.assertIn("Steps of the host stand between", self.run_engine())
        maker = emulator.ModelMaker()
        maker.output(maker.op("Softmax", maker.op("Sin", maker.input("x", [4, 8]))))
        model = self.folder / "whole.onnx"
        emulator.onnx.save(maker.model(), model)
        for flags, words in (((), "is that of runs without copies by the GPU's"),
                             (("--noDataTransfers",), "nothing is transferred, so H2D")):
            done = self.start(f"--onnx={model}", "--device=1", *QUICK, *flags)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(words, done.stdout)
            self.assertNotIn("--noDataTransfers changes nothing", done.stdout)
            self.assertRegex(done.stdout, r"GPU Compute Time: min = 0\.\d+ ms")

    def test_flags_that_change_nothing_say_why(self):
        text = self.run_engine(*NOTES)
        for flag, words in NOTES.items():
            name = flag.split("=")[0]
            self.assertRegex(text, rf"\[I\] {name} changes nothing: .*{re.escape(words)}")

    def test_streams_and_exports(self):
        files = {flag: self.folder / f"{flag}.json" for flag in ("exportTimes", "exportProfile")}
        text = self.run_engine("--infStreams=2", "--threads", "--avgRuns=4", "--dumpProfile",
                               *(f"--{flag}={file}" for flag, file in files.items()))
        self.assertIn("Timing trace has 24 queries", text)
        self.assertEqual(text.count("Average on 4 runs"), 6)
        times, profile = (json.loads(file.read_text()) for file in files.values())
        self.assertEqual(len(times), 24)
        self.assertGreater(len(profile), 3)


if __name__ == "__main__":
    unittest.main()
