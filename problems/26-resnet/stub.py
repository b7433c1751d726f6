from collections.abc import Sequence

import torch
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut, with the keys conv1, bn1, conv2, bn2 and, where given, downsample.

    (N, in_planes, H, W) -> (N, planes, H / stride, W / stride), rounded up. The first convolution strides.
    downsample: the module that the shortcut applies to x; None: the shortcut is x.
    """

    expansion = 1

    def __init__(self, in_planes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 around a shortcut, with the keys conv1, bn1, conv2, bn2, conv3, bn3 and, where given, downsample.

    (N, in_planes, H, W) -> (N, 4 * planes, H / stride, W / stride), rounded up. The 3x3 convolution strides.
    """

    expansion = 4

    def __init__(self, in_planes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class ResNet(nn.Module):
    """Stem conv1, bn1; stages layer1 to layer4; classifier fc.

    block: BasicBlock or Bottleneck. layers: the number of blocks of each of the four stages.
    """

    def __init__(self, block: type[BasicBlock] | type[Bottleneck], layers: Sequence[int], num_classes: int = 1000):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 3, H, W), H and W at least 32. Returns logits, (N, num_classes)."""
        raise NotImplementedError


def resnet18(num_classes: int = 1000) -> ResNet:
    """(2, 2, 2, 2) basic blocks."""
    raise NotImplementedError


def resnet50(num_classes: int = 1000) -> ResNet:
    """(3, 4, 6, 3) bottlenecks."""
    raise NotImplementedError


if __name__ == "__main__":
    net = resnet18()
    print(sum(parameter.numel() for parameter in net.parameters()))  # expected: 11689512
    print(net(torch.randn(2, 3, 64, 64)).shape)  # expected: (2, 1000)
