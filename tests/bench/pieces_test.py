"""Runs in pieces: results kept at once, going on, limits of time, exit statuses, reports."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from fake_peers import FakePeer, fake_bench, limits, program  # noqa: E402
import bars  # noqa: E402
import picture  # noqa: E402
import store  # noqa: E402


class Stopped(Exception):
    pass


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = store.Store(pathlib.Path(folder.name) / "results")


class Pieces(InFolder):
    def setUp(self):
        super().setUp()
        self.done, self.now = [], 0.0

    def pieces(self, names, seconds=10.0):
        def work(name):
            self.done.append(name)
            self.now += seconds
            return {"name": name}
        return [store.Piece(f"latency/{name}", lambda name=name: work(name)) for name in names]

    def go_on(self, pieces, limit=None):
        return store.work_on(pieces, self.store, limit, lambda words: None, lambda: self.now)

    def test_a_second_run_does_only_what_is_missing(self):
        self.assertEqual(self.go_on(self.pieces("ab")), 0)
        self.assertEqual(self.go_on(self.pieces("abc")), 0)
        self.assertEqual(self.done, ["a", "b", "c"])

    def test_what_was_done_survives_a_stop(self):
        def stop():
            raise Stopped
        pieces = self.pieces("ab")
        with self.assertRaises(Stopped):
            self.go_on([pieces[0], store.Piece("latency/stopped", stop)])
        self.assertEqual(self.go_on(pieces), 0)
        self.assertEqual(self.done, ["a", "b"])

    def test_no_piece_begins_that_would_not_end_in_time(self):
        self.assertEqual(self.go_on(self.pieces("abcd"), 25.0), 2)
        self.assertEqual(self.done, ["a", "b"])
        self.assertEqual(self.go_on(self.pieces("abcd"), 25.0), 0)

    def test_no_time_at_all_does_nothing(self):
        self.assertEqual(self.go_on(self.pieces("ab"), 0), 2)
        self.assertEqual(self.done, [])

    def test_forgotten_pieces_are_done_again(self):
        self.go_on(self.pieces(["net-t1", "net-t2"]))
        self.store.forget("t2")
        self.go_on(self.pieces(["net-t1", "net-t2"]))
        self.assertEqual(self.done, ["net-t1", "net-t2", "net-t2"])

    def test_a_fresh_run_forgets_its_own_alone(self):
        self.store.open({"rounds": 3})
        self.go_on(self.pieces("a"))
        other = self.store.folder / "mine.txt"
        other.touch()
        self.store.clear()
        self.store.open({"rounds": 5})
        self.go_on(self.pieces("a"))
        self.assertEqual(self.done, ["a", "a"])
        self.assertTrue(other.exists())

    def test_results_of_other_conditions_are_not_mixed(self):
        self.store.open({"rounds": 3, "cermet": "a"})
        self.store.open({"rounds": 3, "cermet": "a"})
        with self.assertRaisesRegex(ValueError, "cermet a, now it is b: .*--fresh"):
            self.store.open({"rounds": 3, "cermet": "b"})


class Runs(InFolder):
    def run_with(self, *peers, seconds=None, names=("net", "other"), changed=()):
        bench = fake_bench(peers, names, (1, 2))
        self.store.open(bench.conditions())
        with contextlib.redirect_stdout(io.StringIO()) as self.said:
            return program.run(bench, self.store, ["latency", "memory"], limits(**dict(changed)),
                               seconds)

    def test_all_bars_held(self):
        status = self.run_with(FakePeer("cermet", 0.5), FakePeer("ort", 1.0))
        self.assertEqual(status, 0, self.said.getvalue())
        self.assertIn("held   row: worst row of 4", self.said.getvalue())

    def test_a_broken_bar(self):
        self.assertEqual(self.run_with(FakePeer("cermet", 2.0), FakePeer("ort", 1.0)), 1)
        self.assertIn("BROKEN row: worst row of 4 is net b1 t1, 4 over the bar: 2, at most 1 wanted",
                      self.said.getvalue())

    def test_a_failing_peer_breaks_the_run(self):
        cermet, ort = FakePeer("cermet", 0.5), FakePeer("ort", fail="peak_memory")
        self.assertEqual(self.run_with(cermet, ort), 1)
        self.assertIn("BROKEN net b1 t2, ort: ort can't peak_memory", self.said.getvalue())

    def test_an_unfinished_run_says_so_and_goes_on(self):
        peers = FakePeer("cermet", 0.5), FakePeer("ort", 1.0)
        self.assertEqual(self.run_with(*peers, seconds=0), 3)
        self.assertIn("6 of 6 pieces are missing", self.said.getvalue())
        self.assertEqual(self.run_with(*peers), 0)

    def test_the_report(self):
        self.run_with(FakePeer("cermet", 0.5), FakePeer("ort", 1.0), FakePeer("openvino", 2.0))
        words = (self.store.folder / "report.md").read_text()
        for part in ("## latency", "## memory", "| 2 | other, 1 | 1 | 2 | 0.5 |", "- held"):
            self.assertIn(part, words)
        document = json.loads((self.store.folder / "results.json").read_text())
        self.assertEqual(len(document["results"]["latency"]), 4)
        self.assertTrue(all(verdict["held"] for verdict in document["verdicts"]))
        for threads in (1, 2):
            drawn = (self.store.folder / f"latency-{threads}-threads.svg").read_text()
            xml.etree.ElementTree.fromstring(drawn)


class Bars(unittest.TestCase):
    def test_values_are_changed_by_name(self):
        self.assertEqual(bars.limits(["row=0.9"])["row"], 0.9)
        for text, words in (("rows=1", "expected one of row"), ("row=fast", "row=NUMBER")):
            with self.assertRaisesRegex(ValueError, words):
                bars.limits([text])

    def test_a_figure_on_the_bar_holds(self):
        self.assertTrue(bars.Verdict("row", 1.0, 1.0, "net").held)
        self.assertFalse(bars.Verdict("row", 1.0, 1.001, "net").held)


class Picture(unittest.TestCase):
    def test_bars_rules_and_escaped_words(self):
        drawn = picture.bars("a < b", [("<net>, 1", {"ort": 0.5, "openvino": 2.0})], 0.9)
        root = xml.etree.ElementTree.fromstring(drawn)
        space = "{http://www.w3.org/2000/svg}"
        ort, openvino = [bar for bar in root.findall(f"{space}rect[@height='12']")
                         if float(bar.get("y")) >= 2 * picture.MARGIN]
        self.assertAlmostEqual(float(openvino.get("width")), 4 * float(ort.get("width")), places=0)
        lines = [float(line.get("x1")) for line in root.findall(f"{space}line")]
        self.assertEqual(lines, [190 + 420 / 2, 190 + round(420 * 0.45, 1)])
        words = [text.text for text in root.iter(f"{space}text")]
        self.assertIn("a < b", words)
        self.assertIn("<net>, 1", words)


if __name__ == "__main__":
    unittest.main()
