"""`cermet report`, `cermet bench --trace` and `cermet debug bisect`: files, errors, and the page in a
browser."""
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support.commands import CERMET, IO, WRONG_USE  # noqa: E402

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

PEAKS = ["--peak-gflops", 100, "--peak-gigabytes", 10]


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def weights(name, *shape):
    values = np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32) / 8
    return numpy_helper.from_array(values, name)


def network(blocks=2):
    """Convolutions with what fuses into them, a shortcut, a pool and a product."""
    nodes, constants, x = [], [weights("end", 16, 10)], "image</script>"
    nodes.append(helper.make_node("Conv", [x, "first"], ["c0"], name="first<b>", pads=[1] * 4))
    constants.append(weights("first", 16, 3, 3, 3))
    x = "c0"
    for block in range(blocks):
        constants.append(weights(f"w{block}", 16, 16, 3, 3))
        nodes += [helper.make_node("Conv", [x, f"w{block}"], [f"a{block}"], name=f"conv{block}",
                                   pads=[1] * 4),
                  helper.make_node("Add", [f"a{block}", x], [f"b{block}"], name=f"add{block}"),
                  helper.make_node("Relu", [f"b{block}"], [f"r{block}"], name=f"relu{block}")]
        x = f"r{block}"
    nodes += [helper.make_node("GlobalAveragePool", [x], ["p"], name="pool"),
              helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
              helper.make_node("MatMul", ["f", "end"], ["scores"], name="product")]
    graph = helper.make_graph(nodes, "net", [tensor("image</script>", ["N", 3, 12, 12])],
                              [tensor("scores", ["N", 10])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.model = cls.folder / "net.onnx"
        onnx.save(network(), cls.model)
        cls.engine, cls.why = cls.folder / "net.engine", cls.folder / "why.json"
        built = subprocess.run([CERMET, "build", cls.model, "-o", cls.engine, "--tuning-budget", "0",
                                "--explain=json"], check=True, capture_output=True)
        cls.why.write_bytes(built.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def call(self, *arguments, status=0):
        done = subprocess.run([CERMET, *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return done.stdout if status == 0 else done.stderr

    shapes = ["--shapes", "image</script>:2x3x12x12"]

    def report(self, file, *arguments):
        page = self.folder / "report.html"
        self.call("report", file, "-o", page, "--threads", 1, "--seconds", 0.05, *self.shapes, *PEAKS,
                  *arguments)
        return page.read_text()


def data_of(page):
    return json.loads(re.search(r'id="report">(.*?)</script>', page, re.S)[1])


class Report(Case):
    def test_an_engine_with_its_explanation(self):
        data = data_of(self.report(self.engine, "--explain", self.why))
        inspected = json.loads(self.call("inspect", self.engine, *self.shapes, "--threads", 1,
                                         "--json"))
        self.assertEqual([step["name"] for step in data["steps"]],
                         [step["name"] for step in inspected["steps"]])
        self.assertEqual(data["arena_bytes"], inspected["activation_bytes"])
        self.assertEqual(data["shapes"], {"image</script>": [2, 3, 12, 12]})
        self.assertIsNone(data["build"])
        for step in data["steps"]:
            if step["tactic"]:
                self.assertIn(step["tactic"], [one["tactic"] for one in step["candidates"]])
        self.assertAlmostEqual(sum(step["share"] or 0 for step in data["steps"]), 1, places=6)

    def test_operations_and_bytes_are_those_of_the_formula(self):
        data = data_of(self.report(self.engine))
        steps = {tuple(step["nodes"]): step for step in data["steps"]}
        pixels = 2 * 16 * 12 * 12
        self.assertEqual(steps["first<b>",]["operations"], 2 * pixels * 3 * 9)
        fused = next(step for nodes, step in steps.items() if "conv0" in nodes)
        extra = fused["operations"] - 2 * pixels * 16 * 9
        self.assertIn(extra, (0, 2 * pixels), "alone, or with Add and Relu")
        product = next(step for nodes, step in steps.items() if "product" in nodes)
        self.assertEqual(product["operations"], 2 * 2 * 16 * 10)
        self.assertEqual(product["bytes"], 4 * (2 * 16 + 16 * 10 + 2 * 10))

    def test_blocks_that_live_at_once_do_not_overlap(self):
        data = data_of(self.report(self.engine))
        placed = [one for one in data["tensors"] if one["offset"] is not None and one["alias"] < 0]
        self.assertTrue(placed)
        for tensor in placed:
            self.assertLessEqual(tensor["offset"] + tensor["bytes"], data["arena_bytes"])
        for i, a in enumerate(placed):
            for b in placed[:i]:
                # A result may take over the memory of an operand that ends there.
                together = a["first_step"] < b["last_step"] and b["first_step"] < a["last_step"]
                apart = (a["offset"] + a["bytes"] <= b["offset"] or
                         b["offset"] + b["bytes"] <= a["offset"])
                self.assertTrue(apart or not together, (a, b))

    def test_a_model_is_reported_whole(self):
        data = data_of(self.report(self.model, "--tuning-budget", 0))
        self.assertEqual(data["build"]["onnx_nodes"], 10)
        self.assertTrue(any(one["patches"] for one in data["build"]["passes"]))
        self.assertTrue(all(step["candidates"] for step in data["steps"] if step["tactic"]))
        measured = data_of(self.measured_page().read_text())
        self.assertTrue(measured["machine"]["measured"])
        self.assertGreater(measured["machine"]["gflops"], 1)
        self.assertGreater(measured["machine"]["gigabytes"], 0.5)

    def measured_page(self):
        page = self.folder / "measured.html"
        self.call("report", self.engine, "-o", page, "--threads", 2, "--seconds", 0.02, *self.shapes)
        return page

    def test_needs_no_network(self):
        page = self.report(self.engine)
        text = page.replace("http://www.w3.org/2000/svg", "")
        self.assertNotRegex(text, r"https?://|src=|<link|@import|url\(")

    def test_what_is_wrong_is_named_and_the_page_that_was_there_stays(self):
        page = self.folder / "kept.html"
        page.write_text("as it was")

        def fails(status, words, *arguments):
            text = self.call("report", *arguments, "-o", page, *self.shapes, *PEAKS, status=status)
            self.assertIn(words, text)
            self.assertEqual(page.read_text(), "as it was")
        fails(IO, "No such file", self.folder / "none.engine")
        fails(IO, "No such file", self.engine, "--explain", self.folder / "none.json")
        wrong = self.folder / "wrong.json"
        wrong.write_text("{")
        fails(WRONG_USE, "is no JSON", self.engine, "--explain", wrong)
        wrong.write_text('{"steps": [{"candidates": 1}]}')
        fails(WRONG_USE, "--explain=json writes it", self.engine, "--explain", wrong)
        wrong.write_text(self.why.read_text().replace("conv0", "conv9"))
        fails(WRONG_USE, "of another build", self.engine, "--explain", wrong)
        fails(WRONG_USE, "is for engines", self.model, "--explain", self.why)
        text = self.call("report", self.engine, "-o", self.folder / "no/where.html", *self.shapes,
                         *PEAKS, "--seconds", 0.02, status=IO)
        self.assertIn("where.html", text)


@unittest.skipUnless(BROWSER, "no chromium")
class Page(Case):
    def browse(self, page, script, width=1500):
        """The value of the script's last expression, computed in the page once it is drawn."""
        probe = ("<script>addEventListener('error', e => document.body.dataset.error = e.message);"
                 "</script>")
        end = ("<script>{ const value = (() => {" + script + "})(); const out = "
               "document.createElement('pre'); out.id = 'probe'; out.textContent = "
               "JSON.stringify([value, document.body.dataset.error || '']); document.body.append(out);"
               " }</script>")
        file = self.folder / "probed.html"
        file.write_text(page.replace("<header>", probe + "<header>", 1) + end)
        done = subprocess.run(
            [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             f"--user-data-dir={self.folder / 'profile'}", f"--window-size={width},1000",
             "--virtual-time-budget=3000", "--dump-dom", file.as_uri()],
            capture_output=True, text=True, timeout=180)
        found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.S)
        self.assertTrue(found, done.stdout[-2000:] + done.stderr[-2000:])
        value, fault = json.loads(html.unescape(found[1]))
        self.assertEqual(fault, "")
        return value

    def test_shows_every_step_in_every_view(self):
        page = self.report(self.engine, "--explain", self.why)
        data = data_of(page)
        seen = self.browse(page, """
          const count = query => document.querySelectorAll(query).length;
          return {title: document.getElementById("title").textContent,
                  boxes: count("#graph-picture .step"), rows: count("#steps-table tbody tr"),
                  edges: count("#graph-picture .edge"), points: count("#roofline-picture .point"),
                  blocks: count("#memory-picture .block"), tensors: count("#tensors-table tbody tr"),
                  passes: count("#passes"), chosen: count("tr.chosen"),
                  nodes: [...document.querySelectorAll("#graph-picture .step .node")].length,
                  candidates: count("#details .candidate"), injected: count("td b, text b")};""")
        steps = data["steps"]
        self.assertEqual(seen["title"], "net.engine")
        self.assertEqual(seen["boxes"], len(steps))
        self.assertEqual(seen["rows"], len(steps))
        self.assertGreaterEqual(seen["edges"], len(steps) - 1)
        self.assertEqual(seen["nodes"], sum(min(len(step["nodes"]), 8) for step in steps))
        self.assertEqual(seen["points"], sum(bool(step["operations"] and step["bytes"] and
                                                  step["microseconds"]) for step in steps))
        placed = [one for one in data["tensors"] if one["offset"] is not None and one["alias"] < 0
                  and one["first_step"] >= 0 and one["bytes"]]
        self.assertEqual(seen["blocks"], len(placed) + sum(step["workspace_bytes"] > 0
                                                           for step in steps))
        self.assertEqual(seen["tensors"], len(data["tensors"]))
        self.assertEqual((seen["passes"], seen["chosen"], seen["injected"]), (0, 1, 0))
        self.assertGreater(seen["candidates"], 1)

    def test_sorting_filtering_and_choosing(self):
        page = self.report(self.model, "--tuning-budget", 0)
        seen = self.browse(page, """
          const rows = () => [...document.querySelectorAll("#steps-table tbody tr")];
          const head = key => document.querySelector(`#steps-table th[data-key=${key}]`);
          const bytes = () => rows().map(r => report.steps[+r.children[0].textContent].bytes);
          head("bytes").click(); const down = bytes();
          head("bytes").click(); const up = bytes();
          const filter = document.getElementById("steps-filter");
          filter.value = "CONV0"; filter.dispatchEvent(new Event("input"));
          const found = rows().map(r => r.textContent);
          const index = +rows()[0].children[0].textContent;
          rows()[0].click();
          const chosen = document.querySelector("#graph-picture .step.chosen").dataset.step;
          const details = document.getElementById("details").textContent;
          document.querySelector("[data-mode=before]").click();
          const before = document.querySelectorAll("#graph-picture .step.before .node").length;
          document.querySelector("[data-mode=after]").click();
          const after = document.querySelectorAll("#graph-picture .node").length;
          document.querySelector("#roofline-picture .point").dispatchEvent(new MouseEvent("click"));
          const point = document.querySelector("#roofline-picture .point").dataset.step;
          return {down, up, found, index, chosen: +chosen, details, before, after,
                  agrees: document.querySelector("#graph-picture .step.chosen").dataset.step === point,
                  passes: document.querySelectorAll("#passes-table tbody tr").length};""")
        known = [one for one in seen["down"] if one is not None]
        self.assertEqual(known, sorted(known, reverse=True))
        self.assertEqual([one for one in seen["up"] if one is not None], sorted(known))
        self.assertTrue(seen["found"])
        self.assertTrue(all("conv0" in text for text in seen["found"]))
        self.assertEqual(seen["chosen"], seen["index"])
        self.assertIn("Candidates", seen["details"])
        self.assertIn("chosen", seen["details"])
        self.assertGreaterEqual(seen["before"], 10)
        self.assertEqual(seen["after"], 0)
        self.assertTrue(seen["agrees"])
        self.assertGreater(seen["passes"], 5)

    def test_blocks_are_drawn_in_proportion(self):
        page = self.report(self.engine)
        arena = data_of(page)["arena_bytes"]
        seen = self.browse(page, """
          return [...document.querySelectorAll("#memory-picture .block")].map(rect => {
            const box = rect.getBBox();
            return [+rect.dataset.offset, +rect.dataset.bytes, box.y, box.height]; });""")
        for offset, size, top, height in seen:
            self.assertAlmostEqual(height, max(0.8, size / arena * 366), delta=0.5)
            self.assertAlmostEqual(top + height, 380 - offset / arena * 366, delta=1.5)

    def test_nothing_sticks_out_at_any_width(self):
        page = self.report(self.engine, "--explain", self.why)
        for width in (390, 800, 1440):
            seen = self.browse(page, """
              const wide = [...document.querySelectorAll(".figures b, header *, nav *, h2, aside, .card")]
                .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
                .map(one => one.textContent.slice(0, 40));
              const spilt = [...document.querySelectorAll(".figures div")]
                .filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent);
              return [document.documentElement.scrollWidth - innerWidth, wide, spilt];""", width)
            self.assertLessEqual(seen[0], 0, width)
            self.assertEqual(seen[1:], [[], []], width)

    def test_rows_of_fused_steps_are_no_towers(self):
        seen = self.browse(self.report(self.engine), """
          return [...document.querySelectorAll("#steps-table tbody tr")].map(row => row.offsetHeight);
          """)
        self.assertLess(max(seen), 80)

    def test_a_thousand_steps(self):
        deep = self.folder / "deep.onnx"
        onnx.save(network(1000), deep)
        page = self.report(deep, "--tuning-budget", 0)
        self.assertGreater(len(data_of(page)["steps"]), 1000)
        seen = self.browse(page, """
          const begin = performance.now();
          document.querySelector("[data-mode=after]").click();
          document.querySelector("#steps-table tbody tr").click();
          return [document.querySelectorAll("#graph-picture .step").length];""")
        self.assertEqual(seen[0], len(data_of(page)["steps"]))


class Trace(Case):
    def trace(self, *arguments):
        file = self.folder / "trace.json"
        self.call("bench", self.engine, *self.shapes, "--threads", 1, "--iterations", 2, "--warmup", 1,
                  "--trace", file, *arguments)
        return json.loads(file.read_text())

    def test_follows_the_format(self):
        """What M and X events have to hold."""
        trace = self.trace("--streams", 2, "--trace-runs", 3)
        self.assertEqual(set(trace), {"traceEvents", "displayTimeUnit", "otherData"})
        self.assertIn(trace["displayTimeUnit"], ("ms", "ns"))
        needed = {"M": {"name": str, "pid": int, "tid": int, "args": dict},
                  "X": {"name": str, "cat": str, "pid": int, "tid": int, "ts": (int, float),
                        "dur": (int, float), "args": dict}}
        for event in trace["traceEvents"]:
            fields = needed[event["ph"]]
            self.assertEqual(set(event), {"ph", *fields})
            for field, kind in fields.items():
                self.assertIsInstance(event[field], kind, event)
            if event["ph"] == "M":
                self.assertIn(event["name"], ("process_name", "thread_name"))
                self.assertIsInstance(event["args"]["name"], str)
            else:
                self.assertGreaterEqual(min(event["ts"], event["dur"]), 0)

    def test_a_track_a_stream_with_steps_within_runs(self):
        trace = self.trace("--streams", 2, "--trace-runs", 3)
        spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
        self.assertEqual({event["tid"] for event in spans}, {1, 2})
        steps = json.loads(self.call("inspect", self.engine, "--json"))["steps"]
        for stream in (1, 2):
            runs = [one for one in spans if one["tid"] == stream and one["cat"] == "run"]
            self.assertEqual([run["name"] for run in runs], ["run 0", "run 1", "run 2"])
            for run in runs:
                inside = [one for one in spans if one["tid"] == stream and one["cat"] != "run" and
                          run["ts"] <= one["ts"] <= run["ts"] + run["dur"]]
                self.assertEqual([one["args"]["step"] for one in inside], list(range(len(steps))))
                end = run["ts"]
                for one in inside:
                    self.assertGreaterEqual(one["ts"], end - 0.01)
                    end = one["ts"] + one["dur"]
                    self.assertEqual(one["args"]["nodes"], steps[one["args"]["step"]]["nodes"])
                self.assertLessEqual(end, run["ts"] + run["dur"] + 0.01)
        names = {one["name"] for one in spans}
        self.assertTrue(any("conv0" in one for one in names), names)


class Bisect(Case):
    def test_says_that_nothing_differs(self):
        text = self.call("debug", "bisect", self.model, "--against", "reference", *self.shapes)
        self.assertRegex(text, r"^nothing differs: \d+ patches and the kernels of \d+ steps, \d+ runs")

    def test_finds_where_results_depart(self):
        # No two ways of summing up agree to this tolerance.
        text = subprocess.run([CERMET, "debug", "bisect", self.model, *self.shapes, "--tolerance", "0"],
                              capture_output=True, text=True)
        self.assertEqual(text.returncode, 10, text.stderr)
        self.assertIn("wrong:", text.stdout)
        self.assertIn("output 'scores', element [", text.stdout)

    def test_use(self):
        self.assertIn("expected reference", self.call(
            "debug", "bisect", self.model, "--against", "torch", status=WRONG_USE))
        self.assertIn("No such file", self.call("debug", "bisect", "none.onnx", status=IO))
        self.call("debug", status=WRONG_USE)
        self.assertIn("--shapes", self.call("debug", "bisect", self.model, status=WRONG_USE))


if __name__ == "__main__":
    unittest.main(verbosity=1)
