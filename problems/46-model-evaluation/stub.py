import torch
from torch import Tensor


def confusion_matrix(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """How often each class was predicted for each class: (K, K) int64, row: target, column: prediction.

    pred, target: (N,) int64. Raises ValueError when a label is not one of 0 to K - 1.
    """
    raise NotImplementedError


def precision_recall_f1(cm: Tensor) -> dict[str, Tensor]:
    """Of each class: "precision", "recall" and "f1", (K,) float64; 0 / 0 is 0.

    cm: (K, K) int64, a confusion matrix, row: target.
    """
    raise NotImplementedError


def roc_auc(scores: Tensor, labels: Tensor) -> float:
    """The area under the ROC curve: the share of pairs of a positive and a negative in the right order, ties half.

    scores: (N,); labels: (N,), bool or 0 and 1. Raises ValueError when only one class occurs, or none.
    """
    raise NotImplementedError


def top_k_accuracy(logits: Tensor, target: Tensor, k: int) -> float:
    """The share of samples whose class is among the k highest logits; 0 without samples.

    logits: (N, K); target: (N,) int64. Raises ValueError when k > K.
    """
    raise NotImplementedError


def expected_calibration_error(probs: Tensor, target: Tensor, bins: int = 15) -> float:
    """The mean of |accuracy - confidence| over equal-width bins (a, b], weighted by their samples; 0 without samples.

    probs: (N, K), rows of probabilities; target: (N,) int64. A confidence above 1 by rounding is in the last bin.
    """
    raise NotImplementedError


if __name__ == "__main__":
    pred, target = torch.tensor([0, 1, 1, 2]), torch.tensor([0, 0, 1, 1])
    print(confusion_matrix(pred, target, 3))  # expected: [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    print(roc_auc(torch.tensor([0.1, 0.4, 0.4, 0.8]), torch.tensor([0, 0, 1, 1])))  # expected: 0.875
    probs = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    print(expected_calibration_error(probs, torch.tensor([0, 1, 1]), bins=2))  # expected: 0.1333
