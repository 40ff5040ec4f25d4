"""Files that can't be written: one clear error, the exit status of files, nothing half written.

A limit on the size of files stands for a full disk; /dev/full gives the real error.
"""
import os
import pathlib
import resource
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
from tests.support.commands import CERMET, CERMET_RUN, IO  # noqa: E402

SIDE = 128  # so that engines and outputs exceed the limit
LIMIT = 4096


def square():
    """y = relu(x w) of SIDE x SIDE elements."""
    weights = np.ones((SIDE, SIDE), np.float32)
    shape = [SIDE, SIDE]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["a"]), helper.make_node("Relu", ["a"], ["y"])],
        "square", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class FullDisk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.model = cls.folder / "square.onnx"
        onnx.save(square(), cls.model)
        cls.engine = cls.folder / "square.engine"
        subprocess.run([CERMET, "build", cls.model, "-o", cls.engine], check=True,
                       capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def setUp(self):
        self.out = self.folder / self.id()
        self.out.mkdir()

    def fails(self, words, *arguments, limit=None, program=CERMET):
        """One error that says the words, and the exit status of files."""
        def tighten():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                              preexec_fn=tighten, check=False)
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertEqual(done.stderr.count("error:"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def written(self):
        return sorted(str(path.relative_to(self.out)) for path in self.out.rglob("*")
                      if path.is_file())

    def bench(self, target):
        return ["bench", self.engine, "--iterations", 1, "--warmup", 0, "--threads", 1, "--json",
                target]

    def test_a_build_leaves_nothing_behind(self):
        target = self.out / "new.engine"
        self.fails(["new.engine", "File too large"], "build", self.model, "-o", target, limit=LIMIT)
        self.assertEqual(self.written(), [])

    def test_a_build_keeps_the_old_engine(self):
        target = self.out / "old.engine"
        target.write_bytes(b"old")
        self.fails(["old.engine"], "build", self.model, "-o", target, limit=LIMIT)
        self.assertEqual(self.written(), ["old.engine"])
        self.assertEqual(target.read_bytes(), b"old")

    def test_outputs_of_a_run(self):
        for program, arguments in ((CERMET, ["run"]), (CERMET_RUN, [])):
            self.fails(["output_0.npy", "File too large"], *arguments, self.engine,
                       "--random-inputs", "--output-dir", self.out, limit=LIMIT, program=program)
            self.assertEqual(self.written(), [])

    def test_figures_of_a_benchmark(self):
        self.fails(["figures.json", "File too large"], *self.bench(self.out / "figures.json"),
                   limit=10)
        self.assertEqual(self.written(), [])

    def test_full_devices_stay_devices(self):
        for arguments in (["build", self.model, "-o", "/dev/full"], self.bench("/dev/full")):
            self.fails(["/dev/full", "No space left"], *arguments)
            self.assertTrue(pathlib.Path("/dev/full").is_char_device())

    def test_targets_that_can_t_be_written(self):
        plain = self.out / "plain"
        plain.write_text("a file")
        for target in (self.out / "no" / "folder" / "x", plain / "x", self.out):
            self.fails([str(target)], "build", self.model, "-o", target)
            self.fails([str(target)], *self.bench(target))
        self.fails([str(plain)], "run", self.engine, "--random-inputs", "--output-dir", plain)
        self.assertEqual(self.written(), ["plain"])

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_folders_that_may_not_be_written(self):
        self.out.chmod(0o500)
        self.addCleanup(self.out.chmod, 0o700)
        self.fails(["Permission denied"], "build", self.model, "-o", self.out / "x.engine")
        self.assertEqual(self.written(), [])


if __name__ == "__main__":
    unittest.main()
