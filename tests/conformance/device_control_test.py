"""Models in which steps of the host and of the GPU take turns: control flow, sizes that depend on
data, strings and sequences, empty tensors, views. Each is built for the emulated GPU, whose work is
done as late as may be, and compared with ONNX Runtime.

usage: device_control_test.py [--build-dir DIR] [--only REGEX] [--device cuda]

With --device the machine's own GPU is taken. Exit status 77: onnx or ONNX Runtime is
missing.
"""
import argparse
import os
import pathlib
import re
import sys
import tempfile

try:
    import numpy as np
    import onnx
    from onnx import numpy_helper
    import onnxruntime
    import backend_cases
    import device_cases
except ImportError as error:
    print(f"skipped: {error}. ./x setup installs what the tests need")
    sys.exit(77)

# Name -> main graph, in ONNX's text. Sizes are symbols, so that none is known when it is built.
MODELS = {
    # Branches read values of the device that were made outside, and one gives such a value itself.
    "branches": """
      (float[n, 6] x, float threshold) => (float[n, 6] y, float[n, 6] kept, float[n, 6] z) {
        kept = Exp(x)
        total = ReduceSum<keepdims = 0>(kept)
        on = Greater(total, threshold)
        y = If (on) <then_branch = large () => (float[n, 6] a) {
          t = Tanh(kept)
          a = Mul(t, x)
        }, else_branch = small () => (float[n, 6] b) {
          b = Identity(kept)
        }>
        one = Constant<value = float {1}>()
        s = Sub(y, one)
        z = Softmax<axis = 1>(s)
      }""",
    # What the body reads from outside is read again by each iteration, after the body's own values
    # have come and gone.
    "loop": """
      (float[n, n] x, float[n, n] w, int64 trips) => (float[n, n] last, float[t, n] sums) {
        yes = Constant<value = bool {1}>()
        outside = Sin(w)
        before = Add(outside, x)
        last, sums = Loop(trips, yes, before) <body = turn
          (int64 i, bool on, float[n, n] state) => (bool still, float[n, n] next, float[n] row) {
          still = Identity(on)
          product = MatMul(state, outside)
          bounded = Tanh(product)
          again = MatMul(bounded, w)
          other = Softmax<axis = 0>(again)
          turned = Transpose<perm = [1, 0]>(other)
          both = MatMul(turned, other)
          third = Softmax<axis = 1>(both)
          sum = MatMul(third, both)
          more = MatMul(sum, turned)
          number = Cast<to = 1>(i)
          moved = Add(more, number)
          next = Tanh(moved)
          axis = Constant<value = int64[1] {1}>()
          row = ReduceMean<keepdims = 0>(next, axis)
        }>
      }""",
    # The device's copy of w is the largest value, and the body's small ones would fit into it.
    "fixed loop": """
      (float[4, 5] x, float[5, 40] w, int64 trips) => (float[4, 5] last, float[4, 40] outside) {
        yes = Constant<value = bool {1}>()
        outside = MatMul(x, w)
        last = Loop(trips, yes, x) <body = turn
          (int64 i, bool on, float[4, 5] state) => (bool still, float[4, 5] next) {
          still = Identity(on)
          wide = MatMul(state, w)
          axis = Constant<value = int64[1] {1}>()
          row = ReduceSum(wide, axis)
          whole = Transpose<perm = [1, 0]>(row)
          a = ReduceMax(whole, axis)
          next = Mul(state, a)
        }>
      }""",
    # The loop ends by a number that the device computes.
    "until": """
      (float[n] x, float limit) => (float[n] y, int64 count) {
        yes = Constant<value = bool {1}>()
        most = Constant<value = int64 {50}>()
        zero = Constant<value = int64 {0}>()
        y, count = Loop(most, yes, x, zero) <body = turn
          (int64 i, bool on, float[n] state, int64 c) => (bool go, float[n] next, int64 more) {
          two = Constant<value = float {2}>()
          next = Mul(state, two)
          sum = ReduceSum<keepdims = 0>(next)
          go = Less(sum, limit)
          one = Constant<value = int64 {1}>()
          more = Add(c, one)
        }>
      }""",
    "nested": """
      (float[n, 4] x, int64 trips) => (float[m, 4] grown, float[t] totals) {
        yes = Constant<value = bool {1}>()
        base = Exp(x)
        grown, totals = Loop(trips, yes, x) <body = outer
          (int64 i, bool on, float[k, 4] state) => (bool still, float[l, 4] next, float total) {
          still = Identity(on)
          two = Constant<value = int64 {2}>()
          zero = Constant<value = int64 {0}>()
          rest = Mod(i, two)
          even = Equal(rest, zero)
          next = If(even) <then_branch = longer () => (float[a, 4] joined) {
            joined = Concat<axis = 0>(state, base)
          }, else_branch = folded () => (float[b, 4] last) {
            always = Constant<value = bool {1}>()
            three = Constant<value = int64 {3}>()
            last = Loop(three, always, state) <body = inner
              (int64 j, bool go, float[c, 4] s) => (bool goes, float[c, 4] t) {
              goes = Identity(go)
              half = Constant<value = float {0.5}>()
              u = Mul(s, half)
              t = Tanh(u)
            }>
          }>
          total = ReduceSum<keepdims = 0>(next)
        }>
      }""",
    "scan": """
      (float[n, 3] start, float[t, n, 3] x, float[3, 3] w) => (float[n, 3] end, float[t, n, 3] all) {
        turned = Transpose<perm = [1, 0]>(w)
        end, all = Scan<num_scan_inputs = 1, body = turn
          (float[n, 3] state, float[n, 3] item) => (float[n, 3] next, float[n, 3] out) {
          a = MatMul(state, turned)
          b = Add(a, item)
          next = Tanh(b)
          out = Mul(next, next)
        }>(start, x)
      }""",
    # How many rows are positive is known when the first of these steps has run.
    "picked": """
      (float[n, 6] x) => (float[2, m, 3] y, float[6] sums, float[n, 6] e) {
        e = Exp(x)
        starts = Constant<value = int64[1] {0}>()
        ends = Constant<value = int64[1] {1}>()
        axes = Constant<value = int64[1] {1}>()
        first = Slice(x, starts, ends, axes)
        flat = Squeeze(first, axes)
        zero = Constant<value = float {0}>()
        positive = Greater(flat, zero)
        where = NonZero(positive)
        index = Squeeze(where, starts)
        rows = Gather<axis = 0>(e, index)
        shape = Constant<value = int64[3] {-1, 2, 3}>()
        cut = Reshape(rows, shape)
        turned = Transpose<perm = [1, 0, 2]>(cut)
        y = Sqrt(turned)
        sums = ReduceSum<keepdims = 0>(rows, starts)
      }""",
    # Inputs that host and device read, and that are results too.
    "shared": """
      (float[n, 3] x, int64[k] i) => (float[n, 3] same, float[n, 3] y, int64[2, m] w, int64[k] j,
                                      float[n, 3] y2) {
        same = Identity(x)
        y = Relu(x)
        w = NonZero(y)
        one = Constant<value = int64[1] {1}>()
        j = Add(i, one)
        y2 = Identity(y)
      }""",
    # Parts of a buffer that do not begin at whole vectors, and results side by side.
    "views": """
      (float[n, 3] x) => (float[a, 3] low, float[b, 3] high, float[m, 3] joined) {
        e = Exp(x)
        sizes = Constant<value = int64[2] {1, 4}>()
        first, second = Split<axis = 0>(e, sizes)
        low = Sqrt(first)
        high = Log(second)
        t = Tanh(second)
        joined = Concat<axis = 0>(low, t, x)
      }""",
    # How many are left is known when they are sorted; nothing is left of nothing.
    "distinct": """
      (float[n, 3] x, int64[m] i) => (float[a] y, int64[a] first, int64[p] group, int64[a] count,
                                      int64[b] z, int64[m] of, float[a] sines) {
        y, first, group, count = Unique(x)
        z, other, of = Unique(i)
        sines = Sin(y)
      }""",
    "sequences": """
      (float[n, 3] x, string[2] words) => (float[m, 3] y, string[2] twice, float[n, 3] z) {
        e = Exp(x)
        s = SequenceConstruct(e, x, e)
        at = Constant<value = int64 {1}>()
        item = SequenceAt(s, at)
        t = Tanh(item)
        longer = SequenceInsert(s, t)
        y = ConcatFromSequence<axis = 0>(longer)
        z = Mul(t, e)
        twice = StringConcat(words, words)
      }""",
}


