"""You read the layers from output to input. They come from input to output: a stride matters for the layers that come
after it."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


def conv_output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    field, jump = 1, 1  # jump: how many input pixels lie between two neighbours here
    for kernel, stride in reversed(layers):
        field += (kernel - 1) * jump
        jump *= stride
    return field


def size_after_convolutions(size: int) -> int:
    for _ in range(2):
        size = conv_output_size(conv_output_size(size, 3), 2, stride=2)  # convolution, then pooling
    return size


class ConvNet(nn.Module):
    def __init__(self, in_channels: int, num_classes: int, image_size: int | tuple[int, int]):
        super().__init__()
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        rows, columns = size_after_convolutions(height), size_after_convolutions(width)
        if rows < 1 or columns < 1:
            raise ValueError(f"images of {height} x {width} are too small: both must be at least 10")
        self.image_size = (height, width)
        self.conv1 = nn.Conv2d(in_channels, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(64 * rows * columns, 128)
        self.fc2 = nn.Linear(128, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        if tuple(x.shape[2:]) != self.image_size:
            raise ValueError(f"expected images of {self.image_size}, got {tuple(x.shape[2:])}")
        x = F.max_pool2d(self.conv1(x).relu(), 2)  # (N, C, H, W) -> (N, 32, (H - 2) / 2, (W - 2) / 2)
        x = F.max_pool2d(self.conv2(x).relu(), 2)  # (N, 64, rows, columns)
        return self.fc2(self.fc1(x.flatten(1)).relu())
