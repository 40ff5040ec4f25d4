"""PyTorch's ways to run a network on a GPU, in float16, images channels last."""
import contextlib
import gc
import time

import torch

MODES = {
    "eager": "as written",
    "graph": "its launches captured once as a CUDA graph",
    "compile": 'torch.compile(mode="max-autotune")',
    "compile-quick": 'torch.compile(mode="reduce-overhead"), which takes less long',
    "compile-graph": 'torch.compile(mode="max-autotune-no-cudagraphs") in a CUDA graph of ours',
}
COMPILE_MODES = {"compile": "max-autotune", "compile-quick": "reduce-overhead",
                 "compile-graph": "max-autotune-no-cudagraphs"}
WARM_UPS = 3  # before a capture: libraries choose their kernels in the first runs


class Card:
    """The GPU: its stream, its clock, its memory."""
    pretended = False

    def __init__(self, number):
        self.device = torch.device("cuda", number)
        torch.cuda.set_device(self.device)
        self.stream = torch.cuda.Stream()
        self.half = torch.float16

    def name(self):
        return torch.cuda.get_device_name(self.device)

    def stream_handle(self):
        return self.stream.cuda_stream

    def on_stream(self):
        return torch.cuda.stream(self.stream)

    def wait(self):
        self.stream.synchronize()

    def used_bytes(self):
        """Of all programs and libraries."""
        torch.cuda.synchronize()
        free, total = torch.cuda.mem_get_info()
        return total - free

    def forget(self):
        """Gives back what PyTorch keeps for later."""
        torch.cuda.synchronize()
        gc.collect()
        torch.cuda.empty_cache()

    def between_events(self, work):
        """Milliseconds from before to after what `work` puts into the stream."""
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record(self.stream)
        work()
        end.record(self.stream)
        end.synchronize()
        return begin.elapsed_time(end)

    def capture(self, run):
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            output = run()
        return graph, output


class PretendedCard:
    """The CPU in a GPU's place, to try the benchmark itself."""
    pretended = True

    def __init__(self, _number):
        self.device = torch.device("cpu")
        self.half = torch.float32

    def name(self):
        return "no GPU: figures mean nothing"

    def stream_handle(self):
        return 0

    def on_stream(self):
        return contextlib.nullcontext()

    def wait(self):
        pass

    def used_bytes(self):
        return 0

    def forget(self):
        pass

    def between_events(self, work):
        begin = time.perf_counter()
        work()
        return 1e3 * (time.perf_counter() - begin)

    def capture(self, run):
        class Graph:
            replay = staticmethod(run)
        return Graph(), run()


def placed(tensor, card, image):
    """On the card, floats in half precision."""
    tensor = tensor.to(card.device)
    if not tensor.is_floating_point():
        return tensor
    tensor = tensor.to(card.half)
    return tensor.contiguous(memory_format=torch.channels_last) if image else tensor


class Network:
    """The module on the card in half precision, and its inputs."""

    def __init__(self, row, module, inputs, card):
        self.card = card
        self.module = module.to(card.device, card.half)
        if row.image:
            self.module = self.module.to(memory_format=torch.channels_last)
        self.inputs = [placed(value, card, row.image) for value in inputs.values()]


class Contender:
    """A mode of PyTorch: enqueue() puts a run into the card's stream, output() is its result."""

    def __init__(self, mode, network):
        self.mode, self.network, self.card = mode, network, network.card
        self.card.forget()
        used = self.card.used_bytes()
        begin = time.perf_counter()
        with self.card.on_stream(), torch.no_grad():
            self.prepare()
            self.enqueue()
            self.card.wait()
        self.prepare_seconds = time.perf_counter() - begin
        parameters = sum(tensor.nbytes for tensor in self.network.module.state_dict().values())
        # As for an engine: what the card has no more, PyTorch's stores and libraries' among it.
        self.device_bytes = max(0, self.card.used_bytes() - used) + parameters

    def prepare(self):
        module = self.network.module
        if self.mode.startswith("compile"):
            torch._dynamo.reset()
            module = torch.compile(module, mode=COMPILE_MODES[self.mode], dynamic=False)
        self.run = lambda: module(*self.network.inputs)
        for _ in range(WARM_UPS):
            self.result = self.run()
        self.card.wait()
        if self.mode.endswith("graph"):
            self.graph, self.result = self.card.capture(self.run)
            self.enqueue = self.graph.replay
        else:
            self.enqueue = self.call

    def call(self):
        self.result = self.run()

    def execute(self):
        self.enqueue()
        self.card.wait()

    def output(self):
        self.execute()
        return self.result.float().cpu()


def settle_libraries():
    """The best that PyTorch's settings give."""
    torch.backends.cudnn.benchmark = True
    import torch._inductor.config as inductor
    inductor.freezing = True  # weights are constants, so that normalisations are folded


def reference(row, module, inputs, card):
    """What the module gives in float32, without TF32, as PyTorch runs it."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    with torch.no_grad():
        module = module.to(card.device, torch.float32)
        return module(*(value.to(card.device) for value in inputs.values())).cpu()
