"""The experiment `worth`: optimisations on and off, which rows take part, what is held."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from fake_peers import FakePeer, fake_bench, limits  # noqa: E402
import worth  # noqa: E402

PASSES = pathlib.Path(__file__).resolve().parents[2] / "src/passes/all_passes.cc"


class Side(FakePeer):
    def build(self, case, threads, path):
        self.note("build")
        return self.milliseconds


def results(side_with, side_without, name, row="net"):
    cermet = FakePeer("cermet")
    cermet.variants = {"with": side_with, "without": side_without}
    cermet.folder = side_with.folder = side_without.folder = None
    bench = fake_bench([FakePeer("ort"), cermet], [row], (1, 2))
    return [piece.work() for piece in worth.pieces(bench) if piece.name.startswith(f"worth/{name}-")]


class Worth(unittest.TestCase):
    def test_every_fusing_pass_is_switched_off(self):
        self.assertEqual(set(worth.FUSIONS),
                         set(re.findall(r'Pass\{"(fuse-[a-z-]+)"', PASSES.read_text())))

    def test_standard_rows_take_part_where_they_are_concerned_and_others_everywhere(self):
        bench = fake_bench([FakePeer("cermet")], ("bert_base", "magika-v3", "net"))
        names = [piece.name for piece in worth.pieces(bench)]
        self.assertEqual({name for name in names if "bert" in name},
                         {f"worth/{name}-bert_base-b1"
                          for name in ("fusion", "attention", "oneDNN")})
        self.assertEqual(sum("net-b1" in name for name in names), len(worth.OPTIMISATIONS))
        self.assertFalse(any("magika" in name for name in names))

    def test_without_cermet_there_is_nothing_to_measure(self):
        self.assertEqual(worth.pieces(fake_bench([FakePeer("ort")])), [])

    def test_both_sides_are_tuned_alike_but_where_tuning_is_off(self):
        cermet = FakePeer("cermet")
        cermet.variants = {"with": None, "without": None}
        for optimisation in worth.OPTIMISATIONS:
            worth.sides(cermet, optimisation)
            self.assertEqual(cermet.made["with"], (["--tuning-budget=30"], True, ()))
            budget, cache = (([], False) if optimisation.name == "tuning"
                             else (["--tuning-budget=30"], True))
            self.assertEqual(cermet.made["without"],
                             ([*budget, *optimisation.off], cache, optimisation.off_in_runs))

    def test_an_optimisation_that_pays(self):
        found = results(Side("with", 2.0), Side("without", 3.0), "fusion")
        self.assertEqual(found[0]["threads"], 2)
        self.assertEqual(worth.tables(found)[2:],
                         ["| fusion | net, 1 | ms of a run | 2 | 3 | 1.500 | 0.0e+00 |",
                          "| fusion | **geometric mean** | ms of a run |  |  | **1.500** |  |"])
        self.assertEqual([(v.bar, v.held) for v in worth.verdicts(found, limits())],
                         [("worth", True), ("error", True)])
        self.assertEqual(list(worth.pictures(found, limits())), ["worth.svg"])

    def test_one_that_costs_breaks_the_bar(self):
        found = results(Side("with", 3.0), Side("without", 2.0), "layout")
        verdict = worth.verdicts(found, limits())[0]
        self.assertEqual((verdict.figure, verdict.held), (1.5, False))
        self.assertIn("layout", verdict.subject)

    def test_another_answer_breaks_the_bar_of_errors(self):
        found = results(Side("with", 1.0), Side("without", 2.0, value=1.1), "views")
        self.assertEqual([v.bar for v in worth.verdicts(found, limits()) if not v.held], ["error"])

    def test_validation_is_told_by_the_time_of_builds(self):
        side = Side("with", 3.0)
        found = results(side, Side("without", 2.0), "validation")
        self.assertEqual(side.calls, ["prepare", "outputs", "build", "build", "build"])
        self.assertEqual(worth.tables(found)[2:],
                         ["| validation | net, 1 | s of a build | 3 | 2 | 0.667 | 0.0e+00 |"])
        self.assertEqual([v.bar for v in worth.verdicts(found, limits())], ["error"])

    def test_a_side_that_fails_leaves_its_reason(self):
        found = results(Side("with"), Side("without", fail="round"), "tuning")
        self.assertEqual(found[0]["errors"], {"without": "without can't round"})
        self.assertEqual(worth.tables(found)[2],
                         "| tuning | net, 1 | ms of a run | 1 | - | - | 0.0e+00 |")
        self.assertEqual([v.bar for v in worth.verdicts(found, limits())], ["error"])


if __name__ == "__main__":
    unittest.main()
