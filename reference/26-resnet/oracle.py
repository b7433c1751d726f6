"""torchvision's own blocks and networks."""

from torchvision import models
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

__all__ = ["BasicBlock", "Bottleneck", "ResNet", "resnet18", "resnet50"]


def resnet18(num_classes=1000):
    return models.resnet18(num_classes=num_classes)


def resnet50(num_classes=1000):
    return models.resnet50(num_classes=num_classes)
