"""The experiments `streams` and `competition`: two contexts of a model at once."""
import pathlib
import sys
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from fake_peers import FakePeer, fake_bench, limits  # noqa: E402
import at_once  # noqa: E402
import competition  # noqa: E402
import streams  # noqa: E402


def results(experiment, *peers, names, threads=(1, 2)):
    return [piece.work() for piece in experiment.pieces(fake_bench(peers, names, threads))]


class Streams(unittest.TestCase):
    def test_rows_are_of_one_thread_and_leave_out_what_is_too_short(self):
        pieces = streams.pieces(fake_bench([], ("net", "mnist-cntk"), (1, 2)))
        self.assertEqual([piece.name for piece in pieces], ["streams/net-b1"])

    def test_the_peers_throughput_is_over_cermets(self):
        found = results(streams, FakePeer("cermet", 2.0), FakePeer("ort", 4.0),
                        FakePeer("openvino", 1.0), names=["net"])
        self.assertEqual(found[0]["figures"]["cermet"]["throughput"], 1000)
        self.assertEqual(streams.tables(found)[2],
                         "| net, 1 | 500 | 2000 | 1000 | 0.500 | 2.000 | 2.000 |")
        self.assertEqual([(v.bar, v.figure, v.held) for v in streams.verdicts(found, limits())],
                         [("streams", 2.0, False), ("streams-mean", 2.0, False)])
        self.assertTrue(all(v.held for v in streams.verdicts(
            found, limits(**{"streams": 2.0, "streams-mean": 2.0}))))

    def test_the_mean_is_of_all_rows(self):
        found = [row for time in (0.5, 2.0)
                 for row in results(streams, FakePeer("cermet", time), FakePeer("ort", 1.0),
                                    names=["net"])]
        _, mean = streams.verdicts(found, limits())
        self.assertAlmostEqual(mean.figure, 1.0)
        self.assertIn("| **geometric mean** |  |  | **1.000** | **1.000** |", streams.tables(found))

    def test_a_peer_that_fails_takes_no_part(self):
        for stage in ("prepare_contexts", "at_once"):
            with self.subTest(stage):
                found = results(streams, FakePeer("cermet"), FakePeer("ort", fail=stage),
                                names=["net"])
                self.assertEqual(found[0]["errors"], {"ort": f"ort can't {stage}"})
                self.assertEqual(set(found[0]["figures"]), {"cermet"})
                self.assertEqual(streams.verdicts(found, limits()), [])
                self.assertIn("| net, 1 | 2000 | - |", streams.tables(found))

    def test_the_picture(self):
        found = results(streams, FakePeer("cermet"), FakePeer("ort"), names=["net"])
        xml.etree.ElementTree.fromstring(streams.pictures(found, limits())["streams.svg"])
        self.assertEqual(streams.pictures([], limits()), {})


class Competition(unittest.TestCase):
    def test_contexts_of_each_count_of_threads(self):
        pieces = competition.pieces(fake_bench([], ("resnet50", "net"), (1, 2)))
        self.assertEqual([piece.name for piece in pieces],
                         ["competition/resnet50-b1-t1", "competition/resnet50-b1-t2"])

    def test_the_tail_is_held_against_the_median(self):
        found = results(competition, FakePeer("cermet", 2.0, tail=2.5),
                        FakePeer("ort", 3.0, tail=9.0), names=["resnet50"])
        self.assertEqual(competition.tables(found)[2],
                         "| 1 | resnet50, 1 | 3, 27 | 2, 5 | 9.00 | 2.50 |")
        [verdict] = competition.verdicts(found, limits())
        self.assertEqual((verdict.figure, verdict.held), (2.5, False))
        self.assertIn("resnet50 b1 t1", verdict.subject)
        self.assertTrue(competition.verdicts(found, limits(tail=2.5))[0].held)

    def test_a_row_without_cermet_has_a_dash(self):
        found = results(competition, FakePeer("cermet", fail="at_once"), FakePeer("ort"),
                        names=["resnet50"], threads=[2])
        self.assertEqual(competition.verdicts(found, limits()), [])
        self.assertEqual(competition.tables(found)[2], "| 2 | resnet50, 1 | 1, 1.5 | 1.50 |")

    def test_the_picture_names_the_peers(self):
        found = results(competition, FakePeer("cermet"), FakePeer("ort"), names=["resnet50"])
        drawn = competition.pictures(found, limits(tail=None))["competition.svg"]
        root = xml.etree.ElementTree.fromstring(drawn)
        words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertIn("ONNX Runtime", words)
        self.assertIn("resnet50, 2 thread(s)", words)


class Middle(unittest.TestCase):
    def test_the_tail_is_the_median_of_the_rounds_own(self):
        rounds = [{"throughput": 1, "median_ms": m, "p99_ms": p} for m, p in ((1, 4), (2, 4), (4, 4))]
        self.assertEqual(at_once.middle(rounds),
                         {"throughput": 1, "median_ms": 2, "p99_ms": 4, "tail": 2.0})


if __name__ == "__main__":
    unittest.main()
