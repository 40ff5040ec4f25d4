"""`cermet trtexec`: the lines and files that programs made for trtexec read."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command_test import (  # noqa: E402
    CERMET, IO, UNSUPPORTED, WRONG_USE, X, Y, helper, model, np, onnx, tensor, tiny)
from tests.support.commands import BIN  # noqa: E402

BUILD = BIN.parent

TIME = r"^\[\d\d/\d\d/\d{4}-\d\d:\d\d:\d\d\] \[I\] "
NUMBER = r"(\d+\.\d+)"
SPREAD = (rf"min = {NUMBER} ms, max = {NUMBER} ms, mean = {NUMBER} ms, median = {NUMBER} ms, "
          rf"percentile\(90%\) = {NUMBER} ms, percentile\(95%\) = {NUMBER} ms, "
          rf"percentile\(99%\) = {NUMBER} ms$")
QUICK = ["--iterations=20", "--duration=0", "--warmUp=1", "--tuningBudget=0"]


class Trtexec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.model = cls.folder / "tiny.onnx"
        onnx.save(tiny(), cls.model)
        cls.engine = cls.folder / "tiny.engine"
        cls.built = cls.start(f"--onnx={cls.model}", f"--saveEngine={cls.engine}",
                              "--minShapes=x:0:1x3", "--optShapes=x:0:2x3", "--maxShapes=x:0:8x3",
                              "--buildOnly", *QUICK)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @staticmethod
    def start(*flags):
        return subprocess.run([CERMET, "trtexec", *flags], capture_output=True, text=True)

    def passes(self, *flags):
        done = self.start(*flags)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1],
                         r"^&&&& PASSED Cermet\.trtexec \[v[\d.]+\] # cermet trtexec --")
        return done.stdout

    def fails(self, status, words, *flags):
        done = self.start(*flags)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"\[E\] .*" + re.escape(words))
        self.assertTrue(done.stdout.splitlines()[-1].startswith("&&&& FAILED Cermet.trtexec [v"))

    def run_engine(self, *flags):
        return self.passes(f"--loadEngine={self.engine}", *QUICK, *flags)

    def found(self, pattern, text):
        match = re.search(TIME + pattern, text, re.MULTILINE)
        self.assertIsNotNone(match, f"{pattern}\n{text}")
        return [float(group) for group in match.groups()]

    def test_build_only(self):
        self.assertEqual(self.built.returncode, 0, self.built.stderr)
        self.found(r"Engine built in ([\d.e-]+) sec\.$", self.built.stdout)
        self.assertNotIn("Performance summary", self.built.stdout)
        self.assertTrue(self.engine.exists())

    def test_summary(self):
        text = self.run_engine("--avgRuns=5")
        for title in ("Trace details", "Performance summary", "Model Options", "Build Options"):
            self.found(rf"=== {title} ===$", text)
        averages = re.findall(rf"Average on 5 runs - GPU latency: {NUMBER} ms - Host latency: "
                              rf"{NUMBER} ms \(enqueue {NUMBER} ms\)$", text, re.MULTILINE)
        self.assertEqual(len(averages), 4)
        self.assertGreater(self.found(rf"Throughput: {NUMBER} qps$", text)[0], 0)
        for title in ("Latency", "Enqueue Time", "GPU Compute Time"):
            least, most, mean, median, p90, p95, p99 = self.found(f"{title}: {SPREAD}", text)
            order = [least, median, p90, p95, p99, most]
            self.assertEqual(order, sorted(order))
            self.assertTrue(0 < least <= mean <= most)
        for title in ("H2D Latency", "D2H Latency"):
            self.assertEqual(set(self.found(f"{title}: {SPREAD}", text)), {0})
        wall, = self.found(rf"Total Host Walltime: {NUMBER} s$", text)
        compute, = self.found(rf"Total GPU Compute Time: {NUMBER} s$", text)
        self.assertLessEqual(compute, wall + 1e-5)
        self.assertEqual(text.count("On a CPU nothing is transferred"), 1)

    def test_percentiles_streams_and_waits(self):
        text = self.run_engine("--percentile=50,99.5", "--infStreams=2", "--threads", "--idleTime=1",
                               "--sleepTime=1")
        self.assertRegex(text, r"percentile\(50%\) = [\d.]+ ms, percentile\(99.5%\) = [\d.]+ ms\n")
        self.assertIn("Timing trace has 40 queries", text)

    def test_model_without_shapes_runs_with_ones(self):
        done = self.start(f"--onnx={self.model}", *QUICK)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"\[W\] Input 'x:0'.*1x3")

    def test_exports(self):
        raw = self.folder / "x.bin"
        raw.write_bytes(X.tobytes())
        files = {flag: self.folder / f"{flag}.json" for flag in
                 ("exportTimes", "exportProfile", "exportOutput", "exportLayerInfo")}
        text = self.run_engine(f"--loadInputs=x:0:{raw}", "--shapes='x:0':2x3", "--dumpProfile",
                               "--dumpOutput", "--dumpLayerInfo",
                               *(f"--{flag}={file}" for flag, file in files.items()))
        self.found(r"=== Profile \(20 iterations \) ===$", text)
        self.found(r"y/out: \(2x2\)$", text)
        self.found(r"Layer Information:$", text)
        times, profile, outputs, layers = (json.loads(f.read_text()) for f in files.values())
        self.assertEqual(len(times), 20)
        for run in times:
            self.assertAlmostEqual(run["endMs"] - run["startMs"], run["inferMs"])
            self.assertTrue({"enqMs", "computeMs", "latencyMs", "inMs", "outMs"} <= set(run))
        self.assertEqual(profile[0], {"count": 20})
        for layer in profile[1:]:
            self.assertEqual(set(layer), {"name", "timeMs", "averageMs", "medianMs", "percentage"})
        self.assertAlmostEqual(sum(layer["percentage"] for layer in profile[1:]), 100)
        self.assertEqual([o["name"] for o in outputs], ["y/out", "total"])
        self.assertEqual(outputs[0]["dimensions"], "2x2")
        np.testing.assert_allclose(outputs[0]["values"], Y.ravel(), rtol=1e-6)
        self.assertEqual(layers["Bindings"], ["x:0", "y/out", "total"])
        self.assertTrue(layers["Layers"])

    def test_refused_by_name(self):
        for flag in ("--int8", "--fp8", "--best", "--useDLACore=0",
                     "--calib=cache", "--timingCache=global", "--refit",
                     "--setPluginsToSerialize=a.so"):
            self.fails(UNSUPPORTED, f"{flag} is not supported: ", f"--onnx={self.model}", flag)
        for flag, name in (("--fp16", "float16"), ("--bf16", "bfloat16")):
            self.fails(UNSUPPORTED, f"{name} builds are for GPUs", f"--onnx={self.model}", flag)
        self.fails(WRONG_USE, "--fp16 excludes --bf16", f"--onnx={self.model}", "--fp16", "--bf16")
        engine = f"--loadEngine={self.engine}"
        self.fails(UNSUPPORTED, "'x:0' is float32 Nx3 in the loaded engine", engine,
                   "--inputIOFormats=fp16:chw")
        self.fails(UNSUPPORTED, "--outputIOFormats=fp32:chw,fp32:hwc: 'total'", engine,
                   "--outputIOFormats=fp32:chw,fp32:hwc")
        self.fails(UNSUPPORTED, "--inputIOFormats=fp16:chw16 is not supported",
                   f"--onnx={self.model}", "--inputIOFormats=fp16:chw16")
        self.fails(UNSUPPORTED, "'x:0' is float32[N, 3]; channels-last needs",
                   f"--onnx={self.model}", "--inputIOFormats=fp16:hwc")
        self.fails(UNSUPPORTED, "dlaSRAM", f"--onnx={self.model}", "--memPoolSize=dlaSRAM:1")

    def test_formats_are_built_in(self):
        picture = self.folder / "picture.onnx"
        onnx.save(model([helper.make_node("Relu", ["x"], ["y"])],
                        [tensor("x", ["N", 3, 4, 5])], [tensor("y", ["N", 3, 4, 5])]), picture)
        engine, raw, out = (self.folder / n for n in ("p.engine", "x.raw", "out.json"))
        pixels = np.arange(-30, 90, dtype=np.float16).reshape(2, 4, 5, 3)
        raw.write_bytes(pixels.tobytes())
        self.passes(f"--onnx={picture}", "--shapes=x:2x3x4x5", "--inputIOFormats=fp16:hwc",
                    "--outputIOFormats=fp32:chw", f"--loadInputs=x:{raw}", f"--exportOutput={out}",
                    f"--saveEngine={engine}", *QUICK)
        output = json.loads(out.read_text())[0]
        self.assertEqual(output["dimensions"], "2x3x4x5")
        expected = np.maximum(pixels, 0).transpose(0, 3, 1, 2)
        np.testing.assert_array_equal(output["values"], expected.ravel())
        self.passes(f"--loadEngine={engine}", "--inputIOFormats=fp16:chw", *QUICK)
        self.fails(WRONG_USE, "expected one entry for all or 1", f"--onnx={picture}",
                   "--inputIOFormats=fp16:chw,fp16:chw")
        self.fails(WRONG_USE, "fp17:chw", f"--onnx={picture}", "--inputIOFormats=fp17:chw")

    def test_timing_cache(self):
        cache = self.folder / "times.txt"
        build = [f"--onnx={self.model}", "--shapes=x:0:2x3", "--iterations=1", "--duration=0",
                 "--warmUp=1", f"--timingCacheFile={cache}"]
        self.fails(WRONG_USE, "frozen", f"--onnx={self.model}", "--errorOnTimingCacheMiss")
        self.passes(*build, "--tuningBudget=5")
        self.assertIn("cermet timing cache", cache.read_text())
        before = cache.read_text()
        self.passes(*build, "--errorOnTimingCacheMiss")
        self.assertEqual(cache.read_text(), before)

    def test_plugins_are_loaded(self):
        clamp = BUILD / "examples/clamp.so"
        if not clamp.exists():
            self.skipTest(f"{clamp} is not built")
        graph = helper.make_graph([helper.make_node("Clamp01", ["x"], ["y"], domain="com.example")],
                                  "g", [tensor("x", [3])], [tensor("y", [3])])
        custom, engine = self.folder / "custom.onnx", self.folder / "custom.engine"
        onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[
            helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]), custom)
        self.fails(UNSUPPORTED, "Clamp01", f"--onnx={custom}")
        for flag in ("--plugins", "--staticPlugins", "--dynamicPlugins"):
            self.passes(f"--onnx={custom}", f"{flag}={clamp}", f"--saveEngine={engine}", *QUICK)
            self.passes(f"--loadEngine={engine}", f"{flag}={clamp}", *QUICK)
        self.fails(8, "plugin", f"--loadEngine={engine}")
        self.fails(8, "none.so", f"--onnx={custom}", "--plugins=none.so")

    def test_harmless_flags_are_noted(self):
        text = self.run_engine("--noDataTransfers", "--useCudaGraph", "--useSpinWait",
                               "--inputIOFormats=fp32:chw", "--device=cpu")
        for flag in ("--noDataTransfers", "--useCudaGraph", "--useSpinWait"):
            self.assertRegex(text, rf"\[I\] {flag} changes nothing: ")

    def test_auxiliary_streams_are_bounded(self):
        self.assertNotIn("changes nothing", self.run_engine("--maxAuxStreams=2"))
        self.fails(WRONG_USE, "from 0 to 1000", f"--loadEngine={self.engine}", "--maxAuxStreams=-1")

    def test_wrong_use(self):
        self.fails(WRONG_USE, "--onnx=MODEL", "--verbose")
        self.fails(WRONG_USE, "--noSuchFlag", f"--onnx={self.model}", "--noSuchFlag")
        self.fails(WRONG_USE, "--iterations", f"--onnx={self.model}", "--iterations=few")
        self.fails(IO, "none.engine", f"--loadEngine={self.folder / 'none.engine'}")
        self.fails(WRONG_USE, "24", f"--loadEngine={self.engine}",
                   f"--loadInputs=x:0:{self.model}", *QUICK)
        self.fails(WRONG_USE, "'z' is no input", f"--loadEngine={self.engine}", "--loadInputs=z:f")

    def test_streams_by_either_name(self):
        for flag in ("--infStreams=2", "--streams=2"):
            self.assertIn("Timing trace has 40 queries", self.run_engine(flag))

    def test_cards_that_are_no_number(self):
        for device in ("gpu", "-1", "cuda:x", "0,1"):
            self.fails(WRONG_USE, f"there is no device '{device}'", f"--onnx={self.model}",
                       f"--device={device}")
        self.fails(WRONG_USE, "--device cuda:0: the engine was built for the CPU",
                   f"--loadEngine={self.engine}", "--device=0")

    def test_values_that_are_empty(self):
        """They are not the flag behind them."""
        for flag in ("--device=", "--shapes=", "--noDataTransfers="):
            self.fails(WRONG_USE, f"{flag}: the value is empty", f"--onnx={self.model}", flag,
                       "--verbose")

    def test_memory_pool(self):
        self.passes(f"--onnx={self.model}", "--memPoolSize=workspace:16", "--shapes=x:0:2x3", *QUICK)
        self.fails(5, "limit", f"--onnx={self.model}", "--memPoolSize=workspace:1K",
                   "--shapes=x:0:4096x3", *QUICK)

    def test_help(self):
        done = self.start("--help")
        self.assertEqual(done.returncode, 0)
        for words in ("--saveEngine", "--exportTimes", "Examples"):
            self.assertIn(words, done.stdout)


if __name__ == "__main__":
    unittest.main()
