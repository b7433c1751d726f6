import math

import torch
from torch import Tensor, nn


def bce_with_logits(
    logits: Tensor, targets: Tensor, pos_weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """Binary cross-entropy of each entry, from logits.

    logits, targets: one shape, targets between 0 and 1. pos_weight: broadcasts to the logits, multiplies the positive
    term. reduction: "mean" or "sum" over all entries, or "none". Stable for logits of +-1000. Raises ValueError when
    the shapes differ or the reduction is unknown.
    """
    raise NotImplementedError


class MultiLabelClassifier(nn.Module):
    """Linear, ReLU, linear, with the keys fc1.weight, fc1.bias, fc2.weight, fc2.bias."""

    def __init__(self, input_dim: int, hidden_dim: int, num_labels: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, input_dim). Returns the raw logits, (N, num_labels)."""
        raise NotImplementedError

    def predict(self, x: Tensor, threshold: float = 0.5) -> Tensor:
        """(N, num_labels) int64: 1 where sigmoid(logit) >= threshold, else 0. Records no graph for gradients."""
        raise NotImplementedError


def f1_scores(pred: Tensor, target: Tensor) -> dict[str, float]:
    """F1 of int64 tensors of zeros and ones, both (N, num_labels): {"micro": ..., "macro": ...}, Python floats.

    micro: of the counts over all entries. macro: the mean of the labels' F1. 0 / 0 counts as 0; N may be 0.
    """
    raise NotImplementedError


if __name__ == "__main__":
    logits, targets = torch.tensor([0.0, math.log(3)]), torch.tensor([1.0, 0.0])
    print(bce_with_logits(logits, targets))  # expected: 1.5 ln 2 = 1.0397
    print(bce_with_logits(logits, targets, pos_weight=torch.tensor(2.0)))  # expected: 2 ln 2 = 1.3863
    print(f1_scores(torch.tensor([[1, 0], [1, 1]]), torch.tensor([[1, 0], [0, 0]])))  # expected: micro 1/2, macro 1/3
