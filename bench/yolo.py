"""A detector in the manner of small YOLO networks, written here for its shape and not for its skill.

A backbone of strided convolutions and cross-stage partial blocks ends in a pyramid of poolings, a
neck carries its three scales up and down again, and three heads give for each cell the distances to
a box's four sides, as distributions, and the scores of its classes. Every convolution is followed
by a normalisation and SiLU. About 3 million weights, 9 billion operations for 640 x 640 pixels.
"""
import torch
from torch import nn

IMAGE = 640
STRIDES = (8, 16, 32)
CLASSES = 80
DISTANCE_BINS = 16


def convolution(inputs, outputs, kernel=1, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
                         nn.BatchNorm2d(outputs), nn.SiLU())


class Bottleneck(nn.Module):
    def __init__(self, channels, shortcut):
        super().__init__()
        self.body = nn.Sequential(convolution(channels, channels, 3),
                                  convolution(channels, channels, 3))
        self.shortcut = shortcut

    def forward(self, x):
        return x + self.body(x) if self.shortcut else self.body(x)


class CrossStagePartial(nn.Module):
    """Half of the channels pass through bottlenecks; every intermediate result is kept."""

    def __init__(self, inputs, outputs, depth, shortcut):
        super().__init__()
        half = outputs // 2
        self.enter = convolution(inputs, outputs)
        self.blocks = nn.ModuleList(Bottleneck(half, shortcut) for _ in range(depth))
        self.leave = convolution((2 + depth) * half, outputs)

    def forward(self, x):
        kept = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            kept.append(block(kept[-1]))
        return self.leave(torch.cat(kept, 1))


class PoolingPyramid(nn.Module):
    """SPPF: the same maximum pooled once, twice and three times, side by side."""

    def __init__(self, channels):
        super().__init__()
        self.enter = convolution(channels, channels // 2)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.leave = convolution(2 * channels, channels)

    def forward(self, x):
        kept = [self.enter(x)]
        for _ in range(3):
            kept.append(self.pool(kept[-1]))
        return self.leave(torch.cat(kept, 1))


class Backbone(nn.Module):
    """Three maps of 64, 128 and 256 channels, 8, 16 and 32 pixels a cell."""

    def __init__(self):
        super().__init__()
        self.fine = nn.Sequential(
            convolution(3, 16, 3, 2), convolution(16, 32, 3, 2), CrossStagePartial(32, 32, 1, True),
            convolution(32, 64, 3, 2), CrossStagePartial(64, 64, 2, True))
        self.middle = nn.Sequential(convolution(64, 128, 3, 2), CrossStagePartial(128, 128, 2, True))
        self.coarse = nn.Sequential(convolution(128, 256, 3, 2),
                                    CrossStagePartial(256, 256, 1, True), PoolingPyramid(256))

    def forward(self, image):
        fine = self.fine(image)
        middle = self.middle(fine)
        return fine, middle, self.coarse(middle)


class Neck(nn.Module):
    """Carries what the coarse maps know up to the fine ones, and back down."""

    def __init__(self):
        super().__init__()
        self.enlarge = nn.Upsample(scale_factor=2, mode="nearest")
        self.up_middle = CrossStagePartial(256 + 128, 128, 1, False)
        self.up_fine = CrossStagePartial(128 + 64, 64, 1, False)
        self.shrink_fine = convolution(64, 64, 3, 2)
        self.down_middle = CrossStagePartial(64 + 128, 128, 1, False)
        self.shrink_middle = convolution(128, 128, 3, 2)
        self.down_coarse = CrossStagePartial(128 + 256, 256, 1, False)

    def forward(self, fine, middle, coarse):
        up = self.up_middle(torch.cat([self.enlarge(coarse), middle], 1))
        fine = self.up_fine(torch.cat([self.enlarge(up), fine], 1))
        middle = self.down_middle(torch.cat([self.shrink_fine(fine), up], 1))
        coarse = self.down_coarse(torch.cat([self.shrink_middle(middle), coarse], 1))
        return fine, middle, coarse


def head(inputs, hidden, outputs):
    return nn.Sequential(convolution(inputs, hidden, 3), convolution(hidden, hidden, 3),
                         nn.Conv2d(hidden, outputs, 1))


class Detector(nn.Module):
    """[N, 3, 640, 640] pixels to [N, 4 + 80, 8400]: centre and size of each cell's box, scores."""

    def __init__(self):
        super().__init__()
        channels = (64, 128, 256)
        self.backbone, self.neck = Backbone(), Neck()
        self.boxes = nn.ModuleList(head(c, 64, 4 * DISTANCE_BINS) for c in channels)
        self.scores = nn.ModuleList(head(c, CLASSES, CLASSES) for c in channels)
        self.register_buffer("bins", torch.arange(DISTANCE_BINS).float().view(1, 1, -1, 1))
        centres, strides = cells()
        self.register_buffer("centres", centres)
        self.register_buffer("strides", strides)

    def forward(self, image):
        maps = self.neck(*self.backbone(image))
        boxes = torch.cat([f(x).flatten(2) for f, x in zip(self.boxes, maps)], 2)
        scores = torch.cat([f(x).flatten(2) for f, x in zip(self.scores, maps)], 2)
        distributions = boxes.unflatten(1, (4, DISTANCE_BINS)).softmax(2)
        near, far = (distributions * self.bins).sum(2).chunk(2, 1)
        low, high = self.centres - near, self.centres + far
        return torch.cat([(low + high) / 2 * self.strides, (high - low) * self.strides,
                          scores.sigmoid()], 1)


def cells():
    """Centres [1, 2, 8400], in cells, and strides [1, 1, 8400] of all cells of the three maps."""
    centres, strides = [], []
    for stride in STRIDES:
        along = torch.arange(IMAGE // stride) + 0.5
        y, x = torch.meshgrid(along, along, indexing="ij")
        centres.append(torch.stack([x.flatten(), y.flatten()]))
        strides.append(torch.full((1, len(along) ** 2), float(stride)))
    return torch.cat(centres, 1)[None], torch.cat(strides, 1)[None]
