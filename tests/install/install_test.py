"""An installed Cermet: commands, find_package(cermet), and the examples built against it."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path.cwd()
BUILD = pathlib.Path(os.environ["CERMET_BUILD_DIR"])
MODEL = ROOT / "examples/digits/digits.onnx"

CMAKE_LISTS = """\
cmake_minimum_required(VERSION 3.22)
project(app LANGUAGES CXX)
find_package(cermet 0.1 REQUIRED)
add_executable(builds builds.cc)
target_link_libraries(builds PRIVATE cermet::cermet)
add_executable(runs runs.cc)
target_link_libraries(runs PRIVATE cermet::runtime)
"""
BUILDS = """\
#include <cermet/builder.h>
int main(int, char** arguments) { cermet::build_engine_file(arguments[1], arguments[2], {}); }
"""
RUNS = """\
#include <cermet/engine.h>
#include <iostream>
int main(int, char** arguments) {
  cermet::ExecutionContext context(cermet::Engine::load(arguments[1]));
  context.set_input("image", cermet::Tensor(cermet::ElementType::float32, {2, 1, 8, 8}));
  context.execute();
  const cermet::ConstTensorView logits = context.output("logits");
  std::cout << cermet::to_string(logits.shape) << (logits.as<float>()[0] == logits.as<float>()[10]);
}
"""


def run(*command):
    """Its standard output; what it says when it fails goes into the failure."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        run("cmake", "--install", BUILD, "--prefix", cls.folder / "first")
        # An installed Cermet may move.
        cls.prefix = cls.folder / "prefix"
        (cls.folder / "first").rename(cls.prefix)

    def configure_and_build(self, source, name):
        build = self.folder / name
        run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}",
            "-DCMAKE_BUILD_TYPE=Debug")
        run("cmake", "--build", build)
        return build

    def test_commands(self):
        engine = self.folder / "command.engine"
        run(self.prefix / "bin/cermet", "build", MODEL, "-o", engine, "--tuning-budget", "0")
        run(self.prefix / "bin/cermet-run", engine, "--random-inputs", "--shapes", "image:1x1x8x8",
            "--output-dir", self.folder / "out")
        self.assertEqual([p.name for p in (self.folder / "out").iterdir()], ["output_0.npy"])

    def test_find_package(self):
        source = self.folder / "app"
        source.mkdir()
        for name, text in (("CMakeLists.txt", CMAKE_LISTS), ("builds.cc", BUILDS),
                           ("runs.cc", RUNS)):
            (source / name).write_text(text)
        build = self.configure_and_build(source, "app-build")
        engine = self.folder / "app.engine"
        run(build / "builds", MODEL, engine)
        self.assertEqual(run(build / "runs", engine), "[2, 10]1")
        needed = run("readelf", "-d", build / "runs")
        self.assertIn("libcermet_runtime.so", needed)
        self.assertNotIn("[libcermet.so", needed)

    def test_examples(self):
        if not (BUILD / "examples").exists():
            self.skipTest("the examples were not built (CERMET_BUILD_EXAMPLES)")
        source = self.folder / "examples"
        shutil.copytree(ROOT / "examples", source)
        build = self.configure_and_build(source, "examples-build")
        engine = self.folder / "example.engine"
        run(self.prefix / "bin/cermet", "build", MODEL, "-o", engine)
        digits = ROOT / "examples/digits"
        text = run(build / "digits", engine, digits / "test_images.npy",
                   digits / "test_labels.npy", self.folder / "p.png", self.folder / "r.json")
        self.assertIn("of 360 right", text)
        self.assertTrue((build / "faces").exists())


if __name__ == "__main__":
    if not (BUILD / "bin/cermet-run").exists():
        print(f"skipped: {BUILD} holds no cermet-run to install")
        sys.exit(77)
    unittest.main()