def floats(*shape):
    return np.random.default_rng(sum(shape) + len(shape)).standard_normal(shape).astype(np.float32)


SCALAR = np.array
INPUTS = {
    "branches": [[floats(4, 6), SCALAR(0, np.float32)], [floats(2, 6), SCALAR(1e6, np.float32)]],
    "loop": [[floats(5, 5), floats(5, 5), SCALAR(trips)] for trips in (0, 1, 4)],
    "fixed loop": [[floats(4, 5), floats(5, 40), SCALAR(trips)] for trips in (0, 1, 4)],
    "until": [[np.abs(floats(7)), SCALAR(limit, np.float32)] for limit in (100, 1e9)],
    "nested": [[floats(3, 4), SCALAR(trips)] for trips in (1, 2, 5)],
    "scan": [[floats(2, 3), floats(trips, 2, 3), floats(3, 3)] for trips in (1, 6)],
    "picked": [[floats(9, 6)], [-np.abs(floats(4, 6))], [floats(0, 6)]],
    "shared": [[floats(4, 3), np.arange(10)], [floats(0, 3), np.arange(2)]],
    "views": [[floats(5, 3)]],
    "distinct": [[np.round(floats(40, 3)), np.arange(3000) * 7919 % 1000 - 500],
                 [np.array([[0, -0.0, 1]], np.float32), np.arange(9) * 0 + 4],
                 [floats(0, 3), np.arange(0)]],
    "sequences": [[floats(2, 3), np.array(["a", "b"], object)]],
}


