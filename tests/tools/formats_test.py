"""Types and layouts of inputs and outputs that the user chose, through `cermet build` and `run`."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command_test import (  # noqa: E402
    CERMET, CERMET_RUN, TensorProto, UNSUPPORTED, WRONG_USE, helper, model, np, numpy_helper, onnx,
    tensor)

# Exact in half precision.
WEIGHTS = (np.arange(2 * 3 * 9).reshape(2, 3, 3, 3) % 5 - 2).astype(np.float32)
PIXELS = (np.arange(2 * 3 * 5 * 4).reshape(2, 3, 5, 4) % 7).astype(np.float32)
IDS = np.array([3, -1, 70000], dtype=np.int64)


def picture_model():
    """y = relu(conv(x)), and ids + 1: a picture and integers, in one model."""
    return model(
        [helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
         helper.make_node("Relu", ["c"], ["y"]),
         helper.make_node("Add", ["ids", "one"], ["next"])],
        [tensor("x", ["N", 3, "H", "W"]), tensor("ids", ["K"], TensorProto.INT64)],
        [tensor("y", ["N", 2, "H", "W"]), tensor("next", ["K"], TensorProto.INT64)],
        [numpy_helper.from_array(WEIGHTS, "w"), numpy_helper.from_array(np.int64([1]), "one")])


class Formats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.model = cls.folder / "picture.onnx"
        onnx.save(picture_model(), cls.model)
        cls.expected, cls.next = cls.results({}, PIXELS, IDS)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @classmethod
    def build(cls, flags, status=0):
        engine = cls.folder / "e.engine"
        words = [word for flag, value in flags.items() for word in (f"--{flag}", value)]
        done = subprocess.run([CERMET, "build", cls.model, "-o", engine, "--tuning-budget", "0",
                               *words],
                              capture_output=True, text=True)
        assert done.returncode == status, done.stderr + done.stdout
        return engine if status == 0 else done.stderr

    @classmethod
    def results(cls, flags, x, ids):
        engine = cls.build(flags)
        np.save(cls.folder / "x.npy", x)
        np.save(cls.folder / "ids.npy", ids)
        subprocess.run([CERMET_RUN, engine, "--input", f"x={cls.folder / 'x.npy'}", "--input",
                        f"ids={cls.folder / 'ids.npy'}", "--output-dir", cls.folder],
                       check=True, capture_output=True)
        return np.load(cls.folder / "output_0.npy"), np.load(cls.folder / "output_1.npy")

    def bindings(self, flags):
        done = subprocess.run([CERMET, "inspect", self.build(flags), "--json"], check=True,
                              capture_output=True, text=True)
        report = json.loads(done.stdout)
        return {t["name"]: (t["type"], t["dims"]) for t in report["inputs"] + report["outputs"]}

    def test_bindings_say_what_was_asked_for(self):
        self.assertEqual(
            self.bindings({"input-types": "x:uint8,ids:int32", "input-layouts": "x:nhwc",
                           "output-types": "y:fp16", "output-layouts": "y=nhwc"}),
            {"x": ("uint8", ["N", "H", "W", "3"]), "ids": ("int32", ["K"]),
             "y": ("float16", ["N", "H", "W", "2"]), "next": ("int64", ["K"])})

    def test_types_give_the_same_values(self):
        for word, dtype in (("fp16", np.float16), ("double", np.float64), ("uint8", np.uint8),
                            ("int32", np.int32), ("fp32", np.float32)):
            y, _ = self.results({"input-types": f"x:{word}"}, PIXELS.astype(dtype), IDS)
            np.testing.assert_array_equal(y, self.expected, word)
            self.assertEqual(y.dtype, np.float32)
        for word, dtype in (("float16", np.float16), ("fp64", np.float64)):
            y, _ = self.results({"output-types": f"y:{word}"}, PIXELS, IDS)
            self.assertEqual(y.dtype, dtype)
            np.testing.assert_array_equal(y, self.expected)
        _, following = self.results({"input-types": "ids:int32", "output-types": "next:int32"},
                                    PIXELS, IDS.astype(np.int32))
        self.assertEqual(following.dtype, np.int32)
        np.testing.assert_array_equal(following, IDS + 1)

    def test_bfloat16_goes_by_its_bits(self):
        bits = (PIXELS.view(np.uint32) >> 16).astype(np.uint16).view("V2")
        y, _ = self.results({"input-types": "x:bf16"}, bits, IDS)
        np.testing.assert_array_equal(y, self.expected)

    def test_layouts_give_the_same_values(self):
        last = np.ascontiguousarray(PIXELS.transpose(0, 2, 3, 1))
        for passes in ({}, {"passes": ""}):
            y, following = self.results({"input-layouts": "x:nhwc", **passes}, last, IDS)
            np.testing.assert_array_equal(y, self.expected)
            np.testing.assert_array_equal(following, self.next)
            y, _ = self.results({"input-layouts": "x:nhwc", "output-layouts": "y:channels-last",
                                 "input-types": "x:fp16", "output-types": "y:fp16", **passes},
                                last.astype(np.float16), IDS)
            np.testing.assert_array_equal(y, self.expected.transpose(0, 2, 3, 1))

    def test_profiles_are_given_as_the_model_has_them(self):
        flags = {"input-layouts": "x:nhwc", "min-shapes": "x:1x3x2x3,ids:1",
                 "opt-shapes": "x:2x3x5x4,ids:3", "max-shapes": "x:2x3x6x7,ids:3"}
        engine = self.build(flags)
        report = json.loads(subprocess.run([CERMET, "inspect", engine, "--json"], check=True,
                                           capture_output=True, text=True).stdout)
        self.assertEqual(report["profiles"][0]["x"],
                         {"min": [1, 2, 3, 3], "opt": [2, 5, 4, 3], "max": [2, 6, 7, 3]})
        y, _ = self.results(flags, np.ascontiguousarray(PIXELS.transpose(0, 2, 3, 1)), IDS)
        np.testing.assert_array_equal(y, self.expected)

    def test_a_format_without_a_name_is_for_the_others(self):
        self.assertEqual(self.bindings({"output-types": "fp16,next:int32"})["next"][0], "int32")
        self.assertEqual(self.bindings({"output-types": "fp16,next:int32"})["y"][0], "float16")
        self.assertIn("output 'y': float32 can't become boolean",
                      self.build({"output-types": "bool"}, status=UNSUPPORTED))

    def test_flags_share_their_entries_for_all(self):
        flags = {"output-types": "fp16", "output-layouts": "y:nhwc"}
        self.assertEqual(self.bindings(flags | {"input-types": "ids:int32"})["y"],
                         ("float16", ["N", "H", "W", "2"]))

    def test_what_is_refused_is_named(self):
        for flags, status, words in (
                ({"output-types": "y:int8"}, UNSUPPORTED, "output 'y': float32 can't become int8"),
                ({"input-types": "ids:fp32"}, UNSUPPORTED, "input 'ids': float32 can't become int64"),
                ({"input-types": "x:bool"}, UNSUPPORTED, "boolean can't become float32"),
                ({"input-layouts": "ids:nhwc"}, UNSUPPORTED, "'ids' is int64[K]; channels-last"),
                ({"input-types": "z:fp16"}, WRONG_USE, "given for 'z', but the inputs are: x, ids"),
                ({"input-types": "x:fp17"}, WRONG_USE, "--input-types: 'fp17' is no type"),
                ({"input-types": "x:fp16,x:fp32"}, WRONG_USE, "'x' is given twice"),
                ({"output-layouts": "y:nc32hw"}, WRONG_USE, "'nc32hw' is no layout")):
            self.assertIn(words, self.build(flags, status=status))

    def test_channels_last_costs_nothing_where_convolutions_work_so(self):
        engine = self.build({"input-layouts": "x:nhwc", "output-layouts": "y:nhwc"})
        report = json.loads(subprocess.run([CERMET, "inspect", engine, "--json"], check=True,
                                           capture_output=True, text=True).stdout)
        if "oneDNN" not in " ".join(report["requirements"]):
            self.skipTest("no convolution that works channels-last")
        kinds = [step["kind"] for step in report["steps"] if "x" in step["name"] or
                 "y" in step["name"] or step["kind"] == "convolution"]
        self.assertEqual(report["reorders"], 0, report["steps"])
        self.assertEqual(kinds.count("view"), 2, report["steps"])
        self.assertLessEqual(kinds.count("movement"), 1, "the copy to the output's own memory")

    def test_conversions_merge_with_what_they_meet(self):
        """A Cast joins the operators behind it: no step of its own."""
        nodes = [helper.make_node("Mul", ["x", "x"], ["m"]), helper.make_node("Tanh", ["m"], ["y"])]
        path = self.folder / "pointwise.onnx"
        onnx.save(model(nodes, [tensor("x", ["N"])], [tensor("y", ["N"])]), path)
        for flags, steps in (([], 1), (["--input-types", "fp16", "--output-types", "fp16"], 1)):
            engine = self.folder / "pointwise.engine"
            subprocess.run([CERMET, "build", path, "-o", engine, "--tuning-budget", "0", *flags],
                           check=True, capture_output=True)
            report = json.loads(subprocess.run([CERMET, "inspect", engine, "--json"], check=True,
                                               capture_output=True, text=True).stdout)
            self.assertEqual(len(report["steps"]), steps, report["steps"])


if __name__ == "__main__":
    unittest.main()
