"""Convolution as a matrix product over unfolded patches ("im2col"), max pooling over windows, and a CNN of the two."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride=1, padding=0, dilation=1, groups=1) -> Tensor:
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    out_channels, _, *kernel = weight.shape
    height, width = (
        (size + 2 * pad - step * (k - 1) - 1) // jump + 1
        for size, k, jump, pad, step in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    )
    patches = F.unfold(x, kernel, dilation, padding, stride)  # (N, C, H, W) -> (N, C kh kw, H' W')
    patches = patches.unflatten(1, (groups, -1))  # (N, G, C/G kh kw, H' W'): channels of a group are neighbours
    filters = weight.reshape(groups, out_channels // groups, -1)  # (G, O/G, C/G kh kw)
    out = (filters @ patches).reshape(len(x), out_channels, height, width)
    return out if bias is None else out + bias.view(-1, 1, 1)


def max_pool2d(x: Tensor, kernel_size, stride=None, padding=0) -> Tensor:
    kernel, pad = pair(kernel_size), pair(padding)
    stride = kernel if stride is None else pair(stride)
    x = F.pad(x, (pad[1], pad[1], pad[0], pad[0]), value=-math.inf)  # F.pad starts with the last dimension
    windows = x.unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1])  # (N, C, H', W', kh, kw)
    return windows.amax((-2, -1))


class Convolution(nn.Module):
    """A 3x3 convolution that keeps the size, with He's initialisation."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.weight = nn.Parameter(nn.init.kaiming_normal_(torch.empty(out_channels, in_channels, 3, 3)))
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.bias, padding=1)


class TinyCNN(nn.Module):
    def __init__(self, in_channels: int, num_classes: int):
        super().__init__()
        self.first, self.second = Convolution(in_channels, 16), Convolution(16, 32)
        self.head = nn.Linear(32, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = max_pool2d(self.first(x).relu(), 2)  # (N, 16, H/2, W/2)
        x = max_pool2d(self.second(x).relu(), 2)  # (N, 32, H/4, W/4)
        return self.head(x.mean((2, 3)))  # the mean over all places fits images of any size