def model_of(name):
    return onnx.parser.parse_model(
        f'<ir_version: 9, opset_import: ["" : 20]> {name.replace(" ", "_")} '
        f'{MODELS[name].strip()}')


def of_no_slice(want, got):
    """Of slices that no iteration made ONNX Runtime takes sizes for 0 that the inputs tell."""
    return (want.ndim == got.ndim and want.ndim > 1 and want.shape[0] == got.shape[0] == 0
            and want.dtype == got.dtype)


def check(name, program, scratch):
    model = model_of(name)
    file = scratch / f"{name}.onnx"
    onnx.save(model, file)
    pairs, wanted = [], []
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level, quiet.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(str(file), quiet, providers=["CPUExecutionProvider"])
    for k, inputs in enumerate(INPUTS[name]):
        given = scratch / f"{name}-{k}"
        given.mkdir()
        for i, array in enumerate(inputs):
            (given / f"input_{i}.pb").write_bytes(
                numpy_helper.from_array(array).SerializeToString())
        pairs += [given, given / "out"]
        names = [value.name for value in model.graph.input]
        wanted.append(session.run(None, dict(zip(names, inputs))))
    answer = program.ask(file, *pairs)
    if answer["error"]:
        return answer["error"], answer
    for k, want in enumerate(wanted):
        got = backend_cases.load_outputs(pairs[2 * k + 1], model)
        for i, (w, g) in enumerate(zip(want, got)):
            w = np.asarray(w)
            if of_no_slice(w, g):
                continue
            if text := backend_cases.difference(f"run {k}, output {i}", w, g):
                return text, answer
    return "", answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", default=os.environ.get("CERMET_BUILD_DIR", "build/release"))
    parser.add_argument("--only", default="", metavar="REGEX")
    parser.add_argument("--device", default="", help="a real GPU")
    parser.add_argument("--table", action="store_true", help="say why steps stay on the host")
    options = parser.parse_args()
    environment, flags = None, ["--device", options.device]
    if not options.device:
        environment = device_cases.emulator_environment(options.build_dir)
        flags = ["--device", "cuda", "--arch", "sm_89"]
    program = device_cases.Program(pathlib.Path(options.build_dir).resolve() / "bin", flags,
                                   environment)
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name in MODELS:
            if not re.search(options.only, name):
                continue
            problem, answer = check(name, program, pathlib.Path(scratch))
            steps = answer.get("steps", [])
            there = sum(step["place"] == "device" for step in steps)
            failures += bool(problem)
            if options.table:
                print("\n".join(answer["remarks"]))
            print(f"{'FAILED ' if problem else ''}{name}: {there} of {len(steps)} steps on the "
                  f"device{': ' if problem else ''}{problem}")
    program.stop()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
