"""The networks of the benchmark on GPUs: PyTorch modules, example inputs, and their ONNX files."""
import pathlib

import torch

from export_models import OPSET, SEED, TOKENS, vary


NEWER_OPSET = 18  # the oldest of the newer exporter


class Row:
    """A network; `make` gives the module, `inputs` the tensors of a batch by name."""

    def __init__(self, title, make, inputs, image):
        self.title, self.make, self.inputs, self.image = title, make, inputs, image

    def module(self):
        torch.manual_seed(SEED)
        network = self.make().eval()
        with torch.no_grad():
            vary(network)
        return network


def vision(title, name):
    def make():
        import torchvision
        return torchvision.models.get_model(name, weights=None)
    return Row(title, make, lambda batch: {"input": torch.rand(batch, 3, 224, 224)}, image=True)


def bert():
    def make():
        import bert
        return bert.Encoder()

    def inputs(batch):
        return {"input_ids": torch.randint(0, 1000, (batch, TOKENS)),
                "attention_mask": torch.ones(batch, TOKENS, dtype=torch.int64)}
    return Row(f"BERT-base S{TOKENS}", make, inputs, image=False)


def detector():
    def make():
        import yolo
        return yolo.Detector()
    return Row("YOLO-style detector", make, lambda batch: {"input": torch.rand(batch, 3, 640, 640)},
               image=True)


ROWS = {
    "resnet50": vision("ResNet-50", "resnet50"),
    "mobilenet_v2": vision("MobileNetV2", "mobilenet_v2"),
    "efficientnet_b0": vision("EfficientNet-B0", "efficientnet_b0"),
    "vit_b_16": vision("ViT-B/16", "vit_b_16"),
    "bert_base": bert(),
    "yolo": detector(),
}


def export(row, module, path):
    """Writes the module, on the CPU in float32, with a symbolic batch.

    By tracing, or where the PyTorch at hand can't any more, by its newer exporter.
    """
    path = pathlib.Path(path)
    torch.manual_seed(SEED)
    inputs = row.inputs(2)
    arguments = dict(input_names=list(inputs), output_names=["output"], opset_version=OPSET,
                     dynamic_axes={name: {0: "batch"} for name in [*inputs, "output"]})
    unfinished = path.with_suffix(".unfinished")
    try:
        torch.onnx.export(module, tuple(inputs.values()), str(unfinished), dynamo=False,
                          **arguments)
    except Exception as error:
        print(f"{path.name}: tracing failed: {error}", flush=True)
        arguments["opset_version"] = NEWER_OPSET
        torch.onnx.export(module, tuple(inputs.values()), str(unfinished), dynamo=True,
                          external_data=False, **arguments)
    unfinished.rename(path)
