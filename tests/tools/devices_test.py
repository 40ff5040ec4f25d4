"""`cermet devices` with no driver, with a driver of ours that stands in for NVIDIA's, and with one
that fails at each of its calls or lacks one."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from commands import BIN, CERMET  # noqa: E402

FAKE = BIN.parent / "fake_cuda"
CALLS = re.findall(r"X\((cu\w+),", (pathlib.Path(__file__).parents[2] /
                                    "src/backends/cuda/run/driver_api.h").read_text())


def devices(folder, settings="", *flags):
    """What is printed where the driver of that folder is found first."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder), "FAKE_CUDA": settings}
    done = subprocess.run([CERMET, "devices", *flags], env=environment, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Devices(unittest.TestCase):
    def test_cards_are_listed_behind_the_processor(self):
        found = json.loads(devices(FAKE, "", "--json"))
        self.assertEqual(found["no_gpu"], "")
        self.assertEqual(found["cuda_version"], "13.2")
        cpu, first, second = found["devices"]
        self.assertEqual(cpu["name"], "cpu")
        self.assertEqual(cpu["cores"], len(os.sched_getaffinity(0)))
        self.assertIsNone(cpu["peaks"])
        peaks = second.pop("peaks")
        self.assertAlmostEqual(peaks["float32"], 256 * 132 * 1.98, places=3)
        self.assertAlmostEqual(peaks["bytes"], 2 * 3.201 * 6144 / 8, places=3)
        del first["peaks"]
        self.assertEqual(first, {"name": "cuda:0", "product": "Fake A", "architecture": "sm_89",
                                 "cores": 46, "memory_bytes": 1 << 34, "clock_mhz": 2475,
                                 "memory_clock_mhz": 10501, "memory_bus_bits": 192,
                                 "l2_bytes": 36 << 20})
        self.assertEqual(second, {"name": "cuda:1", "product": "Fake B", "architecture": "sm_90a",
                                  "cores": 132, "memory_bytes": 1 << 36, "clock_mhz": 1980,
                                  "memory_clock_mhz": 3201, "memory_bus_bits": 6144,
                                  "l2_bytes": 60 << 20})
        table = devices(FAKE)
        self.assertRegex(table, r"cuda:1 +Fake B +sm_90a +132 +64.0 GiB")
        self.assertIn("The NVIDIA driver runs CUDA 13.2. `cermet build --device cuda` builds for "
                      "cuda:0.\n", table)

    def test_a_call_that_fails_is_named(self):
        for call in CALLS[:CALLS.index("cuDeviceGetAttribute") + 1]:
            if call.startswith("cuGetError"):
                continue
            found = json.loads(devices(FAKE, f"{call}=999", "--json"))
            self.assertEqual(len(found["devices"]), 1, call)
            self.assertRegex(found["no_gpu"], r" failed: unknown error \(999\): no description$")

    def test_no_card(self):
        self.assertIn("starting the NVIDIA driver failed: CUDA_ERROR_NO_DEVICE (100): no "
                      "CUDA-capable device is detected", devices(FAKE, "cards=0"))
        self.assertIn("the NVIDIA driver sees no card", devices(FAKE, "cards=0,cuInit=0"))

    def test_a_driver_that_lacks_a_function(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "old.c"
            source.write_text("int cuInit(unsigned flags) { return 0; }\n")
            subprocess.run(["cc", "-shared", "-fPIC", source, "-o",
                            pathlib.Path(folder) / "libcuda.so.1"], check=True)
            self.assertIn("libcuda.so.1 has no function cuDriverGetVersion: the driver is older "
                          "than CUDA 11", devices(folder))

    def test_a_file_that_is_no_library(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "libcuda.so.1").write_text("no library")
            self.assertIn("No GPU: there is no NVIDIA driver: ", devices(folder))


if __name__ == "__main__":
    unittest.main()
