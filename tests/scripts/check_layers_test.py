"""scripts/check_layers.py lets allowed includes pass and catches each kind of broken one."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import check_layers  # noqa: E402


class CheckLayers(unittest.TestCase):
    def problems(self, files):
        """The violations of a project made of these files, path -> names it includes."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, includes in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(f'#include "{i}"\n' for i in includes))
            return check_layers.check(root)[0]

    def assert_caught(self, files, words):
        problems = self.problems(files)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def test_allowed_includes_pass(self):
        self.assertEqual(self.problems({
            "include/cermet/types.h": [],
            "src/base/error.h": ["cermet/types.h"],
            "src/expr/dim.h": ["base/error.h", "vector"],
            "src/ops/relu/relu.attrs.h": ["expr/dim.h"],
            "src/ops/relu/relu.ref.cc": ["ops/relu/relu.attrs.h"],
            "src/ir/graph.h": ["expr/dim.h"],
            "src/ops/relu/relu.cc": ["relu.attrs.h", "ir/graph.h"],
            "src/backends/cpu/run/relu.cc": ["ops/relu/relu.attrs.h"],
            "src/engine/reader.cc": ["engine/engine_generated.h"],
            "tools/common/text.h": [],
            "tools/cermet/main.cc": ["common/text.h", "cermet/types.h"],
        }), [])

    def test_lower_room_may_not_know_upper(self):
        self.assert_caught({"src/ir/graph.h": [], "src/base/error.cc": ["ir/graph.h"]},
                           "src/base/error.cc:1: includes src/ir/graph.h: base may not include ir")

    def test_runtime_may_not_know_builder(self):
        self.assert_caught({"src/ir/graph.h": [], "src/runtime/engine.cc": ["ir/graph.h"]},
                           "runtime may not include ir")

    def test_reference_kernel_may_not_know_import_rule(self):
        self.assert_caught({"src/ops/relu/rule.h": [], "src/ops/relu/relu.ref.cc": ["rule.h"]},
                           "ops-reference may not include ops")

    def test_run_may_not_know_build(self):
        self.assert_caught({"src/backends/cpu/build/pack.h": [],
                            "src/backends/cpu/run/gemm.cc": ["../build/pack.h"]},
                           "run may not include build")

    def test_backends_do_not_know_each_other(self):
        self.assert_caught({"src/backends/cuda/run/stream.h": [],
                            "src/backends/cpu/run/gemm.cc": ["backends/cuda/run/stream.h"]},
                           "do not know each other")

    def test_outer_folders_see_public_headers_only(self):
        for path in ("tools/cermet/main.cc", "tools/common/text.cc", "python/module.cc",
                     "server/main.cc", "examples/first.cc", "include/cermet/types.h"):
            with self.subTest(path=path):
                self.assert_caught({"src/base/error.h": [], path: ["base/error.h"]},
                                   "may not include base")

    def test_generated_header_belongs_to_its_room(self):
        self.assert_caught({"src/base/error.cc": ["engine/engine_generated.h"]},
                           "base may not include engine")

    def test_unknown_folder(self):
        self.assert_caught({"src/misc/all.h": []}, "no place for this file")

    def test_circle(self):
        self.assert_caught({"src/base/a.h": ["base/b.h"], "src/base/b.h": ["c.h"],
                            "src/base/c.h": ["base/a.h"]},
                           "src/base/a.h -> src/base/b.h -> src/base/c.h -> src/base/a.h")


if __name__ == "__main__":
    unittest.main()
