"""The demo, from the model to the page: what it reads, what it says and what it leaves behind."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["CERMET_BUILD_DIR"])
if not (BUILD / "examples/digits").exists():
    print("skipped: the examples were not built (CERMET_BUILD_EXAMPLES)")
    sys.exit(77)


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out = pathlib.Path(folder.name)
        cls.text = subprocess.run(["scripts/demo", cls.out], stdout=subprocess.PIPE, check=True,
                                  text=True).stdout

    def test_nearly_all_digits_are_read_rightly(self):
        digits = json.loads((self.out / "digits.json").read_text())
        self.assertEqual(digits["pictures"], 360)
        self.assertGreaterEqual(digits["right"], 358)
        self.assertIn(f"{digits['right']} of 360 right", self.text)
        self.assertEqual(sum(map(sum, digits["confusion"])), 360)
        self.assertEqual(sum(digits["confusion"][i][i] for i in range(10)), digits["right"])

    def test_stages_say_how_long_they_took(self):
        self.assertEqual(re.findall(r"^(\d)\. ", self.text, re.MULTILINE), list("12345"))
        self.assertEqual(len(re.findall(r"^   \(\d+\.\d\d s\)$", self.text, re.MULTILINE)), 5)
        self.assertRegex(self.text, r"one picture takes [\d.]+ ms .* [1-9]\d* pictures a second")
        self.assertNotIn("\x1b", self.text, "colours belong on terminals")

    def test_picture_is_a_png(self):
        self.assertEqual((self.out / "digits.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_page_holds_everything(self):
        page = (self.out / "index.html").read_text()
        self.assertIn('src="data:image/png;base64,', page)
        self.assertNotRegex(page, r"^@.*@$")
        self.assertNotRegex(page, r"(src|href)=\"(?!data:)", "nothing outside the page is needed")
        data = dict(re.findall(r'<script type="application/json" id="data-(.*?)">\n(.*?)</script>',
                               page, re.DOTALL))
        self.assertEqual(set(data), {"inspect", "one", "many", "digits"})
        steps = json.loads(data["inspect"])["steps"]
        layers = json.loads(data["one"])["layers"]
        self.assertEqual([steps[layer["step"]]["name"] for layer in layers],
                         [layer["name"] for layer in layers])


    def test_report_is_of_the_same_steps(self):
        page = (self.out / "report.html").read_text()
        report = json.loads(re.search(r'id="report">(.*?)</script>', page, re.DOTALL)[1])
        self.assertEqual(report["shapes"], {"image": [64, 1, 8, 8]})
        nodes = [node for step in report["steps"] for node in step["nodes"]]
        self.assertIn("/layers/layers.3/Conv", nodes)


class Arguments(unittest.TestCase):
    def fails_with(self, message, *arguments):
        done = subprocess.run([BUILD / "examples/digits", *arguments], stderr=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, check=False, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(message, done.stderr)

    def test_too_few(self):
        self.fails_with("usage: digits ENGINE")

    def test_file_that_is_not_there(self):
        self.fails_with("nowhere.engine", "nowhere.engine", "a.npy", "b.npy", "c.png", "d.json")


if __name__ == "__main__":
    unittest.main()
