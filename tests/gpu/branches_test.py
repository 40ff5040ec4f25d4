#!/usr/bin/env python3
"""What running branches side by side gains on a real GPU: latency at batch 1 of networks of the
kind of Inception, of the detector and of ResNet-50, with auxiliary streams and without.

usage: branches_test.py [--folder FOLDER] [--engines FILE,..] [--loss 1.05]

Fails where a network with auxiliary streams takes more than LOSS times what it takes without.
CERMET_BIN names the folder of Cermet's command.
"""
import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import streams_test  # noqa: E402

# Filters of GoogLeNet's modules: 1x1; 3x3 behind 1x1; 5x5 behind 1x1; 1x1 behind the pooling. None:
# the image is halved.
MODULES = [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), None,
           (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
           (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), None,
           (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)]


class Network:
    """Nodes of an ONNX graph in the making, with random weights."""

    def __init__(self, divisor):
        self.divisor = divisor  # of all numbers of filters
        self.random = np.random.default_rng(1)
        self.nodes, self.constants = [], []

    def add(self, operator, *inputs, **attributes):
        from onnx import helper
        name = f"{operator}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def constant(self, values):
        from onnx import numpy_helper
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def convolution(self, x, channels, filters, kernel, stride=1):
        """The result and its channels."""
        filters = max(8, filters // self.divisor)
        shape = (filters, channels, kernel, kernel)
        weights = self.random.standard_normal(shape) * (2 / (channels * kernel * kernel)) ** 0.5
        y = self.add("Conv", x, self.constant(weights), self.constant(np.zeros(filters)),
                     pads=[kernel // 2] * 4, strides=[stride] * 2)
        return self.add("Relu", y), filters

    def pool(self, x, stride):
        return self.add("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4, strides=[stride] * 2)

    def module(self, x, channels, filters):
        towers = [self.convolution(x, channels, filters[0], 1)]
        for narrow, wide, kernel in (filters[1:3] + (3,), filters[3:5] + (5,)):
            towers.append(self.convolution(*self.convolution(x, channels, narrow, 1), wide, kernel))
        towers.append(self.convolution(self.pool(x, 1), channels, filters[5], 1))
        return (self.add("Concat", *(name for name, _ in towers), axis=1),
                sum(count for _, count in towers))


def googlenet(path, size=224, divisor=1, modules=MODULES):
    """Writes a network like GoogLeNet (Szegedy et al., 2014) for one image of `size` x `size`."""
    import onnx
    from onnx import TensorProto, helper
    net = Network(divisor)
    x, channels = net.convolution("image", 3, 64, 7, 2)
    x, channels = net.convolution(net.pool(x, 2), channels, 64, 1)
    x, channels = net.convolution(x, channels, 192, 3)
    x = net.pool(x, 2)
    for filters in modules:
        x, channels = net.module(x, channels, filters) if filters else (net.pool(x, 2), channels)
    x = net.add("Flatten", net.add("GlobalAveragePool", x))
    weights = net.constant(net.random.standard_normal((channels, 1000)) * channels ** -0.5)
    x = net.add("MatMul", x, weights)
    graph = helper.make_graph(
        net.nodes, "googlenet",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 1000])], net.constants)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(model, path)
    return path


def built(options):
    """Engines by name."""
    if options.engines:
        return {path.stem: path for path in options.engines}
    engines = {}
    for name in options.models:
        if name == "googlenet":
            model, shapes = googlenet(options.folder / "googlenet.onnx"), []
        else:
            import models_test
            case = models_test.Case(name, options.folder)
            model, shapes = case.path, ["--shapes", case.shapes(1)]
        engines[name] = options.folder / f"branches-{name}.engine"
        streams_test.cermet("build", model, "-o", engines[name], "--device", "cuda", "--fp16",
                            "--tuning-budget", options.tuning_budget, *shapes)
    return engines


def latency(engine, options, streams):
    bench = ["bench", engine, "--max-aux-streams", streams]
    bench += ["--shapes", options.shapes] if options.shapes else []
    _, median = streams_test.throughput(bench, options.folder, 1, "--device-memory")
    return median


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/gpu-models"))
    parser.add_argument("--models", type=lambda text: text.split(","),
                        default=["googlenet", "yolo", "resnet50"],
                        help="googlenet, or of bench/gpu_models.py")
    parser.add_argument("--engines", type=lambda text: [pathlib.Path(p) for p in text.split(",")],
                        help="that are built already, in place of models")
    parser.add_argument("--shapes", help="of the engines' inputs, where they leave sizes open")
    parser.add_argument("--tuning-budget", type=float, default=5)
    parser.add_argument("--loss", type=float, default=1.05,
                        help="most times the latency that auxiliary streams may cost")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, engine in built(options).items():
        alone, beside = (latency(engine, options, streams) for streams in (0, 4))
        print(f"{name}: {alone:.4f} ms in one stream, {beside:.4f} ms with up to 4 beside it: "
              f"{alone / beside:.2f} x", flush=True)
        if beside > options.loss * alone:
            failed.append(f"{name} is slower with auxiliary streams")
    print("\n".join(failed) or "ok")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
