#!/usr/bin/env python3
"""Exports the networks of the benchmark table to ONNX, with random weights.

usage: export_models.py FOLDER [--only NAME,NAME...]

Nothing is downloaded: time does not depend on the weights' values, so each network keeps the
initialisation that a fixed seed gives it. The batch is symbolic, every other size fixed: images are
3 x 224 x 224 (the detector's 3 x 640 x 640), text is 128 tokens long, sound 30 seconds.
"""
import argparse
import pathlib
import sys

import torch

SEED = 0
OPSET = 17
TOKENS = 128


class TextEncoder(torch.nn.Module):
    """BERT-base reduced to tensors in and a tensor out: the last hidden state."""

    def __init__(self):
        super().__init__()
        from transformers import BertConfig, BertModel
        self.bert = BertModel(BertConfig(attn_implementation="eager"))

    def forward(self, input_ids, attention_mask):
        return self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


class SpeechEncoder(torch.nn.Module):
    """Whisper's encoder in its smallest size: spectrogram in, last hidden state out."""

    def __init__(self):
        super().__init__()
        from transformers import WhisperConfig, WhisperModel
        size = WhisperConfig(d_model=384, encoder_layers=4, encoder_attention_heads=6,
                             encoder_ffn_dim=1536, decoder_layers=1, decoder_attention_heads=6,
                             decoder_ffn_dim=1536, attn_implementation="eager")
        self.encoder = WhisperModel(size).encoder

    def forward(self, spectrogram):
        return self.encoder(spectrogram).last_hidden_state


def vision_network(name):
    """A function that makes torchvision's network `name` and its example inputs."""
    def make():
        import torchvision
        network = torchvision.models.get_model(name, weights=None)
        return network, {"input": torch.rand(1, 3, 224, 224)}
    return make


def bert_base():
    shape = (1, TOKENS)
    inputs = {"input_ids": torch.randint(0, 1000, shape),
              "attention_mask": torch.ones(shape, dtype=torch.int64)}
    return TextEncoder(), inputs


def yolo_small():
    import yolo
    return yolo.Detector(), {"input": torch.rand(1, 3, yolo.IMAGE, yolo.IMAGE)}


def whisper_encoder():
    return SpeechEncoder(), {"spectrogram": torch.randn(1, 80, 3000)}


NETWORKS = {
    "mobilenet_v2": vision_network("mobilenet_v2"),
    "resnet18": vision_network("resnet18"),
    "resnet50": vision_network("resnet50"),
    "efficientnet_b0": vision_network("efficientnet_b0"),
    "vit_b_16": vision_network("vit_b_16"),
    "bert_base": bert_base,
    "convnext_tiny": vision_network("convnext_tiny"),
    "yolo_small": yolo_small,
    "whisper_encoder": whisper_encoder,
}


def vary(network):
    """Gives tensors whose elements are all equal random ones near that value.

    Untrained networks hold zeros and ones that would hide errors: ViT's last layer makes every
    result 0, and normalisations do nothing.
    """
    for tensor in network.state_dict().values():
        if tensor.is_floating_point() and torch.all(tensor == tensor.flatten()[0]):
            tensor.add_(0.05 * torch.rand_like(tensor))


def export(name, path):
    torch.manual_seed(SEED)
    network, inputs = NETWORKS[name]()
    vary(network)
    symbolic_batch = {value: {0: "batch"} for value in [*inputs, "output"]}
    torch.onnx.export(
        network.eval(), tuple(inputs.values()), str(path), dynamo=False, opset_version=OPSET,
        input_names=list(inputs), output_names=["output"], dynamic_axes=symbolic_batch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default=",".join(NETWORKS), metavar="NAME,NAME...",
                        help="of: " + ", ".join(NETWORKS))
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := [name for name in names if name not in NETWORKS]:
        sys.exit(f"--only: expected names out of {', '.join(NETWORKS)}; got {', '.join(unknown)}")

    options.folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = options.folder / f"{name}.onnx"
        export(name, path)
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
