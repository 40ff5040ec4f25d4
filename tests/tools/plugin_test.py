"""Models with an operator of a plugin: built, run with and without it, and refused in words."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CERMET_BUILD_DIR", ROOT / "build/release"))
CERMET = BUILD / "bin/cermet"
CERMET_RUN = BUILD / "bin/cermet-run"
CLAMP = BUILD / "examples/clamp.so"
COMPILER = shutil.which("cc") or shutil.which("gcc")
if not CLAMP.exists():
    print(f"skipped: {CLAMP} is not built")
    sys.exit(77)

DEVICE = 8  # exit status: something that the engine or the command needs is missing

# Two outputs: the input's rows whose first element is positive, and how many there are. The number
# of rows is known only while running.
ROWS_SOURCE = r"""
#include <cermet/plugin.h>
#include <stdio.h>
#include <string.h>
static int infer(void* u, const cermet_plugin_infer_call* c, char* m, size_t n) {
  const int64_t sizes[2] = {CERMET_PLUGIN_UNKNOWN_SIZE, CERMET_PLUGIN_SIZE_OF(0, 1)};
  const int64_t* weights; size_t count = 0; const char* mode; size_t length;
  (void)u;
  if (c->attributes->get_ints(c->attributes->node, "weights", &weights, &count) != 0 || count != 2)
    return snprintf(m, n, "weights: two expected"), 3;
  if (c->attributes->get_string(c->attributes->node, "weights", &mode, &length)
      != CERMET_PLUGIN_OTHER_TYPE) return 4;
  if (c->attributes->get_float(c->attributes->node, "none", 0) != CERMET_PLUGIN_ABSENT) return 5;
  if (c->set_output(c->host, 0, 1, 2, sizes)) return 1;
  return c->output_count > 1 ? c->set_output(c->host, 1, 7, 0, 0) : 0;
}
static int evaluate(void* u, const cermet_plugin_evaluate_call* c, char* m, size_t n) {
  const cermet_plugin_tensor* x = c->inputs[0];
  const float* from = x->data; int64_t width = x->sizes[1], rows = 0, to = 0; float* y;
  int64_t sizes[2];
  (void)u;
  for (int64_t r = 0; r < x->sizes[0]; ++r) {
    if (from[r * width] > 99) return snprintf(m, n, "row %d is too large", (int)r), 1;
    rows += from[r * width] > 0;
  }
  sizes[0] = rows; sizes[1] = width;
  y = c->allocate_output(c->host, 0, 1, 2, sizes);
  if (!y) return 1;
  for (int64_t r = 0; r < x->sizes[0]; ++r)
    if (from[r * width] > 0) memcpy(y + width * to++, from + r * width, 4 * width);
  if (c->output_count > 1 && c->wants_output(c->host, 1)) {
    int64_t* k = c->allocate_output(c->host, 1, 7, 0, 0);
    if (!k) return 1;
    *k = rows;
  }
  return 0;
}
static const cermet_plugin_operator old = {sizeof(cermet_plugin_operator), "com.example", "Rows",
                                           2, infer, evaluate, 0, 0};
static const cermet_plugin_operator* const list[] = {&old};
static const cermet_plugin_library library = {sizeof(cermet_plugin_library), CERMET_PLUGIN_ABI,
                                              "rows", "2.1", 1, list};
