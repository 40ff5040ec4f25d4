"""Cermet and ONNX Runtime as peers, on a small model: figures, outputs, processes of their own."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import fake_peers  # noqa: E402,F401  (puts bench/ on the path)

try:
    import numpy as np
    import onnx
    import onnxruntime  # noqa: F401
    from onnx import TensorProto, helper
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support.commands import CERMET  # noqa: E402
import alone  # noqa: E402
import cases  # noqa: E402
import cermet_peer  # noqa: E402
import peers  # noqa: E402
import timing  # noqa: E402
import tuning  # noqa: E402
import worth  # noqa: E402


def model(path):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 16])
    y = helper.make_tensor_value_info("y/out", TensorProto.FLOAT, ["batch", 16])
    save(path, helper.make_graph([helper.make_node("Exp", ["x"], ["y/out"])], "net", [x], [y]))


def model_with_rivals(path):
    """A product, which more than one kernel can do."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 16])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 64])
    w = onnx.numpy_helper.from_array(np.ones((16, 64), np.float32), "w")
    save(path, helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "net", [x], [y],
                                 [w]))


def save(path, graph):
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
              path)


class Peers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        model(self.folder / "net.onnx")
        self.case = cases.Case(self.folder / "net.onnx", 2)
        self.ort = peers.OnnxRuntime()
        cases.feed(self.case, self.ort.session(self.case.path, 1).get_inputs())
        self.cermet = cermet_peer.Cermet(str(CERMET), self.folder / "engines",
                                         ["--tuning-budget", "0"])

    def test_both_agree_and_have_times(self):
        outputs = []
        for peer in (self.cermet, self.ort):
            peer.prepare(self.case, 1)
            outputs.append(peer.outputs())
            self.assertGreater(peer.round(0.01, 1), 0)
        self.assertEqual(self.case.inputs["x"].shape, (2, 16))
        self.assertLess(timing.relative_error(*outputs), 1e-5)

    def test_contexts_at_once_and_cold_starts(self):
        for peer in (self.cermet, self.ort):
            for threads in (1, 2):
                peer.prepare_contexts(self.case, 2, threads)
                found = peer.at_once(0.01, 1)
                self.assertGreater(found["throughput"], 0, peer.name)
                self.assertGreaterEqual(found["p99_ms"], found["median_ms"], peer.name)
            self.assertGreater(peer.start(self.case, 1), 0, peer.name)

    def test_a_timing_cache_that_lacks_something_is_told_from_other_failures(self):
        model_with_rivals(self.case.path)
        engine = self.folder / "net.engine"
        cermet = self.cermet.variant("tuned", ["--tuning-budget", "1"])
        options = ["--timing-cache", self.folder / "cache.txt"]
        self.assertFalse(tuning.full(cermet, self.case, 1, engine, options))
        cermet.build(self.case, 1, engine, options)
        self.assertTrue(tuning.full(cermet, self.case, 1, engine, options))
        with self.assertRaisesRegex(timing.PeerError, "--skip-pass"):
            tuning.full(cermet, self.case, 1, engine, [*options, "--skip-pass", "none"])

    def test_an_engine_is_built_once_for_each_set_of_options(self):
        first = self.cermet.engine(self.case, 1)
        written = first.stat().st_mtime_ns
        self.assertEqual(self.cermet.engine(self.case, 1), first)
        self.assertEqual(first.stat().st_mtime_ns, written)
        other = self.cermet.variant("other", ["--skip-pass", "fuse-pointwise"])
        untimed = self.cermet.variant("untimed", [], timing_cache=False)
        self.assertEqual(len({peer.engine(self.case, 1)
                              for peer in (self.cermet, other, untimed)}), 3)
        self.assertEqual(other.name, "other")

    def test_a_variants_budget_takes_the_place_of_the_one_before(self):
        for given in (["--tuning-budget", "0"], ["--tuning-budget=0"]):
            self.cermet.build_options = ("--disable-tactic", "onednn.", *given, "--skip-pass", "a")
            self.assertEqual(self.cermet.variant("v", ["--tuning-budget=3"]).build_options,
                             ("--disable-tactic", "onednn.", "--skip-pass", "a",
                              "--tuning-budget=3"))
            self.assertEqual(self.cermet.variant("v", ["-v"]).build_options,
                             (*self.cermet.build_options, "-v"))

    def test_every_optimisation_can_be_switched_off(self):
        model_with_rivals(self.case.path)
        for optimisation in worth.OPTIMISATIONS:
            with self.subTest(optimisation.name):
                bench = fake_peers.program.Bench([self.case], [1], [self.cermet], 1, 0.01, 0)
                result = worth.measure(bench, optimisation, self.case)
                self.assertEqual(result["errors"], {})
                self.assertLess(result["relative_error"], 1e-5)
                self.assertEqual(set(result["medians"]), {"with", "without"})

    def test_a_failing_command_tells_what_it_said(self):
        self.case.path.write_bytes(b"no model")
        with self.assertRaisesRegex(timing.PeerError, "build .*net.onnx.* ended with 2"):
            self.cermet.prepare(self.case, 1)
        missing = cermet_peer.Cermet("/no/cermet", self.folder)
        with self.assertRaisesRegex(timing.PeerError, "--cermet PROGRAM"):
            missing.version()

    def test_processes_of_their_own(self):
        self.case.inputs["x"] = np.ones((2**20, 16), np.float32)
        for peer in (self.cermet, self.ort):
            self.assertGreater(peer.peak_memory(self.case, 1), 100, peer.name)
        self.assertGreater(alone.ask("start", "ort", self.case, 1), 0)

    def test_a_peak_is_the_commands_and_not_ours(self):
        ours = np.ones(64 * 2**20, np.uint8)
        self.assertLess(alone.peak_of(["true"]), ours.nbytes / 2**20)
        grow = [sys.executable, "-c", "b'1' * (100 * 2**20)"]
        self.assertGreater(alone.peak_of(grow), 100)

    def test_a_process_that_fails_tells_why(self):
        self.case.path.write_bytes(b"no model")
        with self.assertRaisesRegex(timing.PeerError, "(?s)memory ort .*ended with 1: .*net.onnx"):
            self.ort.peak_memory(self.case, 1)


class Cases(unittest.TestCase):
    def test_what_is_missing_is_told_with_where_it_comes_from(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "resnet50.onnx").touch()
            found, missing = cases.standard_cases([folder / "none", folder])
        self.assertEqual([case.label for case in found], ["resnet50-b1", "resnet50-b8"])
        self.assertTrue(any("no resnet18.onnx" in words and "export_models.py" in words
                            for words in missing))
        self.assertTrue(any("no magika-v3.onnx" in words and "README.md" in words
                            for words in missing))

    def test_spread_of_runs(self):
        found = timing.spread([0.001] * 98 + [0.002, 0.003], 0.5)
        self.assertEqual(found, {"throughput": 200, "median_ms": 1.0, "p99_ms": 2.0})

    def test_runs_at_once(self):
        found = timing.time_at_once([lambda: None, lambda: None], 0.0, 1)
        self.assertGreater(found["throughput"], 0)


if __name__ == "__main__":
    unittest.main()
