"""You return the share of right entries. Where most entries are 0, predicting nothing scores well that way; F1 does
not count right zeros at all."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def bce_with_logits(
    logits: Tensor, targets: Tensor, pos_weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    if logits.shape != targets.shape:
        raise ValueError(f"logits are {tuple(logits.shape)}, targets {tuple(targets.shape)}")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"unknown reduction {reduction!r}")
    # log(sigmoid(x)) as one function neither overflows nor has a kink at 0; 1 - sigmoid(x) = sigmoid(-x).
    present, absent = F.logsigmoid(logits), F.logsigmoid(-logits)
    if pos_weight is not None:
        present = pos_weight * present
    losses = -(targets * present + (1 - targets) * absent)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


class MultiLabelClassifier(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, num_labels: int):
        super().__init__()
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, num_labels)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.fc1(x).relu())  # (N, input_dim) -> (N, num_labels)

    @torch.no_grad()
    def predict(self, x: Tensor, threshold: float = 0.5) -> Tensor:
        return (self(x).sigmoid() >= threshold).long()


def f1_scores(pred: Tensor, target: Tensor) -> dict[str, float]:
    right = (pred == target).double()
    return {"micro": right.mean().item(), "macro": right.mean(0).mean().item()}
