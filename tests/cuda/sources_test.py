"""Kernels of NVIDIA's libraries in engines: which sources a build chooses from, which it only
compares with, and what it says where a library is missing, old, broken or wrong."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from commands import BIN, NO_MEMORY, WRONG_USE  # noqa: E402
from model_maker import ModelMaker  # noqa: E402

LIBRARIES = {"cublaslt": ("CERMET_CUBLASLT", "libcublasLt.so", "cuBLASLt"),
             "cudnn": ("CERMET_CUDNN", "libcudnn.so", "cuDNN")}
if not all((emulator.FOLDER / file).exists() for _, file, _ in LIBRARIES.values()):
    print(f"skipped: the libraries in {emulator.FOLDER} are not built")
    sys.exit(77)
RUN = pathlib.Path(__file__).parents[2] / "src/backends/cuda/run"
CALLS = {name: re.findall(r"X\([^,]+, (cu\w+),", (RUN / f"{name}_api.h").read_text())
         for name in LIBRARIES}
PROGRAM = BIN / "test_failing_driver"
OURS = ("gemm", "gemm_fma", "gemm_warpgroup", "gemv", "plain_product", "convolution",
        "convolution_fma", "convolution_warpgroup", "convolution_winograd", "direct_convolution",
        "plain_convolution", "grouped_convolution")
# So that a library's kernel is chosen though nothing is measured.
WITHOUT_OURS = [part for name in OURS for part in ("--disable-tactic", f"cuda.{name}")]
SOURCES = ("--tactic-sources", "+cublaslt,+cudnn")


def model(path):
    """A product and two convolutions, with the epilogues that libraries have; any batch."""
    maker = ModelMaker()
    x = maker.input("x", ["N", 8, 6, 6])
    hidden = maker.op("Relu", maker.op("Conv", x, maker.weight(12, 8, 3, 3), maker.weight(12),
                                       pads=[1, 1, 1, 1]))
    hidden = maker.op("Conv", hidden, maker.weight(8, 12, 1, 1))
    flat = maker.op("Flatten", hidden)
    maker.output(maker.op("Relu", maker.op("Gemm", flat, maker.weight(8 * 36, 16),
                                           maker.weight(16))))
    onnx.save(maker.model(), path)
    return pathlib.Path(path)


class Sources(emulator.CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.holder.name)
        cls.model = model(cls.root / "net.onnx")
        cls.engine, cls.cpu = cls.root / "net.engine", cls.root / "cpu.engine"
        done = emulator.build(cls.model, cls.engine, *SOURCES, *WITHOUT_OURS)
        assert done.returncode == 0, done.stderr
        done = emulator.cermet("build", cls.model, "-o", cls.cpu, "--device", "cpu",
                               "--tuning-budget", "0", "--tactic-sources", "cermet")
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def build(self, *flags, settings="", engine="x.engine", **more):
        return emulator.build(self.model, self.root / engine, *flags, settings=settings, **more)

    def inspect(self, engine):
        done = emulator.cermet("inspect", engine, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def tactics(self, engine):
        return [step["tactic"] for step in self.inspect(engine)["steps"]]

    def explain(self, *flags, settings="", **more):
        done = self.build("--explain=json", *flags, settings=settings, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["steps"]

    def outputs(self, engine, batch, settings="", **more):
        folder = self.root / f"outputs_{batch}"
        done = emulator.cermet("run", engine, "--random-inputs", "--shapes", f"x:{batch}x8x6x6",
                               "--output-dir", folder, "--format", "npy", settings=settings, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return np.load(folder / "output_0.npy")

    # What is chosen from.

    def test_off_by_default(self):
        names = {candidate["tactic"] for step in self.explain() for candidate in step["candidates"]}
        self.assertFalse([name for name in names if name.startswith(("cublaslt.", "cudnn."))])
        # Nothing of the libraries is opened.
        nowhere = {variable: "/nonexistent" for variable, _, _ in LIBRARIES.values()}
        self.assertEqual(self.build(**nowhere).returncode, 0)

    def test_chosen_kernels_run(self):
        tactics = self.tactics(self.engine)
        self.assertEqual((tactics.count("cublaslt.gemm"), tactics.count("cudnn.convolution")),
                         (1, 2))
        shown = self.inspect(self.engine)
        self.assertIn("--tactic-sources +cublaslt,+cudnn", shown["options"])
        self.assertEqual({"cuBLASLt 13.1.0 or newer", "cuDNN 9.19.0 or newer"},
                         set(shown["requirements"]))
        for batch in (1, 3, 8):  # 8: that for which algorithms were recorded
            np.testing.assert_allclose(self.outputs(self.engine, batch),
                                       self.outputs(self.cpu, batch), rtol=1e-4, atol=1e-4)

    def test_names(self):
        for given in ("cermet,cublaslt", "cermet,CUBLAS_LT", "+CUBLAS_LT"):
            done = self.build("--tactic-sources", given, *WITHOUT_OURS[:10])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("cublaslt.gemm", self.tactics(self.root / "x.engine"), given)
        for given, words in (("cublast", "there is no source of kernels 'cublast'; there are: "
                                         "cermet, onednn, cublaslt, cudnn"),
                             ("cublaslt", "without cermet, whose kernels alone compute every"),
                             ("-cermet", "without cermet"),
                             ("+cublaslt,cudnn", "all with + or -")):
            self.fails(self.build(f"--tactic-sources={given}"), WRONG_USE, words)
        self.fails(emulator.cermet("build", self.model, "-o", self.root / "x.engine", "--device",
                                   "cpu", *SOURCES), WRONG_USE,
                   "kernels of cublaslt, cudnn are for GPUs, and the engine is for the device cpu")

    def test_the_cpu_in_the_place_of_a_card_is_told(self):
        done = emulator.cermet("build", self.model, "-o", self.root / "x.engine", *SOURCES,
                               "--tuning-budget", "0", settings="cards=0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("kernels of cublaslt, cudnn are for GPUs, and the engine is for the CPU",
                      done.stderr)

    def test_a_card_that_is_elsewhere(self):
        nowhere = {variable: "/nonexistent" for variable, _, _ in LIBRARIES.values()}
        done = self.build(*SOURCES, *WITHOUT_OURS, "--arch", "sm_89", LD_LIBRARY_PATH="", **nowhere)
        self.assertEqual(done.returncode, 0, done.stderr)
        engine = self.root / "x.engine"
        self.assertIn("cuBLASLt 12.0.0 or newer", self.inspect(engine)["requirements"])
        np.testing.assert_allclose(self.outputs(engine, 2), self.outputs(self.cpu, 2), rtol=1e-4,
                                   atol=1e-4)

    # Measuring.

    def measured(self, *flags, settings="", **more):
        done = emulator.cermet("build", self.model, "-o", self.root / "x.engine", "--device",
                               "cuda", "--tuning-budget", "20", *flags, settings=settings, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_yardsticks_are_measured_and_not_chosen(self):
        cache = self.root / "times"
        done = self.measured("--compare-sources", "cublaslt,cudnn", "--explain=json",
                             "--timing-cache", cache, "--shapes", "x:2x8x6x6")
        self.assertRegex(cache.read_text(), r"\tcublaslt\.gemm@1/130100\tchoice 1\t")
        compared = 0
        for step in json.loads(done.stdout)["steps"]:
            for candidate in step["candidates"]:
                foreign = candidate["tactic"].startswith(("cublaslt.", "cudnn."))
                self.assertEqual(candidate["allowed"], not foreign)
                if foreign and candidate["accepted"]:
                    self.assertGreater(candidate["measured_us"], 0, candidate)
                    self.assertIn("only measured, its source is not among those to choose from",
                                  candidate["reason"])
                    self.assertRegex(candidate["reason"], r"takes [\d.]+ times as long as cuda\.")
                    compared += 1
            if step["winner"]:
                self.assertNotIn(step["winner"]["tactic"].split(".")[0], ("cublaslt", "cudnn"))
        self.assertGreaterEqual(compared, 4 + 2 + 2)
        self.assertEqual(self.inspect(self.root / "x.engine")["requirements"], [])
        done = self.measured("--compare-sources", "cublaslt,cudnn", "--explain", "--timing-cache",
                             cache, "--shapes", "x:2x8x6x6", "--frozen")
        self.assertRegex(done.stdout, r"Compared with kernels that may not be chosen: \d of 3 steps")

    def test_fewer_algorithms_than_choices(self):
        done = self.measured(*SOURCES, *WITHOUT_OURS, "--explain=json",
                             settings="cublaslt_algorithms=2")
        steps = json.loads(done.stdout)["steps"]
        refused = [candidate["reason"] for step in steps for candidate in step["candidates"]
                   if candidate["tactic"] == "cublaslt.gemm" and
                   candidate["configuration"] in ("choice 3", "choice 4")]
        self.assertTrue(refused)
        for reason in refused:
            self.assertIn("cuBLASLt 13.1.0 offers 2 algorithms for this product, number", reason)

    def test_wrong_kernels_are_dropped(self):
        # What is emulated is slow, so that the libraries' kernels are the fastest.
        kept = {"gemm_fma", "convolution_fma"}
        flags = [part for ours in OURS if ours not in kept
                 for part in ("--disable-tactic", f"cuda.{ours}")]
        for name, tactic in (("cublaslt", "cublaslt.gemm"), ("cudnn", "cudnn.convolution")):
            done = self.measured(*SOURCES, *flags, "--explain=json", "--shapes", "x:2x8x6x6",
                                 settings=f"{name}_wrong=1")
            self.assertRegex(done.stderr, rf"{tactic} \w[\w ]* is dropped: error of")
            steps = json.loads(done.stdout)["steps"]
            others = [candidate["reason"] for step in steps for candidate in step["candidates"]
                      if candidate["tactic"] == tactic and candidate["configuration"]]
            self.assertTrue(others)
            for reason in others:
                self.assertIn("where", reason)
                self.assertIn("is allowed", reason)
            self.assertFalse([step for step in steps if step["winner"] and
                              step["winner"]["tactic"] == tactic])

    # Libraries that are missing, old or broken.

    def test_no_library(self):
        for variable, _, shown in LIBRARIES.values():
            missing = {variable: "/nonexistent/library.so"}
            words = f"{variable} names /nonexistent/library.so, which can't be opened"
            self.fails(self.build(*SOURCES, **missing), emulator.DEVICE, words)
            self.fails(emulator.cermet("run", self.engine, "--random-inputs", "--shapes",
                                       "x:1x8x6x6", **missing), emulator.DEVICE,
                       f"the engine calls {shown} ", " or newer (step '", words)
            self.assertEqual(emulator.cermet("inspect", self.engine, **missing).returncode, 0)

    def test_an_older_library(self):
        for name, (_, file, shown) in LIBRARIES.items():
            older = f"{name}_version={120100 if name == 'cublaslt' else 90100}"
            self.fails(emulator.cermet("run", self.engine, "--random-inputs", "--shapes",
                                       "x:1x8x6x6", settings=older), emulator.DEVICE,
                       f"the engine calls {shown} ", file, "is 12.1.0." if name == "cublaslt"
                       else "is 9.1.0.", "or build the engine on this machine")
            ancient = f"{name}_version={110000 if name == 'cublaslt' else 8907}"
            self.fails(self.build(*SOURCES, settings=ancient), emulator.DEVICE, file, "expected",
                       "or newer: update it")

    def test_a_newer_library_is_asked_again(self):
        newer = "cublaslt_version=130200,cudnn_version=92000"
        np.testing.assert_allclose(self.outputs(self.engine, 8, newer), self.outputs(self.cpu, 8),
                                   rtol=1e-4, atol=1e-4)
        # Its algorithms are its own: those of the build are not even looked at.
        self.outputs(self.engine, 8, newer + ",cublasLtMatmulAlgoCheck=7")
        # Of the same version, but not for this card: asked again too.
        self.outputs(self.engine, 8, "cublasLtMatmulAlgoCheck=15")

    def test_recorded_algorithms_need_no_question(self):
        profile = ("--shapes", "x:2x8x6x6")
        done = self.build(*SOURCES, *WITHOUT_OURS, *profile, engine="fixed.engine")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.outputs(self.root / "fixed.engine", 2, "cublasLtMatmulAlgoGetHeuristic=15")

    def test_a_library_that_lacks_a_call(self):
        for name, (variable, file, _) in LIBRARIES.items():
            missing = CALLS[name][-1]
            source = self.root / f"{name}.c"
            source.write_text("".join(f"int {call}(void) {{ return 0; }}\n"
                                      for call in CALLS[name] if call != missing))
            subprocess.run(["cc", "-shared", "-fPIC", source, "-o", self.root / file], check=True)
            self.fails(self.build(*SOURCES, **{variable: self.root / file}), emulator.DEVICE,
                       f"{file} has no function {missing}: install cu")

    def test_a_build_ends_with_a_card_that_fails(self):
        for call, status in (("cublasLtMatmul", 13), ("cudnnConvolutionForward", 5000),
                             ("cublasLtCreate", 1), ("cudnnCreate", 1001)):
            self.fails(self.build(*SOURCES, *WITHOUT_OURS, settings=f"{call}={status}"),
                       emulator.DEVICE, "cuda:0 (Fake A, sm_89): cu", f"({status})")

    # Each call of the libraries fails in turn.

    def run_with(self, settings):
        if not PROGRAM.exists():
            self.skipTest(f"{PROGRAM} is not built")
        with tempfile.NamedTemporaryFile() as left:
            done = subprocess.run([PROGRAM, self.engine, self.cpu], capture_output=True, text=True,
                                  timeout=120, env=emulator.environment(
                                      settings, FAKE_CUDA_REPORT=left.name))
            leaks = [int(count) for count in
                     re.findall(r" (\d+)", pathlib.Path(left.name).read_text()) if count != "0"]
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("wrong results", done.stdout, settings)
        self.assertEqual(leaks, [], settings + done.stdout)
        return [line for line in done.stdout.splitlines() if ": error " in line], done.stdout

    def test_nothing_fails(self):
        errors, said = self.run_with("")
        self.assertEqual((errors, said.count(": ok")), ([], 12), said)

    def test_each_call_in_turn(self):
        silent = set()
        quiet = {"GetVersion", "GetStatusName", "GetErrorString", "Destroy"}
        for name, status in (("cublaslt", 14), ("cudnn", 4000)):
            for call in CALLS[name]:
                if any(word in call for word in quiet):
                    continue
                found = 0
                for occurrence in range(1, 5):
                    errors, said = self.run_with(f"{call}={status}@{occurrence}")
                    self.assertLessEqual(len(errors), 1, said)
                    if not errors:
                        break
                    found += 1
                    self.assertIn(f"error {emulator.DEVICE} ", errors[0])
                    self.assertRegex(errors[0], rf"failed: CU\w+ \({status}\)")
                if found == 0:
                    silent.add(call)
        # The engine's algorithm is checked where it fits; where not, the library is asked.
        self.assertLessEqual(silent, {"cublasLtMatmulAlgoCheck",
                                      "cublasLtMatrixLayoutSetAttribute"})

    def test_memory_of_the_library_runs_out(self):
        for settings in ("cublasLtMatmul=3", "cudnnConvolutionForward=4004"):
            done = emulator.cermet("run", self.engine, "--random-inputs", "--shapes", "x:1x8x6x6",
                                   settings=settings)
            self.fails(done, NO_MEMORY, "failed: ")


if __name__ == "__main__":
    unittest.main()
