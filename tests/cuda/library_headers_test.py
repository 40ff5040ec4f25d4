"""Declarations of NVIDIA's libraries, of which nothing is included: their numbers, types and calls
against the headers of a CUDA toolkit, where one is installed."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
RUN = ROOT / "src/backends/cuda/run"
FOLDERS = [pathlib.Path(root) / "include"
           for root in (os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda")
           if root]
HEADERS = {"cublaslt": "cublasLt.h", "cudnn": "cudnn.h"}


def folder_of(header):
    for folder in FOLDERS:
        if (folder / header).exists():
            return folder
    return None


if not any(folder_of(header) for header in HEADERS.values()):
    print("skipped: there is no CUDA toolkit")
    sys.exit(77)


class Declarations(unittest.TestCase):
    def check(self, name, lines):
        header = HEADERS[name]
        folder = folder_of(header)
        if folder is None:
            self.skipTest(f"there is no {header}")
        source = "\n".join([f"#include <{header}>", f'#include "backends/cuda/run/{name}_api.h"',
                            "namespace ours = cermet::cuda;", *lines, ""])
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch) / "check.cc"
            path.write_text(source)
            done = subprocess.run(["c++", "-std=c++20", "-Wno-deprecated-declarations", "-c",
                                   "-I", ROOT / "src", "-isystem", folder, path, "-o",
                                   path.with_suffix(".o")], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr[:4000])

    def numbers(self, name):
        text = re.sub(r"//.*", "", (RUN / f"{name}_api.h").read_text())
        found = re.findall(r"\b((?:CUBLAS|CUBLASLT|CUDA_R|CUDNN)_\w+) = \d+", text)
        self.assertGreater(len(found), 20)
        return found

    def test_numbers(self):
        for name in HEADERS:
            self.check(name, [f"static_assert(int(ours::{number}) == int(::{number}), "
                              f'"{number}");' for number in self.numbers(name)])

    def test_calls(self):
        """Each call has as many parameters as the toolkit's, of the same sizes."""
        count = """
template <class Result, class... P> constexpr int parameters(Result (*)(P...)) {
  return sizeof...(P);
}
template <class Result, class... P> constexpr unsigned long sizes(Result (*)(P...)) {
  unsigned long all = sizeof(Result) == sizeof(int) ? 1 : 2;
  ((all = all * 31 + sizeof(P)), ...);
  return all;
}"""
        for name in HEADERS:
            text = (RUN / f"{name}_api.h").read_text()
            macro = f"CERMET_{name.upper()}_CALLS"
            calls = re.findall(r"X\([^,]+, (cu\w+),", text)
            self.assertGreater(len(calls), 10)
            lines = [count, "namespace cermet::cuda { struct Calls {",
                     "#define CALL(result, name, parameters) result(*name) parameters;",
                     f"{macro}(CALL)", "}; }"]
            for call in calls:
                ours = f"decltype(ours::Calls::{call})()"
                lines += [f"static_assert(parameters({ours}) == parameters(&::{call}) && "
                          f'sizes({ours}) == sizes(&::{call}), "{call}");']
            self.check(name, lines)

    def test_structures(self):
        self.check("cublaslt", [
            "static_assert(sizeof(ours::cublasLtMatmulAlgo_t) == sizeof(::cublasLtMatmulAlgo_t));",
            "static_assert(sizeof(ours::cublasLtMatmulHeuristicResult_t) == "
            "sizeof(::cublasLtMatmulHeuristicResult_t));",
            "static_assert(offsetof(ours::cublasLtMatmulHeuristicResult_t, workspaceSize) == "
            "offsetof(::cublasLtMatmulHeuristicResult_t, workspaceSize));",
            "static_assert(offsetof(ours::cublasLtMatmulHeuristicResult_t, state) == "
            "offsetof(::cublasLtMatmulHeuristicResult_t, state));"])


if __name__ == "__main__":
    unittest.main()
