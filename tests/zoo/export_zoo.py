#!/usr/bin/env python3
"""Exports many networks of torchvision, timm and transformers to ONNX, random weights, small sizes.

usage: export_zoo.py FOLDER [--only REGEX] [--exporters script,dynamo] [--again]

Nothing is downloaded. Each NETWORK.EXPORTER.onnx comes with an .npz of inputs; networks that the
exporter itself refuses are listed and left out. compare_zoo.py runs what lies in the folder.
"""
import argparse
import contextlib
import logging
import os
import pathlib
import re
import sys
import time
import traceback
import warnings

try:
    import numpy as np
    import torch
    import quantised_networks
    import sequence_networks
    import vision_networks
except ImportError as error:
    print(f"skipped: {error}. The zoo needs torch, torchvision, timm, transformers, onnxscript and "
          "onnxruntime")
    sys.exit(77)

SEED = 7


def shake(module):
    """Statistics, biases and the like start at 0 or 1, which would hide mistakes."""
    for part in module.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) and part.running_var is not None:
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
    with torch.no_grad():
        for name, value in module.named_parameters():
            if value.ndim < 2 and value.is_floating_point():
                value.add_(0.05 * torch.randn_like(value))


def export(network, exporter, path):
    torch.manual_seed(SEED)
    module, inputs = network.make()
    module = module.eval()
    shake(module)
    names, values = list(inputs), tuple(inputs.values())
    if hasattr(module, "calibrate"):
        module.calibrate(*values)
    if exporter == "script":
        torch.onnx.export(module, values, str(path), dynamo=False, opset_version=network.opset,
                          input_names=names, dynamic_axes=network.symbolic or None)
    else:
        torch.onnx.export(module, values, str(path), dynamo=True, input_names=names,
                          external_data=False, verbose=False)
    np.savez(path.with_suffix(".npz"), **{name: value.numpy() for name, value in inputs.items()})


@contextlib.contextmanager
def silence(wanted):
    """Keeps what libraries print, in Python or not, from both streams."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = [os.dup(stream) for stream in (1, 2)]
    with open(os.devnull, "w", encoding="utf-8") as nothing:
        for stream in (1, 2):
            os.dup2(nothing.fileno(), stream)
        try:
            yield
        finally:
            sys.stdout.flush()
            for stream, copy in zip((1, 2), kept):
                os.dup2(copy, stream)
                os.close(copy)


def attempt(label, path, work, options):
    """Runs work() unless the file is there; its reason to fail is printed in one line."""
    if path.exists() and not options.again or not re.search(options.only, label):
        return
    begin = time.monotonic()
    try:
        with silence(not options.verbose):
            work()
        print(f"{label}: {path.stat().st_size / 1e6:.1f} MB, {time.monotonic() - begin:.0f} s",
              flush=True)
    except Exception as error:
        path.unlink(missing_ok=True)
        if options.verbose:
            traceback.print_exc()
        lines = str(error).strip().splitlines() or [""]
        print(f"{label}: not exported: {type(error).__name__}: {lines[0][:200]}", flush=True)


def export_all(options):
    for network in vision_networks.NETWORKS + sequence_networks.NETWORKS:
        for exporter in network.exporters:
            if exporter in options.exporters.split(","):
                label = f"{network.name}.{exporter}"
                path = options.folder / f"{label}.onnx"
                attempt(label, path, lambda: export(network, exporter, path), options)


def quantise_all(options):
    for source, forms in quantised_networks.SOURCES.items():
        source = options.folder / f"{source}.onnx"
        for form in forms if source.exists() else ():
            path = options.folder / f"{source.stem}.{form}.onnx"
            inputs = dict(np.load(source.with_suffix(".npz")))

            def work():
                quantised_networks.quantise(form, source, path, inputs)
                np.savez(path.with_suffix(".npz"), **inputs)
            attempt(path.stem, path, work, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="", metavar="REGEX", help="of NETWORK.EXPORTER[.FORM]")
    parser.add_argument("--exporters", default="script,dynamo")
    parser.add_argument("--again", action="store_true", help="export what is already there too")
    parser.add_argument("--verbose", action="store_true",
                        help="print where an export failed, and what libraries print")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    options.folder.mkdir(parents=True, exist_ok=True)
    export_all(options)
    quantise_all(options)


if __name__ == "__main__":
    main()
