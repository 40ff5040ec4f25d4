#!/usr/bin/env python3
"""Trains the example's digit classifier and exports it to ONNX.

usage: train.py [--output FOLDER]     (FOLDER: where the files go, default: beside this script)

Writes digits.onnx, test_images.npy (float32, N x 1 x 8 x 8, raw pixels 0 to 16) and
test_labels.npy (int64, N). Every random choice follows SEED and the work runs on one thread, so a
second run on the same machine with the same packages writes the same bytes.
"""
import argparse
import pathlib
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

SEED = 7
EPOCHS = 40
BATCH = 64
OPSET = 17
PIXEL_MAX = 16.0


class DigitNet(nn.Module):
    """Two convolutions and two dense layers; takes raw pixels and returns ten logits an image."""

    def __init__(self, pixel_mean, pixel_deviation):
        super().__init__()
        self.mean, self.deviation = pixel_mean, pixel_deviation
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(),
            nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(64 * 4 * 4, 128), nn.ReLU(), nn.Dropout(0.4),
            nn.Linear(128, 10))

    def forward(self, pixels):
        return self.layers((pixels - self.mean) / self.deviation)


def fix_randomness():
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def load_split():
    """Images (N x 1 x 8 x 8, raw pixels) and labels: training, then held out, one in five."""
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    assert images.min() == 0 and images.max() == PIXEL_MAX
    return train_test_split(images, labels, test_size=0.2, random_state=SEED, stratify=labels)


def shifted(images):
    """Each image moved by up to a pixel in each direction, empty pixels entering at the border."""
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    down, right = torch.randint(0, 3, (2, len(images)))
    rows = down[:, None] + torch.arange(8)
    columns = right[:, None] + torch.arange(8)
    which = torch.arange(len(images))[:, None, None]
    return padded[which, 0, rows[:, :, None], columns[:, None, :]][:, None]


def train(model, images, labels):
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    steps = EPOCHS * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    model.train()
    for epoch in range(EPOCHS):
        total = 0.0
        for chosen in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(shifted(images[chosen])), labels[chosen])
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: mean loss {total / len(images):.4f}")


def count_correct(model, images, labels):
    model.eval()
    with torch.no_grad():
        return int((model(images).argmax(dim=1) == labels).sum())


def export(model, path):
    model.eval()
    torch.onnx.export(
        model, (torch.zeros(1, 1, 8, 8),), str(path), dynamo=False, opset_version=OPSET,
        input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)

    fix_randomness()
    train_images, test_images, train_labels, test_labels = load_split()
    model = DigitNet(float(train_images.mean()), float(train_images.std()))
    train(model, torch.from_numpy(train_images), torch.from_numpy(train_labels))
    correct = count_correct(model, torch.from_numpy(test_images), torch.from_numpy(test_labels))
    share = 100 * correct / len(test_labels)
    print(f"held out: {correct} of {len(test_labels)} right ({share:.2f} %)")

    export(model, folder / "digits.onnx")
    np.save(folder / "test_images.npy", test_images)
    np.save(folder / "test_labels.npy", test_labels)


if __name__ == "__main__":
    main()
