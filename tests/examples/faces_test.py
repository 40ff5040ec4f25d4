"""The face detector on photographs, where ../shared has a model and photographs."""
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["CERMET_BUILD_DIR"])
FACES = BUILD / "examples/faces"
MODEL = pathlib.Path("../shared/models/ultraface-rfb-320.onnx")
# Photograph -> people in it whose face is plain to see, at most so many boxes.
PHOTOS = {"people-1": (35, 60), "people-10": (18, 21), "people-16": (9, 9), "people-24": (6, 10)}

for needed in (FACES, MODEL, *(pathlib.Path(f"../shared/images/{name}.jpg") for name in PHOTOS)):
    if not needed.exists():
        print(f"skipped: {needed} is not there")
        sys.exit(77)

FACE = re.compile(r"^ +(\d+)%  left +(-?\d+)  top +(-?\d+)  right +(-?\d+)  bottom +(-?\d+)$",
                  re.MULTILINE)
SUMMARY = re.compile(r": (\d+) x (\d+) pixels, (\d+) faces, [\d.]+ ms$", re.MULTILINE)


def detect(model, name, out):
    """Width and height of the photograph, and the faces as (percent, left, top, right, bottom)."""
    text = subprocess.run([FACES, model, f"../shared/images/{name}.jpg", out], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    width, height, count = map(int, SUMMARY.search(text).groups())
    faces = [tuple(map(int, groups)) for groups in FACE.findall(text)]
    assert len(faces) == count, text
    return width, height, faces


class Faces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out = pathlib.Path(folder.name)
        cls.engine = cls.out / "faces.engine"
        subprocess.run([BUILD / "bin/cermet", "build", MODEL, "-o", cls.engine,
                        "--tuning-budget", "0"], check=True, stdout=subprocess.DEVNULL)

    def test_faces_are_found_inside_the_photographs(self):
        for name, (fewest, most) in PHOTOS.items():
            with self.subTest(name):
                width, height, faces = detect(self.engine, name, self.out / "out.png")
                self.assertTrue(fewest <= len(faces) <= most, f"{len(faces)} faces")
                for percent, left, top, right, bottom in faces:
                    self.assertTrue(70 <= percent <= 100, percent)
                    self.assertTrue(0 <= left < right <= width, (left, right))
                    self.assertTrue(0 <= top < bottom <= height, (top, bottom))

    def test_png_has_the_photograph_s_size(self):
        width, height, _ = detect(self.engine, "people-16", self.out / "out.png")
        start = (self.out / "out.png").read_bytes()[:24]
        self.assertEqual(start[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(struct.unpack(">II", start[16:]), (width, height))

    def test_result_is_a_photograph_again(self):
        _, _, faces = detect(self.engine, "people-16", self.out / "out.jpg")
        again = subprocess.run([FACES, self.engine, self.out / "out.jpg", self.out / "2.jpg"],
                               check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertEqual(len(FACE.findall(again)), len(faces))

    def test_other_endings_are_refused(self):
        for name in ("out.gif", "out"):
            done = subprocess.run([FACES, self.engine, "../shared/images/people-16.jpg",
                                   self.out / name], capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("ends in .jpg, .jpeg or .png", done.stderr)
            self.assertFalse((self.out / name).exists())

    def test_model_and_engine_agree(self):
        def rounded(faces):
            return sorted((left // 8, top // 8) for _, left, top, _, _ in faces)
        _, _, by_engine = detect(self.engine, "people-16", self.out / "out.png")
        _, _, by_model = detect(MODEL, "people-16", self.out / "out.png")
        self.assertEqual(rounded(by_engine), rounded(by_model))


if __name__ == "__main__":
    unittest.main()
