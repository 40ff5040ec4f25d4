"""The experiments `latency` and `memory`: figures, ratios, verdicts, peers that fail."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from fake_peers import FakePeer, fake_bench, fake_cases, limits  # noqa: E402
import latency  # noqa: E402
import memory  # noqa: E402


class Latency(unittest.TestCase):
    def result(self, *peers):
        return latency.measure(fake_bench(peers), fake_cases()[0], 2)

    def test_ratios_are_to_each_peer_and_to_the_faster(self):
        result = self.result(FakePeer("cermet", 3.0), FakePeer("ort", 4.0), FakePeer("openvino", 2.0))
        self.assertEqual(result["median_ms"], {"cermet": 3.0, "ort": 4.0, "openvino": 2.0})
        self.assertEqual(len(result["round_medians_ms"]["ort"]), 3)
        [(_, each, faster)] = latency.time_ratios([result])
        self.assertEqual(each, {"ort": 0.75, "openvino": 1.5})
        self.assertEqual(faster, 1.5)

    def test_rounds_turn(self):
        order = []
        peers = [FakePeer(name) for name in ("cermet", "ort", "openvino")]
        for peer in peers:
            peer.round = lambda seconds, warmup, name=peer.name: order.append(name) or 1.0
        self.result(*peers)
        self.assertEqual(order, ["cermet", "ort", "openvino", "ort", "openvino", "cermet",
                                 "openvino", "cermet", "ort"])

    def test_a_failing_peer_leaves_its_reason_and_the_others_go_on(self):
        for stage in ("prepare", "outputs", "round"):
            with self.subTest(stage):
                broken = FakePeer("openvino", fail=stage)
                result = self.result(FakePeer("cermet", 1.0), FakePeer("ort", 2.0), broken)
                self.assertEqual(result["errors"], {"openvino": f"openvino can't {stage}"})
                self.assertEqual(set(result["median_ms"]), {"cermet", "ort"})
                self.assertEqual(broken.calls[-1], stage)

    def test_verdicts(self):
        rows = [self.result(FakePeer("cermet", mine), FakePeer("ort", 1.0)) for mine in (0.5, 1.2)]
        rows[1]["model"] = "slow"
        found = latency.verdicts(rows, limits())
        self.assertEqual([(v.bar, v.held) for v in found],
                         [("row", False), ("mean", True), ("error", True)])
        self.assertIn("slow b1 t2", found[0].subject)
        self.assertAlmostEqual(found[1].figure, 0.6 ** 0.5)
        self.assertTrue(all(v.held for v in latency.verdicts(rows, limits(row=1.25))))

    def test_wrong_outputs_break_a_bar(self):
        rows = [self.result(FakePeer("cermet", 0.5, value=1.01), FakePeer("ort", 1.0))]
        self.assertEqual([v.bar for v in latency.verdicts(rows, limits()) if not v.held], ["error"])

    def test_the_table_has_a_line_a_row_and_means(self):
        rows = [self.result(FakePeer("cermet", 0.5), FakePeer("ort", 1.0)),
                self.result(FakePeer("cermet", fail="round"), FakePeer("ort", 1.0))]
        lines = latency.tables(rows)
        self.assertEqual(lines[2], "| 2 | net, 1 | 1 | 0.5 | 0.500 | 0.500 | 0.0e+00 |")
        self.assertEqual(lines[3], "| 2 | net, 1 | 1 | - | - | - | 0.0e+00 |")
        self.assertIn("| **0.500** |", lines[4])


class Memory(unittest.TestCase):
    def test_peaks_beside_each_other(self):
        bench = fake_bench([FakePeer("cermet", peak=50), FakePeer("ort", peak=100)], threads=(1, 2))
        [piece] = memory.pieces(bench)
        result = piece.work()
        self.assertEqual((result["threads"], result["peak_mib"]), (2, {"cermet": 50, "ort": 100}))
        self.assertEqual(memory.tables([result])[2], "| net, 1 | 100 | 50 | 0.50 |")
        self.assertTrue(memory.verdicts([result], limits())[0].held)
        self.assertFalse(memory.verdicts([result], limits(memory=0.4))[0].held)


if __name__ == "__main__":
    unittest.main()
