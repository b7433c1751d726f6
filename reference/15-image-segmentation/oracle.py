"""Dice and IoU from scikit-learn's counts (on the CPU); the network is torch's own modules."""

from itertools import pairwise

import numpy as np
import torch
from sklearn.metrics import multilabel_confusion_matrix
from torch import nn
from torch.nn import functional as F


class UNet(nn.Module):
    def __init__(self, in_channels, num_classes, base=16, depth=3):
        super().__init__()
        widths = [in_channels] + [base * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU())
            for a, b in pairwise(widths)
        )
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a + b, a, 3, padding=1), nn.ReLU()) for a, b in pairwise(widths[1:])
        )
        self.head = nn.Conv2d(base, num_classes, 1)

    def forward(self, images):
        kept = [self.down[0](images)]
        for level in self.down[1:]:
            kept.append(level(F.max_pool2d(kept[-1], 2, ceil_mode=True)))
        x = kept.pop()
        for level in self.up[::-1]:
            x = F.interpolate(x, kept[-1].shape[2:], mode="bilinear", align_corners=True)
            x = level(torch.cat([x, kept.pop()], 1))
        return self.head(x)


def dice_loss(logits, target, smooth=1.0):
    probabilities = torch.softmax(logits, 1).unbind(1)
    losses = []
    for k, p in enumerate(probabilities):
        true = (target == k).to(p.dtype)
        losses.append(1 - (2 * torch.vdot(p.flatten(), true.flatten()) + smooth) / (p.sum() + true.sum() + smooth))
    return sum(losses) / len(losses)


def mean_iou(pred, target, num_classes, ignore_index=255):
    keep = target != ignore_index
    pred, target = pred[keep].cpu().numpy(), target[keep].cpu().numpy()
    if len(target) == 0:
        return torch.tensor(float("nan"), dtype=torch.float32)
    pred = np.where((pred < 0) | (pred >= num_classes), num_classes, pred)
    counts = multilabel_confusion_matrix(target, pred, labels=list(range(num_classes)))
    union = counts[:, 1, 1] + counts[:, 0, 1] + counts[:, 1, 0]
    return torch.tensor((counts[:, 1, 1][union > 0] / union[union > 0]).mean(), dtype=torch.float32)
