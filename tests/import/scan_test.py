"""Scan of opset 8: a leading batch dimension, lengths of the sequences, directions."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
try:
    import numpy as np
    import onnx
    import onnx.parser
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

PROGRAM = pathlib.Path(os.environ.get("CERMET_BUILD_DIR", ROOT / "build/release")) / "bin/cermet"
BATCH, LENGTH, SIZE = 3, 5, 2


def model(lengths, directions):
    return onnx.parser.parse_model(f"""
      <ir_version: 3, opset_import: ["" : 8]>
      scans ({"int64[batch] lengths, " if lengths else ""}float[batch, {SIZE}] start,
             float[batch, length, {SIZE}] x, float[{SIZE}] factor)
          => (float[batch, {SIZE}] last, float[batch, length, {SIZE}] sums) {{
        last, sums = Scan <num_scan_inputs = 1, directions = [{directions}], body = body
          (float[{SIZE}] state, float[{SIZE}] item) => (float[{SIZE}] next, float[{SIZE}] given) {{
          scaled = Mul (item, factor)
          next = Add (state, scaled)
          given = Identity (next)
        }}> ({"lengths" if lengths else '""'}, start, x)
      }}""")


def by_hand(lengths, start, x, factor, backward):
    last, sums = start.copy(), np.zeros_like(x)
    for item, length in enumerate(lengths):
        for step in range(length):
            last[item] += factor * x[item, length - 1 - step if backward else step]
            sums[item, step] = last[item]
    return last, sums


class Scan(unittest.TestCase):
    def check(self, lengths, backward):
        random = np.random.default_rng(1)
        inputs = [random.standard_normal(shape).astype(np.float32)
                  for shape in ((BATCH, SIZE), (BATCH, LENGTH, SIZE), (SIZE,))]
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            onnx.save(model(lengths is not None, int(backward)), folder / "model.onnx")
            given = inputs if lengths is None else [np.array(lengths, np.int64), *inputs]
            for i, array in enumerate(given):
                np.save(folder / f"input_{i}.npy", array)
            done = subprocess.run([PROGRAM, "run", folder / "model.onnx", "--input-dir", folder,
                                   "--output-dir", folder, "--format", "npy"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            got = [np.load(folder / f"output_{i}.npy") for i in range(2)]
        for want, have in zip(by_hand(lengths or [LENGTH] * BATCH, *inputs, backward), got):
            np.testing.assert_allclose(have, want, rtol=1e-5, atol=1e-6)

    def test_without_lengths(self):
        self.check(None, False)
        self.check(None, True)

    def test_lengths_end_sequences_early(self):
        self.check([5, 2, 3], False)
        self.check([1, 5, 0], False)

    def test_backward_from_the_end_of_each_sequence(self):
        self.check([5, 2, 3], True)


if __name__ == "__main__":
    unittest.main()
