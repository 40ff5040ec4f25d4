"""Builds for a GPU, and runs of their engines, where something of what they need is missing, broken
or of another kind; and the cache of kernels, full, damaged and shared."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
import onnx  # noqa: E402
from commands import CERMET, NO_MEMORY, WRONG_USE  # noqa: E402
from model_maker import ModelMaker  # noqa: E402

API = pathlib.Path(__file__).parents[2] / "src/backends/cuda/run/driver_api.h"
CALLS = re.findall(r"X\((cu\w+),", API.read_text())
RUN = ("--random-inputs", "--shapes", "x:2x8")


class DeviceBuild(emulator.CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.holder.name)
        cls.model = emulator.small_model(cls.root / "small.onnx")
        cls.engine = cls.root / "small.engine"
        done = emulator.build(cls.model, cls.engine)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def options(self, engine):
        done = emulator.cermet("inspect", engine, "--json", LD_LIBRARY_PATH="")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["options"]

    def folder(self, name):
        folder = self.root / name
        folder.mkdir()
        return folder

    def library_without(self, missing):
        """A folder with a driver that has all calls but one, each of which succeeds."""
        folder = self.folder(f"without_{missing}")
        source = folder / "driver.c"
        source.write_text("".join(f"int {call}(void) {{ return 0; }}\n"
                                  for call in CALLS if call != missing))
        subprocess.run(["cc", "-shared", "-fPIC", source, "-o", folder / "libcuda.so.1"],
                       check=True)
        return folder

    # Which processor.

    def test_small_integers_that_are_inputs_are_the_gpus(self):
        """A step of the host would keep the run from a caller's stream. Sizes are the host's."""
        maker = ModelMaker()
        x = maker.input("x", ["N", 8])
        s = maker.input("s", [4], onnx.TensorProto.INT64)
        maker.output(maker.op("Mul", s, s))
        maker.output(maker.op("Sin", x))
        onnx.save(maker.model(), self.root / "integers.onnx")
        done = emulator.build(self.root / "integers.onnx", self.root / "integers.engine",
                              "--explain=json")
        self.assertEqual(done.returncode, 0, done.stderr)
        winners = [step["winner"]["tactic"] for step in json.loads(done.stdout)["steps"]
                   if step["winner"]]
        self.assertEqual(winners, ["cuda.pointwise"] * 2)

    # The driver and the card.

    def test_no_driver(self):
        nowhere = {"LD_LIBRARY_PATH": ""}
        if emulator.cermet("devices", "--json", **nowhere).stdout.count("product") > 1:
            self.skipTest("this machine has a GPU")
        self.fails(emulator.build(self.model, self.root / "x.engine", **nowhere), emulator.DEVICE,
                   "there is no NVIDIA driver: libcuda.so.1", "--arch sm_80,sm_90")
        self.fails(emulator.cermet("run", self.engine, *RUN, **nowhere), emulator.DEVICE,
                   "there is no NVIDIA driver: libcuda.so.1", "a container has to be given it")
        done = emulator.cermet("inspect", self.engine, **nowhere)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--device cuda --arch sm_89,compute_89", done.stdout)
        self.assertIn("cuda.", done.stdout)
        done = emulator.cermet("build", self.model, "-o", self.root / "auto.engine",
                               "--tuning-budget", "0", **nowhere)
        self.assertEqual((done.returncode, "warning" in done.stderr), (0, False), done.stderr)
        self.assertNotIn("cuda", self.options(self.root / "auto.engine"))

    def test_a_driver_that_lacks_a_call(self):
        for call in ("cuInit", "cuGraphLaunch", "cuEventElapsedTime"):
            folder = self.library_without(call)
            words = f"libcuda.so.1 has no function {call}: the driver is older than CUDA 11"
            self.fails(emulator.cermet("run", self.engine, *RUN, LD_LIBRARY_PATH=folder),
                       emulator.DEVICE, words)
            self.fails(emulator.build(self.model, self.root / "x.engine", LD_LIBRARY_PATH=folder),
                       emulator.DEVICE, words)

    def test_no_card(self):
        self.fails(emulator.build(self.model, self.root / "x.engine", settings="cards=0"),
                   emulator.DEVICE, "CUDA_ERROR_NO_DEVICE (100)")
        self.fails(emulator.cermet("run", self.engine, *RUN, settings="cards=0"), emulator.DEVICE,
                   "starting the NVIDIA driver failed: CUDA_ERROR_NO_DEVICE (100)")
        self.fails(emulator.cermet("run", self.engine, *RUN, settings="cards=0,cuInit=0"),
                   emulator.DEVICE, "there is no card cuda:0; the driver (CUDA 13.2) offers none")

    def test_devices_that_there_are_not(self):
        def build(device):
            return emulator.cermet("build", self.model, "-o", self.root / "x.engine", "--device",
                                   device)
        self.fails(build("cuda:7"), emulator.DEVICE,
                   "there is no card cuda:7; the driver (CUDA 13.2) offers cuda:0 (Fake A, "
                   "sm_89), cuda:1 (Fake B, sm_90a)")
        for device in ("gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", ""):
            self.fails(build(device), WRONG_USE,
                       f"there is no device '{device}'; expected auto, cpu, cuda, cuda:N or "
                       "cuda,cpu")

    def test_the_second_card(self):
        engine = self.root / "second.engine"
        done = emulator.cermet("build", self.model, "-o", engine, "--device", "cuda:1",
                               "--tuning-budget", "0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--arch sm_90a,compute_90", self.options(engine))

    # Architectures.

    def test_an_engine_for_another_card(self):
        engine = self.root / "sm_90.engine"
        done = emulator.build(self.model, engine, "--arch", "sm_90")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.fails(emulator.cermet("run", engine, *RUN), emulator.DEVICE,
                   "the engine has kernels for sm_90, none for cuda:0 (Fake A, sm_89). Build it "
                   "with --arch sm_89")
        self.assertEqual(emulator.cermet("inspect", engine).returncode, 0)

    def test_architectures_that_there_are_not(self):
        for name in ("sm_", "90", "sm_9x", "sm_90ab", "sm90"):
            self.fails(emulator.build(self.model, self.root / "x.engine", "--arch", name),
                       WRONG_USE, f"'{name}' is no architecture; expected such as sm_80")
        self.fails(emulator.build(self.model, self.root / "x.engine", "--arch", "sm_75"), 3,
                   "sm_75: kernels are made for sm_80 (Ampere) and newer cards")
        self.fails(emulator.cermet("build", self.model, "-o", self.root / "x.engine", "--device",
                                   "cpu", "--arch", "sm_90"), WRONG_USE,
                   "architectures were named for the device cpu")

    def test_a_build_without_a_card_says_untuned(self):
        engine = self.root / "elsewhere.engine"
        done = emulator.build(self.model, engine, "--arch", "sm_80,sm_86", LD_LIBRARY_PATH="")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("neither measured nor compared with the model", done.stderr)
        self.assertIn("--device cuda --arch sm_80,sm_86 (untuned)", self.options(engine))

    # The compiler.

    def test_no_compiler(self):
        missing = {"CERMET_NVRTC": "/nonexistent/libnvrtc.so"}
        words = "CERMET_NVRTC names /nonexistent/libnvrtc.so, which can't be opened"
        for flags in ((), ("--arch", "sm_90")):
            self.fails(emulator.build(self.model, self.root / "x.engine", *flags, **missing),
                       emulator.DEVICE, words)
        engine = self.root / "auto_cpu.engine"
        done = emulator.cermet("build", self.model, "-o", engine, "--tuning-budget", "0", **missing)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("cuda:0 (Fake A, sm_89) is not used, the engine runs on the CPU alone: "
                      + words, done.stderr)
        self.assertNotIn("cuda", self.options(engine))
        # What is built runs without it.
        self.assertEqual(emulator.cermet("run", self.engine, *RUN, **missing).returncode, 0)

    def test_a_file_that_is_no_compiler(self):
        self.fails(emulator.build(self.model, self.root / "x.engine",
                                  CERMET_NVRTC=emulator.DRIVER), emulator.DEVICE,
                   "has no function nvrtcVersion: install NVRTC of CUDA 12 or newer")

    def test_a_compiler_that_fails(self):
        for call, words in (("nvrtcCompileProgram", "could not compile a kernel for sm_89"),
                            ("nvrtcCreateProgram", "nvrtcCreateProgram failed"),
                            ("nvrtcGetCUBIN", "fetching the code failed")):
            done = emulator.build(self.model, self.root / "x.engine", "--no-validation",
                                  settings=f"{call}=6", CERMET_KERNEL_CACHE="")
            self.fails(done, 10, words)
            self.assertFalse((self.root / "x.engine").exists())

    # While kernels are measured and compared.

    def test_a_card_that_fails_while_kernels_are_tried(self):
        for call in ("cuLaunchKernelEx", "cuMemcpyHtoDAsync_v2", "cuStreamSynchronize",
                     "cuEventElapsedTime", "cuStreamCreate"):
            done = emulator.cermet("build", self.model, "-o", self.root / "x.engine", "--device",
                                   "cuda", "--tuning-budget", "1", settings=f"{call}=719")
            self.fails(done, emulator.DEVICE, "cuda:0 (Fake A, sm_89): ",
                       "CUDA_ERROR_LAUNCH_FAILED (719)")

    def test_kernels_that_have_no_memory_are_not_measured(self):
        done = emulator.cermet("build", self.model, "-o", self.root / "little.engine", "--device",
                               "cuda", "--tuning-budget", "1", "--explain", settings="memory=256")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not measured: there is not enough memory to measure it",
                      done.stdout + done.stderr)

    # The cache of kernels.

    def build_with_cache(self, folder, name="cached.engine", settings=""):
        done = emulator.build(self.model, self.root / name, settings=settings,
                              CERMET_KERNEL_CACHE=folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return (self.root / name).read_bytes()

    def test_a_cache_that_cannot_be_written(self):
        blocked = self.root / "a_file"
        blocked.write_text("")
        expected = self.engine.read_bytes()
        self.assertEqual(self.build_with_cache(blocked / "kernels"), expected)
        self.assertEqual(self.build_with_cache("/proc/kernels"), expected)

    def test_damaged_entries_are_compiled_again(self):
        folder = self.folder("damaged")
        expected = self.build_with_cache(folder)
        entries = sorted(folder.iterdir())
        self.assertGreater(len(entries), 2)
        whole = [entry.read_bytes() for entry in entries]
        damages = [lambda data: data[:len(data) // 2], lambda data: b"", lambda data: data[:7],
                   lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:]]
        for i, entry in enumerate(entries):
            entry.write_bytes(damages[i % len(damages)](whole[i]))
        self.assertEqual(self.build_with_cache(folder), expected)
        self.assertEqual([entry.read_bytes() for entry in entries], whole)
        # Nothing is compiled where all is there.
        self.assertEqual(self.build_with_cache(folder, settings="nvrtcCreateProgram=6"), expected)
        entries[0].unlink()
        entries[0].mkdir()
        self.assertEqual(self.build_with_cache(folder), expected)

    def test_builds_share_a_cache(self):
        folder = self.folder("shared")
        builds = []
        for i in range(4):
            command = [CERMET, "build", self.model, "-o", self.root / f"shared{i}.engine",
                       "--device", "cuda", "--tuning-budget", "0"]
            builds.append(subprocess.Popen(
                command, env=emulator.environment(CERMET_KERNEL_CACHE=folder),
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        for build in builds:
            _, said = build.communicate(timeout=300)
            self.assertEqual(build.returncode, 0, said)
        for i in range(4):
            self.assertEqual((self.root / f"shared{i}.engine").read_bytes(),
                             self.engine.read_bytes())
        # Whole files alone, none of a writer that is done.
        self.assertEqual({len(entry.suffixes) for entry in folder.iterdir()}, {1})

    # What the GPU can't do.

    def test_no_fallback(self):
        """A count that the host reads, as that of Compress, is no step in the GPU's place."""
        done = emulator.build(self.model, self.root / "x.engine", "--no-fallback")
        self.assertEqual(done.returncode, 0, done.stderr)
        maker = emulator.ModelMaker()
        maker.output(maker.op("Det", maker.op("Exp", maker.input("x", [2, 3, 3]))))
        determinant = self.root / "determinant.onnx"
        emulator.onnx.save(maker.model(), determinant)
        done = emulator.build(determinant, self.root / "x.engine", "--no-fallback")
        self.fails(done, 3, "steps can't run on the GPU, and running them on the CPU was ruled out",
                   "(Det): no tactic of the device computes Det")


if __name__ == "__main__":
    unittest.main()
