"""The built commands on a tiny model: what they write, print and end with."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support.commands import (
    CERMET, CERMET_RUN, DATA, INVALID_ENGINE, INVALID_MODEL, IO, NO_MEMORY, OUT_OF_RANGE, UNSUPPORTED,
    WRONG_USE)  # noqa: E402

WEIGHTS = np.arange(6, dtype=np.float32).reshape(3, 2)
X = np.array([[1, -2, 3], [0.5, 0, -1]], dtype=np.float32)
Y = np.maximum(X @ WEIGHTS, 0)


def model(nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def tiny(batch="N"):
    """y = relu(x:0 W), and the same sum as a scalar."""
    return model(
        [helper.make_node("MatMul", ["x:0", "w"], ["product"], name="mul"),
         helper.make_node("Relu", ["product"], ["y/out"], name="relu"),
         helper.make_node("ReduceSum", ["y/out"], ["total"], name="sum", keepdims=0)],
        [tensor("x:0", [batch, 3])], [tensor("y/out", [batch, 2]), tensor("total", [])],
        [numpy_helper.from_array(WEIGHTS, "w")])


def read_all(terminal):
    """What was written to a terminal whose other end is closed; one read may give a part of it."""
    text = b""
    with open(terminal, "rb", buffering=0) as file:
        try:
            while part := file.read(1 << 16):
                text += part
        except OSError:  # Linux's way to say that the other end is closed
            pass
    return text


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.model = cls.folder / "tiny.onnx"
        onnx.save(tiny(), cls.model)
        np.save(cls.folder / "x.npy", X)
        cls.engine = cls.folder / "tiny.engine"
        subprocess.run([CERMET, "build", cls.model, "-o", cls.engine, "--tuning-budget", "0"],
                       check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def call(self, *arguments, program=CERMET, status=0, **environment):
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                              env={**os.environ, **environment})
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return done.stdout if status == 0 else done.stderr

    def fails(self, status, words, *arguments, **options):
        self.assertIn(words, self.call(*arguments, status=status, **options))

    def x_input(self):
        return ["--input", f"x:0={self.folder / 'x.npy'}"]

    def out(self, name):
        """A folder that is not there yet."""
        return self.folder / self.id() / name

    def test_run_writes_npy_in_the_model_s_order(self):
        for program, file in ((CERMET, self.model), (CERMET, self.engine),
                              (CERMET_RUN, self.engine)):
            out = self.out(f"{program.name}{file.suffix}")
            arguments = ["run"] if program == CERMET else []
            self.call(*arguments, file, *self.x_input(), "--output-dir", out, program=program)
            np.testing.assert_allclose(np.load(out / "output_0.npy"), Y, rtol=1e-6)
            total = np.load(out / "output_1.npy")
            self.assertEqual(total.shape, ())
            np.testing.assert_allclose(total, Y.sum(), rtol=1e-6)

    def test_run_takes_and_gives_a_folder_of_pb(self):
        given = self.out("in")
        given.mkdir(parents=True)
        (given / "input_0.pb").write_bytes(numpy_helper.from_array(X, "x").SerializeToString())
        out = self.out("deep/out")
        self.call("run", self.engine, "--input-dir", given, "--output-dir", out)
        proto = TensorProto.FromString((out / "output_0.pb").read_bytes())
        self.assertEqual(proto.name, "y/out")
        np.testing.assert_allclose(numpy_helper.to_array(proto), Y, rtol=1e-6)
        self.call("run", self.engine, "--input-dir", given, "--output-dir", out, "--format", "npy",
                  "--by-name")
        np.testing.assert_allclose(np.load(out / "y_out.npy"), Y, rtol=1e-6)
        (given / "input_1.pb").write_bytes(b"")
        self.fails(WRONG_USE, "input_1.pb", "run", self.engine, "--input-dir", given)

    def test_run_names_what_is_missing_or_wrong(self):
        self.fails(WRONG_USE, "'x:0' (float32 Nx3)", "run", self.engine)
        self.fails(WRONG_USE, "the inputs are: x:0", "run", self.engine, "--input", "z=z.npy")
        self.fails(IO, "No such file or directory", "run", self.engine, "--input", "x:0=none.npy")
        self.fails(WRONG_USE, "--shapes", "run", self.engine, "--random-inputs")
        self.fails(WRONG_USE, "--shapes says 1x3", "run", self.engine, *self.x_input(),
                   "--shapes", "x:0:1x3")
        np.save(self.folder / "wrong.npy", X.astype(np.float64))
        self.fails(WRONG_USE, "float64", "run", self.engine, "--input",
                   f"x:0={self.folder / 'wrong.npy'}")

    def test_random_inputs_follow_the_seed(self):
        def values(seed):
            out = self.out(f"seed{seed}")
            self.call("run", self.engine, "--random-inputs", "--seed", seed, "--shapes",
                      "x:0:4x3", "--output-dir", out)
            return np.load(out / "output_0.npy")
        self.assertEqual(values(3).shape, (4, 2))
        np.testing.assert_array_equal(values(3), values(3))
        self.assertTrue((values(3) != values(4)).any())

    def test_profile_limits_shapes(self):
        engine = self.out("") / "profile.engine"
        engine.parent.mkdir(parents=True)
        self.call("build", self.model, "-o", engine, "--min-shapes", "x:0:1x3", "--opt-shapes",
                  "x:0:2x3", "--max-shapes", "x:0:8x3", "--tuning-budget", 0)
        report = json.loads(self.call("inspect", engine, "--json"))
        self.assertEqual(report["profiles"],
                         [{"x:0": {"min": [1, 3], "opt": [2, 3], "max": [8, 3]}}])
        self.assertEqual(report["shapes"], {"x:0": [2, 3]})
        self.call("run", engine, "--random-inputs")
        self.fails(OUT_OF_RANGE, "x:0", "run", engine, "--random-inputs", "--shapes", "x:0:9x3")

    def test_inspect(self):
        report = json.loads(self.call("inspect", self.engine, "--json"))
        self.assertEqual([i["name"] for i in report["inputs"]], ["x:0"])
        self.assertEqual(report["inputs"][0]["dims"], ["N", "3"])
        self.assertIsNone(report["activation_bytes"])
        self.assertEqual(report["fusions"], sum(len(s["nodes"]) > 1 for s in report["steps"]))
        self.assertGreater(report["fusions"], 0)
        self.assertIn("--threads", report["options"])
        self.assertTrue({"mul", "relu", "sum"} <= {n for s in report["steps"] for n in s["nodes"]})
        self.assertTrue(all(s["tactic"] or s["kind"] == "view" for s in report["steps"]))
        report = json.loads(self.call("inspect", self.engine, "--json", "--shapes", "x:0:64x3"))
        self.assertGreater(report["activation_bytes"], 0)
        self.assertIn("matmul", self.call("inspect", self.engine, "--problems"))

    def test_explain(self):
        engine = self.folder / "explained.engine"
        report = json.loads(self.call("build", self.model, "-o", engine, "--explain=json",
                                      "--tuning-budget", 0))
        self.assertEqual(set(report), {"steps", "near_fusions"})
        for step in report["steps"]:
            self.assertEqual(set(step), {"name", "nodes", "problem", "winner", "candidates", "validation"})
            for candidate in step["candidates"]:
                self.assertEqual(set(candidate), {"tactic", "configuration", "accepted", "allowed", "reason",
                                                  "estimate_us", "measured_us"})
                self.assertTrue(candidate["accepted"] or candidate["reason"])
        text = self.call("build", self.model, "-o", engine, "--explain", "--tuning-budget", 0)
        self.assertIn("chosen", text)
        self.assertEqual(report["near_fusions"], [])
        self.assertNotIn("Almost fused", text)

    def test_validation_can_be_turned_off(self):
        build = ("build", self.model, "--explain=json", "--tuning-budget", 0, "-o")
        engines = [self.folder / "on.engine", self.folder / "off.engine"]
        on = json.loads(self.call(*build, engines[0]))["steps"]
        off = json.loads(self.call(*build, engines[1], "--no-validation"))["steps"]
        self.assertEqual(engines[0].read_bytes(), engines[1].read_bytes())
        for with_it, without in zip(on, off, strict=True):
            if not with_it["candidates"]:
                continue
            self.assertGreater(with_it["validation"]["points"], 0, with_it["validation"])
            self.assertLessEqual(with_it["validation"]["error"], 1)
            self.assertEqual(without["validation"],
                             {"points": 0, "error": 0, "reason": "validation is turned off"})

    def test_every_candidate_that_lost_says_why(self):
        models = [self.model, "examples/digits/digits.onnx"]
        loop = self.folder / "loop.onnx"
        body = helper.make_graph(
            [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Relu", ["s"], ["t"])],
            "body", [tensor("i", [], TensorProto.INT64), tensor("go", [], TensorProto.BOOL),
                     tensor("s", [4])], [tensor("on", [], TensorProto.BOOL), tensor("t", [4])])
        onnx.save(model([helper.make_node("Loop", ["n", "", "x"], ["y"], name="loop", body=body),
                         helper.make_node("NonZero", ["y"], ["z"])],
                        [tensor("n", [], TensorProto.INT64), tensor("x", [4])],
                        [tensor("y", [4]), tensor("z", [1, None], TensorProto.INT64)]), loop)
        models.append(loop)
        for path in models:
            for budget in ("0", "1", "1e-9"):
                with self.subTest(f"{path} {budget}"):
                    self.check_explanation(json.loads(self.call(
                        "build", path, "-o", self.folder / "why.engine", "--explain=json",
                        "--tuning-budget", budget)))

    def check_explanation(self, report):
        for step in report["steps"]:
            if step["winner"] is None:
                self.assertEqual(step["candidates"], [])
                continue
            won = [c for c in step["candidates"] if c["reason"] == ""]
            self.assertEqual([{k: c[k] for k in ("tactic", "configuration")} for c in won],
                             [step["winner"]])
            self.assertTrue(won[0]["accepted"])
            for one in step["candidates"]:
                if one["measured_us"] is not None and one is not won[0]:
                    self.assertIsNotNone(won[0]["measured_us"])
                    ratio = re.match(r"takes ([\d.]+) times as long as", one["reason"])
                    if ratio:
                        self.assertAlmostEqual(float(ratio[1]), one["measured_us"] /
                                               won[0]["measured_us"], delta=0.006)
                    else:
                        self.assertRegex(one["reason"], "within 2 %|comes first")

    def test_reshaping_and_values_that_data_forbid_end_alike(self):
        for name, nodes, inputs in (
                ("reshape", [helper.make_node("Reshape", ["x", "s"], ["y"])],
                 {"x": np.zeros(3, np.float32), "s": np.array([4, 5])}),
                ("pad", [helper.make_node("Pad", ["x", "s"], ["y"], mode="reflect")],
                 {"x": np.zeros(3, np.float32), "s": np.array([3, 0])}),
                ("mel", [helper.make_node("MelWeightMatrix", ["b", "d", "r", "lo", "hi"], ["y"])],
                 {"b": np.array(4), "d": np.array(8), "r": np.array(0), "lo": np.float32(1),
                  "hi": np.float32(2)})):
            path = self.folder / f"{name}.onnx"
            onnx.save(model(nodes, [tensor(n, v.shape, helper.np_dtype_to_tensor_dtype(v.dtype))
                                    for n, v in inputs.items()],
                            [tensor("y", [None] * (1 if name == "pad" else 2))]), path)
            given = []
            for key, value in inputs.items():
                np.save(self.folder / f"{name}.{key}.npy", value)
                given += ["--input", f"{key}={self.folder / name}.{key}.npy"]
            self.fails(DATA, "running step", "run", path, *given)

    def test_a_reflecting_pad_ends_at_the_dimension(self):
        import onnxruntime
        for pads, accepted in (([2, 0], True), ([0, 2], True), ([3, 0], False), ([0, 3], False),
                               ([-1, 1], True), ([-1, 2], False)):
            path = self.folder / "reflect.onnx"
            onnx.save(model([helper.make_node("Pad", ["x", "p"], ["y"], mode="reflect")],
                            [tensor("x", [3])], [tensor("y", [None])],
                            [numpy_helper.from_array(np.array(pads), "p")]), path)
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4
            x = np.arange(3, dtype=np.float32)
            try:
                expected = onnxruntime.InferenceSession(path, options).run(None, {"x": x})[0]
            except Exception:
                expected = None
            self.assertEqual(expected is not None, accepted, pads)
            if not accepted:
                self.fails(INVALID_MODEL, "mode reflect can add at most", "run", path,
                           "--random-inputs")
                continue
            np.save(self.folder / "reflect.npy", x)
            self.call("run", path, "--input", f"x={self.folder / 'reflect.npy'}", "--output-dir",
                      self.out(str(pads)))
            np.testing.assert_array_equal(np.load(self.out(str(pads)) / "output_0.npy"), expected)

    def test_shapes_that_no_machine_holds_are_too_large(self):
        for shape in (2**63 - 1, 2**46):
            for flags in (["--shapes", f"x:0:{shape}x3"],
                          ["--opt-shapes", "x:0:8x3", "--max-shapes", f"x:0:{shape}x3"]):
                self.fails(WRONG_USE, "is too large", "build", self.model, "-o",
                           self.folder / "huge.engine", *flags)
        self.call("build", self.model, "-o", self.folder / "huge.engine", "--tuning-budget", 0,
                  "--opt-shapes", "x:0:8x3", "--max-shapes", "x:0:10000000000x3")

    def test_explain_tells_of_near_fusions(self):
        report = json.loads(self.call("build", self.model, "-o", self.folder / "near.engine",
                                      "--explain=json", "--mark-output", "product"))
        self.assertEqual(report["near_fusions"], [
            {"pass": "fuse-epilogue", "nodes": ["mul", "relu"],
             "condition": "the value 'product' between them is an output of the graph"}])
        text = self.call("build", self.model, "-o", self.folder / "near.engine", "--explain",
                         "--mark-output", "product")
        self.assertIn("fuse-epilogue: mul, relu", text)

    def test_build_options(self):
        out = self.out("dump")
        out.mkdir(parents=True)
        engine = self.folder / "options.engine"
        self.call("build", self.model, "-o", engine, "--dump-graph", out, "--mark-output",
                  "product", "--passes", "", "--tuning-budget", 0)
        self.assertIn("MatMul", (out / "imported.txt").read_text())
        self.assertTrue((out / "plan.txt").read_text())
        outputs = json.loads(self.call("inspect", engine, "--json"))["outputs"]
        self.assertEqual([o["name"] for o in outputs], ["y/out", "total", "product"])
        self.fails(WRONG_USE, "no-such-pass", "build", self.model, "-o", engine, "--skip-pass",
                   "no-such-pass")
        self.fails(NO_MEMORY, "limit", "build", self.model, "-o", engine, "--memory-limit", "1K",
                   "--shapes", "x:0:4096x3", "--tuning-budget", 0)
        error = self.call("build", self.model, "-o", engine, "--memory-limit", "1K", "--threads", 1,
                          "--shapes", "x:0:4096x3", "--tuning-budget", 0, status=NO_MEMORY)
        peak, limit, step, bytes_of_step = re.search(
            r"take (\d+) bytes at the largest shapes, the limit is (\d+)\. Most is in use at "
            r"step '(.+)': (\d+) bytes", error).groups()
        self.assertEqual(limit, "1024")
        self.call("build", self.model, "-o", engine, "--memory-limit", peak, "--threads", 1,
                  "--shapes", "x:0:4096x3", "--tuning-budget", 0)
        self.fails(NO_MEMORY, peak, "build", self.model, "-o", engine, "--memory-limit",
                   int(peak) - 1, "--threads", 1, "--shapes", "x:0:4096x3", "--tuning-budget", 0)
        report = json.loads(self.call("inspect", engine, "--json", "--threads", 1))
        self.assertEqual(report["activation_bytes"], int(peak))
        self.assertIn(step, [s["name"] for s in report["steps"]])
        # The product is there, 2 floats a row.
        self.assertTrue(8 * 4096 <= int(bytes_of_step) <= int(peak), error)
        self.fails(WRONG_USE, "no tactic 'foo'", "build", self.model, "-o", engine,
                   "--disable-tactic", "foo")
        self.fails(WRONG_USE, "overwrite the model", "build", self.model, "-o", self.model)
        self.fails(IO, "there is no folder", "build", self.model, "-o",
                   pathlib.Path(engine).parent / "none" / "x.engine")
        self.fails(WRONG_USE, "'12Q'", "build", self.model, "-o", engine, "--memory-limit", "12Q")

    def test_threads_stay_awake_and_in_place_as_asked(self):
        cpu = min(os.sched_getaffinity(0))
        for flags in (["--spin", 0], ["--spin", 5000], ["--cpus", cpu], ["--cpus", f"{cpu},{cpu}"]):
            self.call("run", self.engine, *self.x_input(), "--output-dir", self.folder,
                      "--threads", 3, *flags)
            self.call("bench", self.engine, "--shapes", "x:0=2x3", "--iterations", 3, "--streams",
                      2, "--threads", 2, *flags)
        self.fails(WRONG_USE, "CPU 1000000 can't be used", "run", self.engine, *self.x_input(),
                   "--cpus", 1000000)

    def test_bench(self):
        file = self.folder / "bench.json"
        text = self.call("bench", self.engine, "--shapes", "x:0=2x3", "--iterations", 5, "--warmup",
                         1, "--threads", 1, "--streams", 2, "--json", file, "--per-layer")
        self.assertIn("median", text)
        report = json.loads(file.read_text())
        self.assertEqual(report["iterations"], 10)
        latency = report["latency_ms"]
        self.assertEqual(list(latency), sorted(["min", "mean", "median", "p90", "p95", "p99",
                                                "max"]))
        order = [latency[k] for k in ("min", "median", "p90", "p95", "p99", "max")]
        self.assertEqual(order, sorted(order))
        self.assertGreater(report["throughput"], 0)
        self.assertAlmostEqual(sum(layer["share"] for layer in report["layers"]), 1)
        self.assertIn("relu", [n for layer in report["layers"] for n in layer["nodes"]])
        self.call("bench", self.model, *self.x_input(), "--seconds", 0.01, "--tuning-budget", 0)

    def test_check(self):
        self.assertIn("no problems", self.call("check", self.model))
        unknown = self.folder / "unknown.onnx"
        onnx.save(model([helper.make_node("NoSuchThing", ["x"], ["a"], name="first"),
                         helper.make_node("NeitherThis", ["x"], ["b"], name="second")],
                        [tensor("x", [1])], [tensor("a", [1]), tensor("b", [1])]), unknown)
        done = subprocess.run([CERMET, "check", unknown], capture_output=True, text=True)
        self.assertIn(done.returncode, (INVALID_MODEL, UNSUPPORTED))
        for words in ("first", "NoSuchThing", "second", "NeitherThis", "2 problems"):
            self.assertIn(words, done.stdout)
        done = subprocess.run([CERMET, "check", unknown, "--json"], capture_output=True, text=True)
        self.assertEqual(len(json.loads(done.stdout)["problems"]), 2)

    def test_files_that_are_none(self):
        for command in ("check", "run", "bench"):
            self.fails(IO, "No such file or directory", command, self.folder / "none.onnx")
        self.fails(IO, "No such file or directory", "build", self.folder / "none.onnx", "-o", "e")
        for command in ("inspect", "run", "bench"):
            self.fails(IO, "No such file or directory", command, self.folder / "none.engine")
        self.fails(IO, "No such file or directory", self.folder / "none.engine",
                   program=CERMET_RUN)
        self.fails(WRONG_USE, "cermet build", self.model, program=CERMET_RUN)
        garbage = self.folder / "garbage.onnx"
        garbage.write_bytes(b"\xff" * 100)
        self.fails(INVALID_MODEL, "garbage.onnx", "build", garbage, "-o", self.folder / "g.engine")
        self.fails(INVALID_ENGINE, "tiny.npy", "inspect", self.rename_model_to("tiny.npy"))
        self.assertFalse((self.folder / "g.engine").exists())

    def rename_model_to(self, name):
        path = self.folder / name
        path.write_bytes(self.model.read_bytes())
        return path

    def test_use(self):
        self.assertRegex(self.call("--version"), r"^cermet \d+\.\d+\.\d+")
        self.assertRegex(self.call("--version", program=CERMET_RUN), r"^cermet-run \d")
        self.assertIn("Exit status", self.call("--help"))
        for command in ("build", "run", "inspect", "check", "bench"):
            self.assertIn("Examples", self.call(command, "--help"))
        for command in ("build", "run", "inspect", "check", "bench", "trtexec"):
            text = self.call(command, "--help")
            for ugly in ("NONNEGATIVE", "POSITIVE", "TEXT", "{0}", "REQUIRED"):
                self.assertNotIn(ugly, text)
            if command != "trtexec":
                self.assertIn("Exit status", text)
        self.fails(WRONG_USE, "no command 'biuld'; the commands are: build, tune, run", "biuld")
        self.fails(WRONG_USE, "cermet bench --help", "bench", self.engine, "--streams", "0")
        self.fails(WRONG_USE, "a command after 'cermet'; one of: build, tune, run")
        self.fails(WRONG_USE, "one of: bisect", "debug")
        self.fails(WRONG_USE, "no command 'bisct'; the commands are: bisect", "debug", "bisct")
        self.fails(WRONG_USE, "threads", "run", self.engine, *self.x_input(), "--threads", 10**8)

    def test_values_of_flags_are_told_in_words(self):
        for flag, value, words in (("--seconds", "nan", "a number above 0"),
                                   ("--seconds", "-1", "a number above 0"),
                                   ("--threads", "-1", "from 0 to 2147483647"),
                                   ("--threads", "two", "a whole number"),
                                   ("--spin", "-1", "from 0 to 10000000"),
                                   ("--max-aux-streams", "-1", "from 0 to 1000"),
                                   ("--cpus", "a", "a whole number"),
                                   ("--iterations", "99999999999", "from 1 to 2147483647"),
                                   ("--tuning-budget", "1e999", "a number of 0 or more"),
                                   ("--seed", "1.5", "a whole number")):
            error = self.call("bench", self.engine, flag, value, status=WRONG_USE)
            self.assertRegex(error, f"{flag}: expected .*{words}.*, got '{value}'")
            self.assertLess(len(error), 200)

    def test_unknown_flags_are_told_with_the_nearest(self):
        for arguments, words in (
                (["bench", self.engine, "--strems", "2", "--what", "3"],
                 "no flag '--strems'; did you mean --streams?"),
                (["run", self.engine, "--thread=2"], "no flag '--thread'; did you mean --threads?"),
                (["build", self.model, "--ouput", "x"], "did you mean --output?"),
                (["inspect", self.engine, "--zzz"], "no flag '--zzz'\n"),
                (["inspect", self.engine, "more", "yet"], "unexpected argument 'more'; besides "
                 "flags there may be ENGINE"),
                (["trtexec", "--onxx=x"], "did you mean --onnx?")):
            done = subprocess.run([CERMET, *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, WRONG_USE)
            self.assertIn(words, done.stderr)

    def test_full_standard_output_is_an_error_of_files(self):
        explained = self.folder / "full.engine"
        build = ["build", self.model, "-o", explained, "--tuning-budget", "0"]
        shapes = ["--shapes", "x:0:2x3"]
        for arguments in (build, [*build, "--explain"], [*build, "--explain=json"],
                          ["run", self.engine, "--random-inputs", *shapes],
                          ["bench", self.engine, "--seconds", "0.01", *shapes],
                          ["inspect", self.engine], ["inspect", self.engine, "--json"],
                          ["check", self.model], ["check", self.model, "--json"],
                          ["report", self.engine, "-o", self.folder / "full.html", "--seconds",
                           "0.01", "--peak-gflops", "1", "--peak-gigabytes", "1", *shapes],
                          ["trtexec", f"--loadEngine={self.engine}", "--shapes=x:0:2x3",
                           "--duration=0"],
                          ["--help"], ["build", "--help"]):
            with self.subTest(arguments[0]), open("/dev/full", "w") as full:
                done = subprocess.run([CERMET, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True)
                self.assertEqual(done.returncode, IO, done.stderr)
                self.assertIn("cannot write standard output", done.stderr)

    def test_other_formats_are_named(self):
        import io
        import zipfile
        archive = io.BytesIO()
        zipfile.ZipFile(archive, "w").writestr("weights", "1")
        for contents, words in ((b"hello", "it is text"), (b'{"nodes": []}', "it is JSON"),
                                (b"\n \n", "blank text"),
                                (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
                                (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
                                (b"\x89PNG\r\n\x1a\n\0\0\0", "a PNG picture"),
                                (archive.getvalue(), "a zip archive"),
                                (self.engine.read_bytes(), "an engine of Cermet")):
            file = self.folder / "other.onnx"
            file.write_bytes(contents)
            self.fails(INVALID_MODEL, words, "check", file)
            self.fails(INVALID_MODEL, words, "run", file)

    def test_build_and_inspect_count_the_same_steps_and_threads(self):
        path = self.folder / "views.onnx"
        onnx.save(model([helper.make_node("Relu", ["x"], ["r"]),
                         helper.make_node("Flatten", ["r"], ["f"], name="flat"),
                         helper.make_node("Softmax", ["f"], ["y"])],
                        [tensor("x", [2, 3, 4])], [tensor("y", [2, 12])]), path)
        engine = self.folder / "views.engine"
        build = ["build", path, "-o", engine, "--tuning-budget", "0", "--threads", "3"]
        count = re.search(r"(\d+) steps", self.call(*build)).group(1)
        told = json.loads(self.call(*build, "--explain=json"))["steps"]
        report = json.loads(self.call("inspect", engine, "--json"))
        self.assertEqual([s["name"] for s in told], [s["name"] for s in report["steps"]])
        self.assertEqual(int(count), len(told))
        self.assertIn("view", [s["kind"] for s in report["steps"]])
        for step, shown in zip(told, report["steps"]):
            self.assertEqual(step["winner"] is None, shown["tactic"] == "")
        self.assertIn("needs no kernel", self.call(*build, "--explain"))
        self.assertEqual(report["threads"], 3)
        report = json.loads(self.call("inspect", engine, "--json", "--threads", "1"))
        self.assertEqual(report["threads"], 1)

    def test_colour_only_on_terminals_and_not_with_no_color(self):
        import pty
        for no_color, expected in (("", True), ("1", False)):
            host, device = pty.openpty()
            done = subprocess.run([CERMET, "check", self.model], stdout=device, timeout=60,
                                  env={**os.environ, "TERM": "xterm", "NO_COLOR": no_color})
            os.close(device)
            text = read_all(host)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(b"\x1b[" in text, expected)
        self.assertNotIn("\x1b", self.call("check", self.model))


if __name__ == "__main__":
    unittest.main()
