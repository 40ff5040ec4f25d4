"""Cermet's commands with the libraries of tests/fake_cuda in place of NVIDIA's driver and compiler,
and a small model for them. A test that imports this is skipped without them."""
import os
import pathlib
import subprocess
import sys
import unittest

try:
    import numpy as np
    import onnx
    from model_maker import ModelMaker
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
from commands import BIN, CERMET

FOLDER = BIN.parent / "fake_cuda"
DRIVER, NVRTC = FOLDER / "libcuda.so.1", FOLDER / "libnvrtc.so"
if not DRIVER.exists() or not NVRTC.exists():
    print(f"skipped: {DRIVER} is not built")
    sys.exit(77)

DEVICE = 8  # exit status: this machine lacks what is needed


def environment(settings="", **more):
    """Of a process that finds the emulator; `settings` are FAKE_CUDA's."""
    return {**os.environ, "LD_LIBRARY_PATH": str(FOLDER), "CERMET_NVRTC": str(NVRTC),
            "CERMET_CUBLASLT": str(FOLDER / "libcublasLt.so"),
            "CERMET_CUDNN": str(FOLDER / "libcudnn.so"),
            "CERMET_KERNEL_CACHE": str(FOLDER / "kernels"), "FAKE_CUDA": settings,
            **{name: str(value) for name, value in more.items()}}


def cermet(*arguments, settings="", **more):
    return subprocess.run([CERMET, *map(str, arguments)], env=environment(settings, **more),
                          capture_output=True, text=True, timeout=300)


def small_model(path):
    """Steps of the GPU in a row, one of the CPU between, and sizes that depend on data."""
    maker = ModelMaker()
    x = maker.input("x", ["N", 8])
    hidden = maker.op("Relu", maker.op("MatMul", x, maker.weight(8, 16)))
    maker.output(maker.op("Softmax", hidden, axis=-1))
    rows = maker.op("Compress", hidden, maker.op("Greater", maker.op(
        "ReduceSum", x, np.array([1], np.int64), keepdims=0), np.float32(0)), axis=0)
    maker.output(maker.op("Softmax", maker.op("MatMul", rows, maker.weight(16, 4)), axis=-1))
    onnx.save(maker.model(), path)
    return pathlib.Path(path)


def build(model, engine, *flags, settings="", **more):
    """Without measuring, which takes long on the emulator."""
    return cermet("build", model, "-o", engine, "--device", "cuda", "--tuning-budget", "0",
                  *flags, settings=settings, **more)


class CommandTest(unittest.TestCase):
    def fails(self, done, status, *words):
        """One error of that status, which says the words."""
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stderr.count("error:"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
