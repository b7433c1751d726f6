"""torch's own convolution and pooling."""

import torch
import torch.nn.functional as F
from torch import nn


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(x, weight, bias, stride, padding, dilation, groups)


def max_pool2d(x, kernel_size, stride=None, padding=0):
    return F.max_pool2d(x, kernel_size, stride, padding)


class TinyCNN(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.first, self.second = nn.Conv2d(in_channels, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
        self.head = nn.Linear(32, num_classes)

    def forward(self, x):
        for layer in (self.first, self.second):
            x = max_pool2d(torch.relu(conv2d(x, layer.weight, layer.bias, padding=1)), 2)
        return self.head(x.mean((2, 3)))
