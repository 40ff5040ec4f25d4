"""tests/programs/c_interface.c, a program in plain C, against the built libraries."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command_test import WEIGHTS, helper, model, numpy_helper, onnx, tensor  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CERMET_BUILD_DIR", ROOT / "build/release")).resolve()
CLAMP = BUILD / "examples/clamp.so"
COMPILER = shutil.which("cc") or shutil.which("gcc")
if not COMPILER or not CLAMP.exists():
    print(f"skipped: no C compiler, or {CLAMP} is not built")
    sys.exit(77)


def product_model():
    return model([helper.make_node("MatMul", ["x", "w"], ["product"]),
                  helper.make_node("Relu", ["product"], ["y"])],
                 [tensor("x", ["N", 3])], [tensor("y", ["N", 2])],
                 [numpy_helper.from_array(WEIGHTS, "w")])


def clamp_model():
    graph = helper.make_graph(
        [helper.make_node("Clamp01", ["x"], ["y"], domain="com.example")], "g",
        [tensor("x", ["N"])], [tensor("y", ["N"])])
    return helper.make_model(graph, ir_version=8, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)])


class CInterface(unittest.TestCase):
    def run_command(self, *words):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_program(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            onnx.save(product_model(), folder / "product.onnx")
            onnx.save(clamp_model(), folder / "clamp.onnx")
            program = folder / "c_interface"
            self.run_command(
                COMPILER, "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror",
                f"-I{ROOT}/include", ROOT / "tests/programs/c_interface.c", "-o", program,
                f"-L{BUILD}/lib", f"-Wl,-rpath,{BUILD}/lib", "-lcermet", "-lcermet_runtime")
            self.assertEqual(self.run_command(program, folder / "product.onnx",
                                              folder / "clamp.onnx", CLAMP, folder), "ok\n")

    def test_the_program_of_the_manual(self):
        manual = (ROOT / "docs/c-interface.md").read_text()
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            onnx.save(product_model(), folder / "net.onnx")
            (folder / "program.c").write_text(manual.split("```c\n")[1].split("```")[0])
            self.run_command(
                COMPILER, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror",
                f"-I{ROOT}/include", folder / "program.c", "-o", folder / "program",
                f"-L{BUILD}/lib", f"-Wl,-rpath,{BUILD}/lib", "-lcermet", "-lcermet_runtime")
            done = subprocess.run([folder / "program"], cwd=folder, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (0, "8.000000\n"), done.stderr)

    def test_headers_are_c99(self):
        for header in ("c_api.h", "c_builder.h", "plugin.h"):
            done = subprocess.run(
                [COMPILER, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                 "-xc", f"-I{ROOT}/include", "-"], input=f"#include <cermet/{header}>\nint unused;",
                capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_runtime_carries_no_builder(self):
        symbols = self.run_command("nm", "-D", "--defined-only", BUILD / "lib/libcermet_runtime.so")
        self.assertIn(" cermet_engine_load", symbols)
        self.assertNotIn(" cermet_build", symbols)


if __name__ == "__main__":
    unittest.main()
