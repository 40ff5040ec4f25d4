"""Runs cases through builds for a device, in programs that take one case after another."""
import collections
import concurrent.futures
import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import onnx

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import backend_cases  # noqa: E402

SECONDS_A_CASE = 120
EXPANDED = re.compile(r"_expanded(_ver\d+)?$")


def emulator_environment(build_dir):
    """What makes programs see the emulated GPU instead of a real one. Its work is done as late as may
    be, so that what does not wait for it is wrong."""
    fake = pathlib.Path(build_dir).resolve() / "fake_cuda"
    return {**os.environ, "FAKE_CUDA": os.environ.get("FAKE_CUDA", "late=1"),
            "LD_LIBRARY_PATH": str(fake), "CERMET_NVRTC": str(fake / "libnvrtc.so"),
            "CERMET_KERNEL_CACHE": os.environ.get("CERMET_KERNEL_CACHE", str(fake / "kernels"))}


class Program:
    """One process of build_and_run, started again when it ends."""

    def __init__(self, programs, options, environment):
        self.command = [str(programs / "test_build_and_run"), *options]
        self.environment = environment
        self.process = None

    def start(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=self.log,
                                        env=self.environment)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.communicate()
        self.process = None

    def ask(self, *words):
        """The program's answer, or one that says how it ended."""
        if self.process is None:
            self.start()
        timer = threading.Timer(SECONDS_A_CASE, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write("\t".join(map(str, words)) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("answer: "):
                    answer = json.loads(line[len("answer: "):])
                    if "CUDA_ERROR" in answer["error"]:
                        self.stop()  # after a fault a device does nothing any more
                    return answer
        except BrokenPipeError:
            pass
        finally:
            timer.cancel()
        status = self.process.wait()
        self.log.seek(0)
        text = self.log.read().decode(errors="replace")[-300:]
        self.process = None
        return {"error": f"the program ended with {status}: {text}", "remarks": [], "steps": []}


class Result:
    """What became of a case: `problem` is what is wrong, or nothing."""

    def __init__(self, answer, problem):
        self.problem = problem
        self.remarks = answer["remarks"]
        self.steps = answer.get("steps", [])
        self.on_device = sum(step["place"] == "device" for step in self.steps)

    def share(self):
        if not self.steps:
            return "no kernel"
        if self.on_device == len(self.steps):
            return "all"
        return "some" if self.on_device else "none"


def is_frozen(index, info, file, which):
    """Whether an input becomes a constant: by rank 0 and 1 (`small`), or all but the first."""
    if index == 0 or not info.type.HasField("tensor_type"):
        return False
    return which == "all" or len(onnx.TensorProto.FromString(file.read_bytes()).dims) <= 1


def frozen_case(model, data, which, scratch):
    """The model's file and its folder of inputs, with some of them constants of the model."""
    given = scratch / "given"
    given.mkdir()
    free = []
    constants = {tensor.name for tensor in model.graph.initializer}
    operands = [info for info in model.graph.input if info.name not in constants]
    for index, info in enumerate(operands):
        file = data / f"input_{index}.pb"
        if is_frozen(index, info, file, which):
            constant = onnx.TensorProto.FromString(file.read_bytes())
            constant.name = info.name
            model.graph.initializer.append(constant)
        else:
            shutil.copy(file, given / f"input_{len(free)}.pb")
            free.append(info)
    if len(free) == len(operands):
        return None
    del model.graph.input[:]
    model.graph.input.extend(free)
    model.ir_version = max(model.ir_version, 4)
    onnx.save(model, scratch / "model.onnx")
    return scratch / "model.onnx", given


def check(program, folder, judged, freeze="none", runs=True):
    """None where nothing is to be frozen."""
    with tempfile.TemporaryDirectory() as scratch:
        model = onnx.load(folder / "model.onnx")
        model_file = folder / "model.onnx"
        sets = sorted(folder.glob("test_data_set_*"))
        inputs = {data: data for data in sets}
        if freeze != "none":
            sets = sets[:1]
            frozen = frozen_case(model, sets[0], freeze, pathlib.Path(scratch))
            if frozen is None:
                return None
            model_file, inputs[sets[0]] = frozen
        pairs = [(data, pathlib.Path(scratch) / data.name) for data in sets if runs]
        answer = program.ask(model_file,
                             *(path for data, out in pairs for path in (inputs[data], out)))
        problem = answer["error"]
        for data, results in pairs if judged and not problem else []:
            want = backend_cases.load_outputs(data, model)
            got = backend_cases.load_outputs(results, model)
            problem = problem or next(filter(None, (
                backend_cases.difference(f"output {i}", w, g)
                for i, (w, g) in enumerate(zip(want, got)))), "")
        dropped = [text for text in answer["remarks"] if " is dropped: " in text]
        return Result(answer, problem or "".join(dropped))


def run_cases(cases, programs, options, environment, jobs, is_judged, freeze, seconds,
              runs=True):
    """case -> Result; `jobs` programs share the work. After so many seconds no case is begun. Without
    `runs` cases are built only."""
    deadline = time.monotonic() + seconds
    idle = queue.SimpleQueue()
    made = [Program(programs, options, environment) for _ in range(jobs)]
    for program in made:
        idle.put(program)

    def one(entry):
        case, folder = entry
        program = idle.get()
        try:
            if time.monotonic() > deadline:
                return None
            return check(program, folder, is_judged(case), freeze, runs)
        except Exception as error:  # a case that can't be judged has failed
            return Result({"remarks": []}, f"{type(error).__name__}: {error}")
        finally:
            idle.put(program)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = dict(zip((case for case, _ in cases), pool.map(one, cases)))
    for program in made:
        program.stop()
    return {case: result for case, result in results.items() if result is not None}


def print_shares(results):
    """How many cases and steps run on the device, and what the others are."""
    total = collections.Counter(result.share() for result in results.values())
    count = len(results)
    print("cases by how many of their steps with a kernel run on the device:")
    for share in ("all", "some", "none", "no kernel"):
        print(f"  {share:<10} {total[share]:>5}  {100 * total[share] / max(count, 1):5.1f} %")
    by_operator = collections.defaultdict(collections.Counter)
    for result in results.values():
        for step in result.steps:
            by_operator[step["op"]][step["place"]] += 1
    steps = sum(sum(places.values()) for places in by_operator.values())
    there = sum(places["device"] for places in by_operator.values())
    print(f"steps with a kernel: {there} of {steps} on the device; operators with others:")
    for op, places in sorted(by_operator.items(), key=lambda item: -item[1]["host"]):
        if places["host"]:
            print(f"  {op:<28} {places['device']:>4} of {sum(places.values())}")


def reasons(results):
    """reason -> cases, for steps that stayed on the host against the build's will."""
    found = collections.defaultdict(set)
    for case, result in results.items():
        for remark in result.remarks:
            for line in remark.splitlines():
                if match := re.match(r"  '.*' \((\w+)\): (.*)", line):
                    found[f"{match[1]}: {match[2]}"].add(EXPANDED.sub("", case))
    return found


def print_reasons(results):
    print("why steps stay on the host:")
    for reason, cases in sorted(reasons(results).items(), key=lambda item: -len(item[1])):
        print(f"  {len(cases):>4}  {reason}   e.g. {min(cases)}")
