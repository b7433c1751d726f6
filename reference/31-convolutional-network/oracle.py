"""Sizes and receptive fields measured on torch's own convolutions."""

import torch
import torch.nn.functional as F
from torch import nn


def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    # Where torch has no result: a longer signal, and as many results fewer as it is longer in strides.
    more = max(0, -(-(dilation * (kernel_size - 1) + 1 - size - 2 * padding) // stride))
    signal = torch.zeros(1, 1, size + more * stride)
    return F.conv1d(signal, torch.zeros(1, 1, kernel_size), None, stride, padding, dilation).shape[-1] - more


def receptive_field(layers):
    size = 1
    for kernel, stride in reversed(layers):
        size = (size - 1) * stride + kernel
    signal = torch.zeros(1, 1, size + 4, requires_grad=True)
    x = signal
    for kernel, stride in layers:
        x = F.conv1d(x, torch.ones(1, 1, kernel), stride=stride)
    x[..., 0].sum().backward()
    seen = signal.grad.flatten().nonzero()
    return int(seen.max() - seen.min()) + 1


class ConvNet(nn.Module):
    def __init__(self, in_channels, num_classes, image_size):
        super().__init__()
        size = torch.Size((image_size, image_size) if isinstance(image_size, int) else image_size)
        self.conv1, self.conv2 = nn.LazyConv2d(32, 3), nn.LazyConv2d(64, 3)
        self.fc1, self.fc2 = nn.LazyLinear(128), nn.LazyLinear(num_classes)
        self.size = size
        if min(size) < 10:
            raise ValueError("too small")
        self(torch.zeros(1, in_channels, *size))

    def forward(self, x):
        if x.shape[2:] != self.size:
            raise ValueError("another size")
        for layer in (self.conv1, self.conv2):
            x = F.relu(F.max_pool2d(layer(x), 2))
        return self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))
