"""cermet tune: engines that were built where no card is, measured where one is; and what may go wrong
with it, after which the file is what it was."""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
import numpy as np  # noqa: E402
from commands import CERMET, INVALID_ENGINE, IO, WRONG_USE  # noqa: E402

NOWHERE = {"LD_LIBRARY_PATH": ""}
RUN = ("--random-inputs", "--shapes", "x:2x8")
QUICK = ("--tuning-budget", "0.2")


class Tune(emulator.CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.holder.name)
        cls.model = emulator.small_model(cls.root / "small.onnx")
        cls.sources = {}
        for name, flags in {
                "cross": ("--device", "cuda", "--arch", "sm_80,sm_89"),
                "both": ("--device", "cuda,cpu", "--arch", "sm_80"),
                "bare": ("--device", "cuda", "--arch", "sm_80", "--no-model"),
                "foreign": ("--device", "cuda", "--arch", "sm_90"),
                "cpu": ("--device", "cpu", "--keep-model", "--threads", "1")}.items():
            engine = cls.root / f"source_{name}.engine"
            done = emulator.cermet("build", cls.model, "-o", engine, "--tuning-budget", "0", *flags,
                                   **NOWHERE)
            assert done.returncode == 0, done.stderr
            cls.sources[name] = engine

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))

    def copy(self, name):
        return pathlib.Path(shutil.copy(self.sources[name], self.folder / f"{name}.engine"))

    def inspect(self, engine, **environment):
        done = emulator.cermet("inspect", engine, "--json", **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def tuned(self, engine, *flags, **environment):
        done = emulator.cermet("tune", engine, *(flags or QUICK), **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([path.name for path in engine.parent.glob("*.tmp")], [])
        return done.stdout

    def fails(self, engine, status, *words, flags=QUICK, **environment):
        """One error that says the words, and the file is what it was."""
        before = engine.read_bytes()
        done = emulator.cermet("tune", engine, *flags, **environment)
        super().fails(done, status, *words)
        self.assertEqual(engine.read_bytes(), before)
        return done

    def results(self, engine, **environment):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        done = emulator.cermet("run", engine, *RUN, "--output-dir", folder, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [np.load(path) for path in sorted(folder.glob("*.npy"))]

    # What it is for.

    def test_a_cross_built_engine_is_measured_where_the_card_is(self):
        engine = self.copy("cross")
        before = self.inspect(engine, **NOWHERE)
        self.assertIn("--device cuda --arch sm_80,sm_89 (untuned)", before["options"])
        self.assertGreater(before["model_bytes"], 0)
        expected = self.results(engine)
        os.chmod(engine, 0o640)
        said = self.tuned(engine)
        self.assertIn("Fake A, sm_89", said)
        self.assertNotIn(" 0 problems measured", said)
        self.assertNotIn(" 0 steps compared", said)
        after = self.inspect(engine)
        self.assertIn("--device cuda --arch sm_89,sm_80 ", after["options"])
        self.assertNotIn("untuned", after["options"])
        self.assertGreater(after["model_bytes"], 0)
        self.assertEqual(engine.stat().st_mode & 0o777, 0o640)
        for mine, its in zip(self.results(engine), expected):
            np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-6)

    def test_the_same_as_a_build_on_that_machine(self):
        """Without measuring, for the same architectures, byte for byte; and a second time."""
        engine, built = self.copy("cross"), self.folder / "built.engine"
        done = emulator.build(self.model, built, "--arch", "sm_89,sm_80", "--keep-model")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.tuned(engine, "--tuning-budget", "0")
        self.assertEqual(self.inspect(engine)["options"], self.inspect(built)["options"])
        self.assertEqual(engine.read_bytes(), built.read_bytes())
        self.tuned(engine, "--tuning-budget", "0")
        self.assertEqual(engine.read_bytes(), built.read_bytes())

    def test_a_timing_cache(self):
        engine, cache = self.copy("cross"), self.folder / "times.txt"
        self.fails(engine, WRONG_USE, "timing cache", flags=("--frozen",))
        self.tuned(engine, *QUICK, "--timing-cache", cache)
        self.assertIn("Fake A", cache.read_text())
        first = engine.read_bytes()
        self.assertIn(" 0 problems measured",
                      self.tuned(engine, "--timing-cache", cache, "--frozen"))
        self.assertEqual(engine.read_bytes(), first)

    def test_explain_and_no_validation(self):
        engine = self.copy("cross")
        said = self.tuned(engine, *QUICK, "--explain", "--no-validation")
        self.assertIn("cuda.softmax", said)
        self.assertIn("0 steps compared", said)

    def test_other_architectures_and_the_second_card(self):
        engine = self.copy("cross")
        self.assertIn("Fake B, sm_90a", self.tuned(engine, *QUICK, "--device", "cuda:1", "--arch",
                                                  "sm_89,sm_90"))
        self.assertIn("--arch sm_90,sm_89 ", self.inspect(engine)["options"])

    def test_without_the_model_from_then_on(self):
        engine = self.copy("cross")
        self.tuned(engine, *QUICK, "--no-model")
        self.assertEqual(self.inspect(engine)["model_bytes"], 0)
        self.results(engine)
        self.fails(engine, WRONG_USE, "holds no model", "--keep-model")

    def test_an_engine_for_the_cpu(self):
        engine = self.copy("cpu")
        self.assertIn("--threads 1", self.inspect(engine)["options"])
        self.assertIn("steps compared", self.tuned(engine, *QUICK, "--threads", "2", **NOWHERE))
        self.assertIn("--threads 2", self.inspect(engine)["options"])
        self.fails(engine, WRONG_USE, "the engine is for the CPU", flags=("--device", "cuda"))
        self.fails(engine, WRONG_USE, "the engine is for the CPU", flags=("--arch", "sm_90"))

    def test_through_a_link(self):
        engine, link = self.copy("cross"), self.folder / "link.engine"
        link.symlink_to(engine.name)
        self.tuned(link)
        self.assertTrue(link.is_symlink())
        self.assertNotIn("untuned", self.inspect(engine)["options"])

    def test_options_of_the_build_are_kept(self):
        engine = self.folder / "rich.engine"
        done = emulator.cermet(
            "build", self.model, "-o", engine, "--device", "cuda", "--arch", "sm_80", "--fp16",
            "--min-shapes", "x:1x8", "--opt-shapes", "x:2x8", "--max-shapes", "x:4x8",
            "--input-types", "fp16", "--skip-pass", "fuse-softmax", "--mark-output", "relu1",
            "--disable-tactic", "cuda.gemv", **NOWHERE)
        self.assertEqual(done.returncode, 0, done.stderr)
        before = self.inspect(engine, **NOWHERE)
        self.tuned(engine)
        after = self.inspect(engine)
        self.assertEqual(after["options"], before["options"].replace(" (untuned)", ""))
        for field in ("inputs", "outputs", "profiles"):
            self.assertEqual(after[field], before[field])
        self.assertEqual(len(after["outputs"]), 3)

    # Two plans.

    def test_two_plans(self):
        engine = self.copy("both")
        with_card, without = self.results(engine), self.results(engine, **NOWHERE)
        for mine, its in zip(with_card, without):
            np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-6)
        done = emulator.cermet("run", engine, *RUN, **NOWHERE)
        self.assertEqual(done.stderr.count("warning:"), 1, done.stderr)
        self.assertIn("the engine's plan for the CPU runs", done.stderr)
        self.assertIn("there is no NVIDIA driver", done.stderr)
        self.assertIn("runs on cpu", done.stderr)
        done = emulator.cermet("run", engine, *RUN)
        self.assertNotIn("warning", done.stderr)
        self.assertIn("runs on cuda:0 (Fake A, sm_89)", done.stderr)
        for environment, words in ((NOWHERE, "runs on cpu"), ({}, "runs on cuda:0")):
            path = self.folder / "bench.json"
            done = emulator.cermet("bench", engine, "--shapes", "x:2x8", "--iterations", "2",
                                   "--warmup", "0", "--json", path, **environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(words, done.stdout)
            self.assertIn(json.loads(path.read_text())["runs_on"], words + " (Fake A, sm_89)")

    def test_two_plans_where_the_card_is_another_or_fails(self):
        engine = self.folder / "sm_90.engine"
        done = emulator.cermet("build", self.model, "-o", engine, "--device", "cuda,cpu", "--arch",
                               "sm_90", "--tuning-budget", "0", **NOWHERE)
        self.assertEqual(done.returncode, 0, done.stderr)
        for settings, words in (("", "the engine has kernels for sm_90, none for cuda:0"),
                                ("cards=0", "CUDA_ERROR_NO_DEVICE"),
                                ("cuModuleLoadData=200", "")):
            done = emulator.cermet("run", engine, *RUN, settings=settings)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr.count("warning:"), 1, done.stderr)
            self.assertIn(words, done.stderr)
        # Memory that is taken at the moment is no want of a card.
        done = emulator.cermet("run", self.sources["both"], *RUN, settings="memory=16")
        self.assertEqual(done.returncode, 5, done.stderr)

    def test_both_plans_are_shown(self):
        for environment in ({}, NOWHERE):
            report = self.inspect(self.sources["both"], **environment)
            self.assertIn("cuda.softmax", {step["tactic"] for step in report["steps"]})
            on_cpu = report["on_cpu"]
            self.assertTrue({step["tactic"] for step in on_cpu["steps"]} & {"cpu.softmax", "onednn.softmax"})
            self.assertEqual({step["place"] for step in on_cpu["steps"]}, {"host"})
            self.assertEqual(on_cpu["inputs"], report["inputs"])
            done = emulator.cermet("inspect", self.sources["both"], **environment)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("one for the GPU, one for the CPU", done.stdout)

    def test_two_plans_are_tuned(self):
        engine = self.copy("both")
        said = self.tuned(engine)
        self.assertIn("its plan for the CPU:", said)
        report = self.inspect(engine)
        self.assertNotIn("untuned", report["options"])
        self.assertIn("on_cpu", report)

    def test_a_cpus_plan_for_builds_in_16_bits_is_in_float32(self):
        engine = self.folder / "half.engine"
        done = emulator.cermet("build", self.model, "-o", engine, "--device", "cuda,cpu", "--fp16",
                               "--tuning-budget", "0", "-v")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the plan for the CPU computes in float32", done.stderr)
        report = self.inspect(engine)
        self.assertIn("--fp16", report["options"])
        self.assertNotIn("--fp16", report["on_cpu"]["options"])

    def test_devices_that_are_no_pair(self):
        for device in ("auto,cpu", "cpu,cpu", ",cpu", "gpu,cpu"):
            done = emulator.cermet("build", self.model, "-o", self.folder / "x.engine", "--device",
                                   device)
            self.assertEqual(done.returncode, WRONG_USE, done.stderr)
            self.assertIn("there is no device", done.stderr)

    def test_explanations_of_both(self):
        done = emulator.cermet("build", self.model, "-o", self.folder / "x.engine", "--device",
                               "cuda,cpu", "--tuning-budget", "0", "--explain=json")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertGreater(len(report["steps"]), len(report["on_cpu"]["steps"]))

    def test_the_cpus_plan_is_held_against_the_memory_limit(self):
        done = emulator.cermet("build", self.model, "-o", self.folder / "x.engine", "--device",
                               "cuda,cpu", "--tuning-budget", "0", "--shapes", "x:512x8",
                               "--memory-limit", "90K")
        self.assertEqual(done.returncode, 5, done.stderr)

    # What goes wrong.

    def test_no_card(self):
        if emulator.cermet("devices", "--json", **NOWHERE).stdout.count("product") > 1:
            self.skipTest("this machine has a GPU")
        for name in ("cross", "both"):
            self.fails(self.copy(name), emulator.DEVICE, "tuning measures its kernels on one",
                       "there is no NVIDIA driver", "has the card and its driver", **NOWHERE)
        self.fails(self.copy("cross"), emulator.DEVICE, "CUDA_ERROR_NO_DEVICE", settings="cards=0")
        self.fails(self.copy("cross"), emulator.DEVICE, "there is no card cuda:7",
                   flags=("--device", "cuda:7"))
        self.fails(self.copy("cross"), WRONG_USE, "there is no device 'gpu'",
                   flags=("--device", "gpu"))

    def test_no_compiler(self):
        self.fails(self.copy("cross"), emulator.DEVICE, "CERMET_NVRTC names",
                   CERMET_NVRTC="/nonexistent/libnvrtc.so")

    def test_an_engine_for_another_architecture(self):
        engine = self.copy("foreign")
        self.fails(engine, emulator.DEVICE, "the engine has kernels for sm_90, none of which runs "
                   "on cuda:0 (Fake A, sm_89)", "--arch sm_89")
        self.fails(engine, emulator.DEVICE, "Add --arch sm_89", flags=("--arch", "sm_90a"))
        self.tuned(engine, *QUICK, "--arch", "sm_89")
        self.results(engine)

    def test_an_engine_without_its_model(self):
        self.assertEqual(self.inspect(self.sources["bare"])["model_bytes"], 0)
        self.fails(self.copy("bare"), WRONG_USE, "bare.engine", "the engine holds no model",
                   "--keep-model")

    def test_damaged_files(self):
        whole = self.sources["cross"].read_bytes()
        damaged = self.folder / "damaged.engine"
        for size in (0, 10, 100, len(whole) // 2, len(whole) - 1):
            damaged.write_bytes(whole[:size])
            self.fails(damaged, INVALID_ENGINE, "damaged.engine")
        for place in (70, 200, len(whole) // 2, len(whole) - 1):
            damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1:])
            self.fails(damaged, INVALID_ENGINE, "damaged.engine")
        damaged.write_bytes(self.model.read_bytes())
        self.fails(damaged, INVALID_ENGINE, "not a Cermet engine")

    def test_no_file(self):
        done = emulator.cermet("tune", self.folder / "none.engine")
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])
        done = emulator.cermet("tune", self.folder)
        self.assertEqual(done.returncode, IO, done.stderr)

    def test_a_folder_that_cannot_be_written(self):
        """Told before anything is measured, and as any user but root."""
        engine = self.copy("cross")
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        self.root.chmod(0o755)
        engine.chmod(0o644)
        before = engine.read_bytes()
        if os.getuid() == 0 and shutil.which("setpriv"):
            words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        elif os.getuid() == 0:
            self.skipTest("root may write everywhere, and there is no setpriv")
        else:
            words = []
        done = subprocess.run([*words, CERMET.resolve(), "tune", engine, *QUICK],
                              env=emulator.environment(CERMET_KERNEL_CACHE=""),
                              capture_output=True, text=True, timeout=300)
        if done.returncode in (126, 127):
            self.skipTest("the command can't be run as another user")
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertIn("make the folder writable, or tune a copy", done.stderr)
        self.assertEqual(engine.read_bytes(), before)

    def test_a_place_that_cannot_be_written_to(self):
        engine = self.copy("cross")
        (self.folder / "cross.engine.tmp").mkdir()
        self.fails(engine, IO, "cross.engine.tmp")

    def test_a_full_disk(self):
        engine = self.copy("cross")
        before = engine.read_bytes()
        limit = len(before) // 2
        done = subprocess.run(
            [CERMET, "tune", engine, "--tuning-budget", "0"], env=emulator.environment(),
            capture_output=True, text=True, timeout=300, preexec_fn=lambda: (
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertEqual(engine.read_bytes(), before)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["cross.engine"])

    def test_a_card_that_fails_meanwhile(self):
        self.fails(self.copy("cross"), emulator.DEVICE, "CUDA_ERROR_LAUNCH_FAILED",
                   settings="cuLaunchKernelEx=719")

    def test_killed_midway(self):
        """Whenever it is: the old file or the new one, each whole."""
        engine = self.copy("cross")
        old = engine.read_bytes()
        begin = time.monotonic()
        self.tuned(engine, "--tuning-budget", "0")
        whole = time.monotonic() - begin
        new = engine.read_bytes()
        self.assertNotEqual(new, old)
        engine.write_bytes(old)
        for part in range(8):
            process = subprocess.Popen([CERMET, "tune", engine, "--tuning-budget", "0"],
                                       env=emulator.environment(), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(whole * part / 7)
            process.kill()
            process.wait()
            self.assertIn(engine.read_bytes(), (old, new))
            self.assertEqual(emulator.cermet("inspect", engine).returncode, 0)
            engine.write_bytes(old)
        self.tuned(engine, "--tuning-budget", "0")
        self.assertEqual(engine.read_bytes(), new)


if __name__ == "__main__":
    unittest.main()
