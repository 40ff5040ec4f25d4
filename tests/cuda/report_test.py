"""`cermet report` and `cermet bench --per-layer` of engines for a GPU: the card's roofs, and each
step's part of its own."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import emulator  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnx.parser  # noqa: E402
from commands import WRONG_USE  # noqa: E402
from model_maker import ModelMaker  # noqa: E402

SHAPES = ["--shapes", "x:64x32,rows:5"]
# Of Fake A (sm_89) at 2475 MHz: 10^9 a second.
CLOCKS = 46 * 2.475
FLOAT32, TF32, HALF = 256 * CLOCKS, 512 * CLOCKS, 1024 * CLOCKS
MEMORY = 2 * 10.501 * 192 / 8


def network(path):
    maker = ModelMaker()
    x = maker.input("x", ["N", 32])
    hidden = maker.op("Relu", maker.op("MatMul", x, maker.weight(32, 48)))
    maker.output(maker.op("Softmax", maker.op("Transpose", hidden, perm=[1, 0]), axis=-1))
    rows = maker.input("rows", ["M"], onnx.TensorProto.INT64)
    maker.output(maker.op("Gather", maker.weight(1000, 20), rows, axis=0))
    onnx.save(maker.model(), path)
    return path


def looping(path):
    """A layer that is there twice: in the main sequence, and in a loop of a round for each row."""
    model = onnx.parser.parse_model("""<ir_version: 9, opset_import: ["" : 20]>
      net (float[N, 32] x, int64[M] rows) => (float[N, 32] y, float[N, 32] z, int64[M] same)
        <float[32, 32] w> {
        same = Identity(rows)
        y = MatMul(x, w)
        trips = Size(rows)
        one = Constant<value = bool {1}>()
        z = Loop(trips, one, x)<body = body (int64 i, bool c, float[N, 32] s)
          => (bool d, float[N, 32] t) { d = Identity(c)
          t = MatMul(s, w) }>
      }""")
    weights = np.eye(32, dtype=np.float32) * 2
    del model.graph.initializer[:]
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    onnx.save(model, path)
    return path


class GpuReport(emulator.CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.holder.name)
        cls.model = network(cls.root / "net.onnx")
        cls.engine = cls.root / "net.engine"
        done = emulator.build(cls.model, cls.engine)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def report(self, engine, *flags, **more):
        page = self.root / "report.html"
        done = emulator.cermet("report", engine, "-o", page, "--threads", 1, "--seconds", 0.02,
                               *SHAPES, *flags, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(re.search(r'id="report">(.*?)</script>', page.read_text(), re.S)[1])

    def built(self, name, *flags, **more):
        engine = self.root / name
        done = emulator.build(self.model, engine, *flags, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return engine

    def product_of(self, data):
        return next(step for step in data["steps"] if step["kind"] == "matmul")

    def test_the_roofs_are_the_cards(self):
        data = self.report(self.engine)
        machine = data["machine"]
        self.assertEqual(machine["name"], "cuda:0 (Fake A, sm_89)")
        self.assertTrue(machine["is_gpu"])
        self.assertFalse(machine["measured"])
        self.assertFalse(data["is_untuned"])
        self.assertEqual(machine["cache_bytes"], 36 << 20)
        self.assertAlmostEqual(machine["gigabytes"], MEMORY)
        self.assertIn("46 multiprocessors at 2475 MHz and memory at 10501 MHz on 192 bits",
                      machine["basis"])
        self.assertEqual([roof["name"] for roof in machine["roofs"]], ["float32"])
        self.assertAlmostEqual(machine["roofs"][0]["gflops"], FLOAT32)
        self.assertGreater(data["device_arena_bytes"], 0)

    def test_every_step_of_the_gpu_has_its_least_time(self):
        data = self.report(self.engine)
        steps = [step for step in data["steps"] if step["place"] == "device"]
        self.assertGreater(len(steps), 2)
        for step in data["steps"]:
            if step["place"] != "device" or step["kind"] == "copy":
                self.assertIsNone(step["ceiling"], step)
                self.assertIsNone(step["least_us"], step)
                continue
            arithmetic = step["operations"] / step["ceiling"]["gflops"] if step["ceiling"] else 0
            self.assertAlmostEqual(step["least_us"],
                                   max(arithmetic, step["bytes"] / MEMORY) / 1000)
            self.assertGreater(step["microseconds"], 0)
        self.assertEqual(self.product_of(data)["operations"], 2 * 64 * 32 * 48 + 64 * 48)
        self.assertIsNone(next(one for one in steps if one["kind"] == "movement")["ceiling"])

    def test_what_is_gathered_counts_as_far_as_it_is_read(self):
        steps = self.report(self.engine)["steps"]
        gather = next(step for step in steps if step["tactic"] == "cuda.gather")
        self.assertEqual(gather["bytes"], 5 * 8 + 2 * 5 * 20 * 4)
        self.assertEqual(gather["operations"], 0)

    def test_products_lie_under_tensor_cores(self):
        half = self.product_of(self.report(self.built("half.engine", "--fp16")))
        self.assertEqual(half["ceiling"]["name"], "16-bit floats on tensor cores")
        self.assertAlmostEqual(half["ceiling"]["gflops"], HALF)
        rounded = self.product_of(self.report(self.built("tf32.engine", "--tf32")))
        self.assertEqual(rounded["ceiling"]["name"], "TF32 on tensor cores")
        self.assertAlmostEqual(rounded["ceiling"]["gflops"], TF32)

    def test_the_second_card(self):
        engine = self.built("both.engine", "--arch", "sm_89,sm_90a")
        data = self.report(engine, "--device", "cuda:1")
        self.assertEqual(data["machine"]["name"], "cuda:1 (Fake B, sm_90a)")
        self.assertAlmostEqual(data["machine"]["gigabytes"], 2 * 3.201 * 6144 / 8)

    def test_peaks_that_are_given(self):
        data = self.report(self.engine, "--peak-gflops", 50, "--peak-gigabytes", 7)
        self.assertEqual(data["machine"]["roofs"], [{"name": "given", "gflops": 50}])
        self.assertEqual(data["machine"]["gigabytes"], 7)
        self.assertIn("operations as given; bytes as given", data["machine"]["basis"])

    def test_an_untuned_engine_says_so(self):
        engine = self.built("elsewhere.engine", "--arch", "sm_89", LD_LIBRARY_PATH="")
        self.assertTrue(self.report(engine)["is_untuned"])

    def test_an_engine_for_the_cpu_has_the_cpus_roof(self):
        engine = self.root / "cpu.engine"
        done = emulator.cermet("build", self.model, "-o", engine, "--device", "cpu",
                               "--tuning-budget", 0)
        self.assertEqual(done.returncode, 0, done.stderr)
        data = self.report(engine, "--peak-gflops", 100, "--peak-gigabytes", 10)
        self.assertFalse(data["machine"]["is_gpu"])
        self.assertEqual(data["machine"]["gflops"], 100)
        self.fails(emulator.cermet("report", engine, "-o", self.root / "x.html", *SHAPES,
                                   "--device", "cuda"), WRONG_USE,
                   "--device cuda: the engine was built for the CPU")

    def test_steps_that_repeat_have_no_part_of_the_roof(self):
        """Their times are of all rounds, and nobody counted those."""
        engine = self.root / "loop.engine"
        done = emulator.build(looping(self.root / "loop.onnx"), engine)
        self.assertEqual(done.returncode, 0, done.stderr)
        file = self.root / "loop.json"
        done = emulator.cermet("bench", engine, *SHAPES, "--iterations", 2, "--warmup", 0,
                               "--per-layer", "--json", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        parts = {layer["step"]: layer["of_roof"] for layer in json.loads(file.read_text())["layers"]}
        steps = self.report(engine)["steps"]
        products = [(i, step) for i, step in enumerate(steps) if step["kind"] == "matmul"]
        self.assertEqual([step["repeats"] for _, step in products], [False, True])
        self.assertEqual([step["repeats"] for step in steps], [step["depth"] > 0 for step in steps])
        for i, step in products:
            self.assertEqual(step["operations"], 2 * 64 * 32 * 32)
            self.assertGreater(step["microseconds"], 0)
            self.assertEqual(step["least_us"] is None, step["repeats"])
            self.assertEqual(parts[i] is None, step["repeats"])

    def test_bench_has_a_column(self):
        file = self.root / "bench.json"
        done = emulator.cermet("bench", self.engine, *SHAPES, "--iterations", 2, "--warmup", 0,
                               "--per-layer", "--json", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"us +share +of roof +step")
        layers = json.loads(file.read_text())["layers"]
        product = next(layer for layer in layers if layer["kind"] == "matmul")
        self.assertGreater(product["of_roof"], 0)
        for layer in layers:
            self.assertEqual(layer["of_roof"] is None, layer["kind"] == "copy" or
                             layer["tactic"].startswith("cpu."), layer)


if __name__ == "__main__":
    unittest.main()
