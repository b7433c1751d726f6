"""Another right way: a Sequential of named modules, a shape taken from an empty forward pass, sums in closed form."""

import math
from collections import OrderedDict
from fractions import Fraction

import torch
from torch import nn


def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    covered = dilation * (kernel_size - 1) + 1
    return math.floor(Fraction(size + 2 * padding - covered, stride) + 1)


def receptive_field(layers):
    # Backwards: one pixel of the result needs s (n - 1) + k pixels where the next layer needs n.
    needed = 1
    for kernel, stride in reversed(layers):
        needed = stride * (needed - 1) + kernel
    return needed


class ConvNet(nn.Sequential):
    def __init__(self, in_channels, num_classes, image_size):
        pair = tuple(torch.as_tensor(image_size).expand(2).tolist())
        if min(pair) < 10:
            raise ValueError("the image is smaller than the receptive field")
        body = [
            ("conv1", nn.Conv2d(in_channels, 32, 3)),
            ("pool1", nn.MaxPool2d(2)),
            ("relu1", nn.ReLU(inplace=True)),
            ("conv2", nn.Conv2d(32, 64, 3)),
            ("pool2", nn.MaxPool2d(2)),
            ("relu2", nn.ReLU(inplace=True)),
            ("flatten", nn.Flatten()),
        ]
        with torch.no_grad():
            flat = nn.Sequential(OrderedDict(body))(torch.zeros(1, in_channels, *pair)).shape[1]
        head = [("fc1", nn.Linear(flat, 128)), ("relu3", nn.ReLU()), ("fc2", nn.Linear(128, num_classes))]
        super().__init__(OrderedDict(body + head))
        self.expected = pair

    def forward(self, x):
        if (x.size(2), x.size(3)) != self.expected:
            raise ValueError("wrong image size")
        return super().forward(x)
