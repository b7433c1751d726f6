import torch
from torch import Tensor, nn

Size = int | tuple[int, int]  # one number for both axes, or (height, width)


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """2-D convolution as torch defines it (a cross-correlation: the kernel is not flipped), zero padding.

    x: (N, C, H, W), weight: (O, C / groups, kh, kw), bias: (O,). Returns (N, O, H', W').
    """
    raise NotImplementedError


def max_pool2d(x: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Tensor:
    """Maximum over each window. stride None: the kernel size. Padding (at most half of the kernel) never wins.

    x: (N, C, H, W). Returns (N, C, H', W').
    """
    raise NotImplementedError


class TinyCNN(nn.Module):
    """A small classifier whose forward calls conv2d and max_pool2d of this file; names and layers are yours."""

    def __init__(self, in_channels: int, num_classes: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, in_channels, H, W), any H, W >= 8. Returns logits, (N, num_classes)."""
        raise NotImplementedError


if __name__ == "__main__":
    x = torch.arange(1.0, 10.0).view(1, 1, 3, 3)
    print(conv2d(x, torch.tensor([[[[1.0, 0.0], [0.0, 2.0]]]])))  # expected: 11 14, 20 23
    print(max_pool2d(-x, 2, padding=1))  # expected: -1 -2, -4 -5
