"""U-Net (Ronneberger et al., 2015), the soft Dice loss (Milletari et al., 2016) and mean intersection over union."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def two_convolutions(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class UNet(nn.Module):
    def __init__(self, in_channels: int, num_classes: int, base: int = 16, depth: int = 3):
        super().__init__()
        widths = [base * 2**level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(two_convolutions(a, b) for a, b in pairwise([in_channels, *widths]))
        self.decoder = nn.ModuleList(two_convolutions(a + b, a) for a, b in reversed([*pairwise(widths)]))
        self.head = nn.Conv2d(base, num_classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        features = [self.encoder[0](images)]
        for level in self.encoder[1:]:
            features.append(level(F.max_pool2d(features[-1], 2)))  # (N, c, h, w) -> (N, 2c, h // 2, w // 2)
        x = features.pop()
        for level in self.decoder:
            skip = features.pop()
            x = F.interpolate(x, size=skip.shape[2:])  # to the skip's size, which may be odd
            x = level(torch.cat([skip, x], 1))
        return self.head(x)  # (N, base, H, W) -> (N, num_classes, H, W)


def dice_loss(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    probabilities = logits.softmax(1)
    truth = F.one_hot(target, logits.shape[1]).movedim(-1, 1)  # (N, H, W) -> (N, K, H, W)
    overlap = (probabilities * truth).sum((0, 2, 3))  # (K,)
    total = probabilities.sum((0, 2, 3)) + truth.sum((0, 2, 3))
    return 1 - ((2 * overlap + smooth) / (total + smooth)).mean()


def mean_iou(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
    counted = target != ignore_index
    classes = torch.arange(num_classes, device=target.device)[:, None]
    predicted, true = pred[counted] == classes, target[counted] == classes  # (K, pixels)
    intersection, union = (predicted & true).sum(1), (predicted | true).sum(1)
    occurs = union > 0
    return (intersection[occurs] / union[occurs]).mean()  # of nothing: nan
