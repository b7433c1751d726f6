"""Both blocks from one base class that builds them from a table, stages as module lists, all activations in place."""

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, in_planes, planes, stride=1, downsample=None):
        super().__init__()
        self.downsample = downsample
        self.steps = len(self.shapes(in_planes, planes, stride))
        for step, (source, target, size, step_stride) in enumerate(self.shapes(in_planes, planes, stride), start=1):
            setattr(self, f"bn{step}", nn.BatchNorm2d(target))
            setattr(self, f"conv{step}", nn.Conv2d(source, target, size, step_stride, (size - 1) // 2, bias=False))

    def forward(self, x):
        out = x
        for step in range(1, self.steps + 1):
            out = getattr(self, f"bn{step}")(getattr(self, f"conv{step}")(out))
            if step < self.steps:
                out = F.relu(out, inplace=True)
        out += x if self.downsample is None else self.downsample(x)
        return F.relu_(out)


class BasicBlock(Residual):
    expansion = 1

    def shapes(self, in_planes, planes, stride):
        return (in_planes, planes, 3, stride), (planes, planes, 3, 1)


class Bottleneck(Residual):
    expansion = 4

    def shapes(self, in_planes, planes, stride):
        return (in_planes, planes, 1, 1), (planes, planes, 3, stride), (planes, 4 * planes, 1, 1)


class ResNet(nn.Module):
    def __init__(self, block, layers, num_classes=1000):
        super().__init__()
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        width = 64
        for number, count in enumerate(layers):
            stage = nn.ModuleList()
            for position in range(count):
                planes, stride, shortcut = 64 * 2**number, 2 if number and not position else 1, None
                if stride > 1 or width != planes * block.expansion:
                    shortcut = nn.Sequential(
                        nn.Conv2d(width, planes * block.expansion, 1, stride, bias=False),
                        nn.BatchNorm2d(planes * block.expansion),
                    )
                stage.append(block(width, planes, stride=stride, downsample=shortcut))
                width = planes * block.expansion
            setattr(self, f"layer{number + 1}", stage)

    def forward(self, x):
        x = F.max_pool2d(F.relu_(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in stage:
                x = block(x)
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def resnet18(num_classes=1000):
    return ResNet(BasicBlock, (2, 2, 2, 2), num_classes)


def resnet50(num_classes=1000):
    return ResNet(Bottleneck, (3, 4, 6, 3), num_classes)
