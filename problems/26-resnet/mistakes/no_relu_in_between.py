"""You leave out the ReLUs between the block's convolutions. Two linear maps in a row are one linear map, so the block
learns little more than a single convolution."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def convolution(in_planes: int, planes: int, size: int, stride: int = 1) -> nn.Conv2d:
    # No bias: the batch norm behind it subtracts the mean and has a bias of its own.
    return nn.Conv2d(in_planes, planes, size, stride, padding=size // 2, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_planes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None):
        super().__init__()
        self.conv1 = convolution(in_planes, planes, 3, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = convolution(planes, planes, 3)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.bn1(self.conv1(x))  # (N, in_planes, H, W) -> (N, planes, H / stride, W / stride)
        out = self.bn2(self.conv2(out))
        return torch.relu(out + identity)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, in_planes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None):
        super().__init__()
        self.conv1 = convolution(in_planes, planes, 1)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = convolution(planes, planes, 3, stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = convolution(planes, planes * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.bn1(self.conv1(x))  # (N, in_planes, H, W) -> (N, planes, H, W)
        out = self.bn2(self.conv2(out))  # -> (N, planes, H / stride, W / stride)
        out = self.bn3(self.conv3(out))  # -> (N, 4 planes, H / stride, W / stride)
        return torch.relu(out + identity)


class ResNet(nn.Module):
    def __init__(self, block: type[BasicBlock] | type[Bottleneck], layers: Sequence[int], num_classes: int = 1000):
        super().__init__()
        self.conv1 = convolution(3, 64, 7, stride=2)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._stage(block, 64, 64, layers[0], stride=1)
        self.layer2 = self._stage(block, 64 * block.expansion, 128, layers[1], stride=2)
        self.layer3 = self._stage(block, 128 * block.expansion, 256, layers[2], stride=2)
        self.layer4 = self._stage(block, 256 * block.expansion, 512, layers[3], stride=2)
        self.fc = nn.Linear(512 * block.expansion, num_classes)

    @staticmethod
    def _stage(
        block: type[BasicBlock] | type[Bottleneck], in_planes: int, planes: int, count: int, stride: int
    ) -> nn.Sequential:
        out_planes = planes * block.expansion
        downsample = None
        if stride != 1 or in_planes != out_planes:  # x and the block's result differ in shape: bring x to the new one
            downsample = nn.Sequential(convolution(in_planes, out_planes, 1, stride), nn.BatchNorm2d(out_planes))
        first = block(in_planes, planes, stride, downsample)
        return nn.Sequential(first, *(block(out_planes, planes) for _ in range(count - 1)))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))  # (N, 3, H, W) -> (N, 64, H / 2, W / 2)
        x = self.maxpool(x)  # -> (N, 64, H / 4, W / 4)
        x = self.layer1(x)
        x = self.layer4(self.layer3(self.layer2(x)))  # -> (N, 512 * expansion, H / 32, W / 32)
        return self.fc(x.mean((2, 3)))  # -> (N, num_classes)


def resnet18(num_classes: int = 1000) -> ResNet:
    return ResNet(BasicBlock, [2, 2, 2, 2], num_classes)


def resnet50(num_classes: int = 1000) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 6, 3], num_classes)
