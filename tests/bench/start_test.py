"""The experiments `start` and `tuning`: cold starts, and builds with and without a timing cache."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from fake_peers import FakePeer, fake_bench, limits  # noqa: E402
import start  # noqa: E402
import tuning  # noqa: E402


class Start(unittest.TestCase):
    def results(self, *peers, names=("net",)):
        return [piece.work() for piece in start.pieces(fake_bench(peers, names, (1, 2)))]

    def test_onnx_runtime_is_what_counts(self):
        found = self.results(FakePeer("cermet", 3.0), FakePeer("ort", 10.0), FakePeer("openvino", 4.0))
        self.assertEqual(found[0]["threads"], 2)
        self.assertEqual(start.tables(found)[2], "| net, 1 | 10 | 4 | 3 | 0.30 | 0.75 |")
        [verdict] = start.verdicts(found, limits())
        self.assertEqual((verdict.figure, verdict.held), (0.3, True))
        self.assertFalse(start.verdicts(found, limits(start=0.2))[0].held)
        self.assertEqual(list(start.pictures(found, limits())), ["start.svg"])

    def test_the_first_start_is_not_counted(self):
        cermet = FakePeer("cermet")
        cermet.start = lambda case, threads, times=iter([99.0, 2.0, 3.0, 4.0]): next(times)
        self.assertEqual(self.results(cermet)[0]["start_ms"], {"cermet": 3.0})

    def test_without_onnx_runtime_there_is_no_verdict(self):
        found = self.results(FakePeer("cermet", 3.0), FakePeer("ort", fail="start"))
        self.assertEqual(found[0]["errors"], {"ort": "ort can't start"})
        self.assertEqual(start.verdicts(found, limits()), [])
        self.assertEqual(start.pictures(found, limits()), {})


class FakeBuilder(FakePeer):
    """Builds take less the more often they are done; the cache is full after `needed` of them."""

    def __init__(self, needed, folder, refusal="the timing cache holds no time of x"):
        super().__init__("cermet")
        self.needed, self.folder, self.refusal, self.built = needed, folder, refusal, 0

    def build(self, case, threads, path, options):
        self.calls.append("frozen" if "--frozen" in options else "build")
        if "--frozen" in options:
            if self.built < self.needed:
                raise RuntimeError(self.refusal)
            return 0.1
        self.built += 1
        return 16.0 / self.built


class Tuning(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def result(self, builder):
        [piece] = tuning.pieces(fake_bench([FakePeer("ort"), builder], ("resnet50", "net"), (1, 2)))
        self.assertEqual(piece.name, "tuning/resnet50-b1")
        return piece.work()

    def test_cold_and_cached_builds(self):
        builder = FakeBuilder(2, self.folder)
        result = self.result(builder)
        self.assertEqual(builder.calls, ["build", "frozen", "build", "frozen", "build", "build"])
        self.assertEqual((result["cold_s"], result["cached_s"], result["builds_to_fill"]), (16, 4, 2))
        self.assertEqual([v.held for v in tuning.verdicts([result], limits())], [False, False])
        self.assertEqual(tuning.tables([result])[2], "| resnet50, 1 | 2 | 16.00 | 4.00 | 2 |")

    def test_a_cache_that_never_fills_is_an_error(self):
        result = self.result(FakeBuilder(100, self.folder))
        self.assertIn("after 6 builds", result["errors"]["cermet"])
        self.assertEqual(tuning.verdicts([result], limits()), [])
        self.assertEqual(tuning.tables([result])[2], "| resnet50, 1 | 2 | - | - | - |")

    def test_another_failure_is_not_taken_for_a_cache_that_lacks_something(self):
        result = self.result(FakeBuilder(2, self.folder, "no such file"))
        self.assertEqual(result["errors"], {"cermet": "no such file"})

    def test_without_cermet_there_is_nothing_to_measure(self):
        self.assertEqual(tuning.pieces(fake_bench([FakePeer("ort")], ("resnet50",))), [])


if __name__ == "__main__":
    unittest.main()