const cermet_plugin_library* cermet_plugin(void) { return &library; }
"""


class Plugins(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_command(self, *words, status=0):
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def compile(self, source, name, *flags):
        path = self.folder / name
        self.run_command(COMPILER, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-shared",
                         "-fPIC", f"-I{ROOT}/include", *flags, source, "-o", path)
        return path

    def model(self, nodes, outputs, shape=("N", 3), version=1, element=TensorProto.FLOAT):
        graph = helper.make_graph(
            nodes, "g", [helper.make_tensor_value_info("x", element, shape)],
            [helper.make_tensor_value_info(n, t, None) for n, t in outputs])
        path = self.folder / "m.onnx"
        onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[
            helper.make_opsetid("", 21), helper.make_opsetid("com.example", version)]), path)
        return path

    def clamp_model(self, gain=2.0, **options):
        # The operator stands between operators of ONNX, twice, on equal inputs.
        make = helper.make_node
        return self.model([
            make("Neg", ["x"], ["a"]),
            make("Clamp01", ["a"], ["b"], domain="com.example", gain=gain),
            make("Clamp01", ["a"], ["c"], domain="com.example", gain=gain),
            make("Add", ["b", "c"], ["y"])], [("y", options.get("element", TensorProto.FLOAT))],
            **options)

    def outputs(self, command, engine, x, *plugins):
        np.save(self.folder / "x.npy", x)
        out = self.folder / "out"
        self.run_command(*command, engine, "--input", f"x={self.folder}/x.npy", "--output-dir", out,
                         *plugins)
        return [np.load(p) for p in sorted(out.glob("output_*.npy"))]

    def build_clamp(self):
        engine = self.folder / "m.engine"
        self.run_command(CERMET, "build", self.clamp_model(), "-o", engine, "--plugin", CLAMP)
        return engine

    def test_runs_by_both_commands(self):
        engine = self.build_clamp()
        for x in (np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3),
                  np.zeros((0, 3), np.float32)):
            expected = 2 * np.clip(-x * 2, 0, 1)
            for command in ([CERMET_RUN], [CERMET, "run"]):
                got = self.outputs(command, engine, x, "--plugin", CLAMP)
                np.testing.assert_allclose(got[0], expected)
        self.run_command(CERMET, "bench", engine, "--shapes", "x:4x3", "--iterations", 3,
                         "--plugin", CLAMP)
        self.run_command(CERMET, "check", self.folder / "m.onnx", "--plugin", CLAMP)

    def test_engine_records_what_it_needs(self):
        engine = self.build_clamp()
        text = self.run_command(CERMET, "inspect", engine, "--plugin", CLAMP)
        self.assertIn("plugin clamp 1.0.0", text)
        self.assertEqual(text.count("cpu.custom"), 2)  # equal nodes are not made one

    def test_engine_without_the_plugin(self):
        engine = self.build_clamp()
        np.save(self.folder / "x.npy", np.ones((1, 3), np.float32))
        for command in ([CERMET_RUN], [CERMET, "run"]):
            done = subprocess.run([*command, engine, "--input", f"x={self.folder}/x.npy"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, DEVICE, done.stderr)
            self.assertIn("clamp 1.0.0", done.stderr)
            self.assertIn("--plugin", done.stderr)

    def test_tuned_again(self):
        engine = self.folder / "m.engine"
        self.run_command(CERMET, "build", self.clamp_model(), "-o", engine, "--plugin", CLAMP,
                         "--device", "cpu", "--tuning-budget", 0, "--keep-model")
        before = engine.read_bytes()
        text = self.run_command(CERMET, "tune", engine, "--tuning-budget", 0, status=DEVICE)
        self.assertIn("clamp 1.0.0", text)
        self.assertIn("--plugin", text)
        self.assertEqual(engine.read_bytes(), before)
        self.run_command(CERMET, "tune", engine, "--tuning-budget", 0, "--plugin", CLAMP)
        self.assertEqual(engine.read_bytes(), before)

    def test_model_without_the_plugin(self):
        text = self.run_command(CERMET, "build", self.clamp_model(), "-o", self.folder / "e",
                                status=3)
        self.assertIn("no operator com.example.Clamp01", text)

    def test_constants_are_not_folded_through_it(self):
        weight = helper.make_tensor("w", TensorProto.FLOAT, [2], [-1, 3])
        graph = helper.make_graph(
            [helper.make_node("Clamp01", ["w"], ["b"], domain="com.example"),
             helper.make_node("Add", ["b", "x"], ["y"])], "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])], [weight])
        onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[
            helper.make_opsetid("", 21), helper.make_opsetid("com.example", 1)]),
            self.folder / "m.onnx")
        got = self.outputs([CERMET, "run"], self.folder / "m.onnx", np.ones(2, np.float32),
                           "--plugin", CLAMP)
        np.testing.assert_array_equal(got[0], [1, 2])

    def test_in_a_branch(self):
        make = helper.make_node
        branch = lambda name, op, **more: helper.make_graph(
            [make(op, ["x"], [name], **more)], name, [],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)])
        model = self.model([
            make("ReduceSum", ["x"], ["s"], keepdims=0),
            make("Constant", [], ["zero"], value_float=0.0),
            make("Greater", ["s", "zero"], ["c"]),
            make("If", ["c"], ["y"], then_branch=branch("t", "Clamp01", domain="com.example"),
                 else_branch=branch("e", "Neg"))], [("y", TensorProto.FLOAT)])
        for x in (np.full((1, 3), 4, np.float32), np.full((1, 3), -4, np.float32)):
            got = self.outputs([CERMET, "run"], model, x, "--plugin", CLAMP)
            np.testing.assert_array_equal(got[0], np.clip(x, 0, 1) if x.sum() > 0 else -x)

    def test_messages_of_infer(self):
        text = self.run_command(CERMET, "build", self.clamp_model(gain=-1.0), "-o",
                                self.folder / "e", "--plugin", CLAMP, status=2)
        self.assertIn("expected a gain above 0, got -1", text)
        self.assertIn("node 'Clamp01_1'", text)
        text = self.run_command(CERMET, "build", self.clamp_model(element=TensorProto.DOUBLE), "-o",
                                self.folder / "e", "--plugin", CLAMP, status=2)
        self.assertIn("expected float32, got element type 11", text)

    @unittest.skipUnless(COMPILER, "needs a C compiler")
    def test_other_abi_is_refused(self):
        plugin = self.compile(ROOT / "examples/plugin/clamp.c", "future.so", "-DCLAMP_ABI=99")
        text = self.run_command(CERMET, "build", self.clamp_model(), "-o", self.folder / "e",
                                "--plugin", plugin, status=DEVICE)
        self.assertIn("plugin ABI 99", text)
        self.assertIn("takes 1", text)

    def test_files_that_are_no_plugins(self):
        for path, words in ((self.folder / "none.so", "can't open"),
                            (BUILD / "lib/libcermet_runtime.so", "no function cermet_plugin")):
            text = self.run_command(CERMET, "build", self.clamp_model(), "-o", self.folder / "e",
                                    "--plugin", path, status=DEVICE)
            self.assertIn(words, text)

    def test_same_operator_twice(self):
        text = self.run_command(CERMET, "build", self.clamp_model(), "-o", self.folder / "e",
                                "--plugin", CLAMP, "--plugin", CLAMP, status=DEVICE)
        self.assertIn("offered by another plugin", text)

    @unittest.skipUnless(COMPILER, "needs a C compiler")
    def test_sizes_that_depend_on_data(self):
        source = self.folder / "rows.c"
        source.write_text(ROWS_SOURCE)
        plugin = self.compile(source, "rows.so")
        make = helper.make_node
        nodes = [make("Rows", ["x"], ["r", "k"], domain="com.example", weights=[1, 2]),
                 make("Neg", ["r"], ["y"])]
        outputs = [("y", TensorProto.FLOAT), ("k", TensorProto.INT64)]
        engine = self.folder / "m.engine"
        self.run_command(CERMET, "build", self.model(nodes, outputs, version=3), "-o", engine,
                         "--plugin", plugin, "--plugin", CLAMP)
        for rows in (5, 2, 0, 5):
            x = np.random.default_rng(rows).normal(size=(rows, 3)).astype(np.float32)
            y, k = self.outputs([CERMET_RUN], engine, x, "--plugin", plugin)
            np.testing.assert_array_equal(y, -x[x[:, 0] > 0])
            self.assertEqual(k, (x[:, 0] > 0).sum())
        np.save(self.folder / "x.npy", np.full((1, 3), 100, np.float32))
        done = subprocess.run([CERMET_RUN, engine, "--input", f"x={self.folder}/x.npy", "--plugin",
                               plugin], capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("row 0 is too large", done.stderr)

        text = self.run_command(CERMET, "build", self.model(nodes, outputs, version=1), "-o",
                                engine, "--plugin", plugin, status=3)
        self.assertIn("from version 2", text)
        older = self.compile(source, "older.so", "-DX")
        text = older.read_bytes().replace(b"\0002.1\0", b"\0002.0\0")
        older.write_bytes(text)
        done = subprocess.run([CERMET_RUN, engine, "--random-inputs", "--plugin", older],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, DEVICE)
        self.assertIn("version 2.0 is loaded", done.stderr)


if __name__ == "__main__":
    unittest.main()
