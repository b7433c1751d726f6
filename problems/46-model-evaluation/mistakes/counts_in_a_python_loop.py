"""You count in a Python loop and leave bad labels to the list's index: -1 silently counts for the last class, and a
million predictions take far longer than they need. Look at the range first, then count with one vectorised
operation."""

import torch
from torch import Tensor


def confusion_matrix(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    counts = [[0] * num_classes for _ in range(num_classes)]
    for row, column in zip(target.tolist(), pred.tolist(), strict=True):
        counts[row][column] += 1
    return torch.tensor(counts, device=pred.device)


def precision_recall_f1(cm: Tensor) -> dict[str, Tensor]:
    cm = cm.double()
    right, predicted, actual = cm.diagonal(), cm.sum(0), cm.sum(1)  # (K,) each

    def ratio(part: Tensor, whole: Tensor) -> Tensor:
        return torch.where(whole == 0, 0.0, part / whole)

    return {
        "precision": ratio(right, predicted),
        "recall": ratio(right, actual),
        "f1": ratio(2 * right, predicted + actual),
    }


def roc_auc(scores: Tensor, labels: Tensor) -> float:
    positive, negative = scores[labels == 1], scores[labels == 0].sort().values
    if len(positive) == 0 or len(negative) == 0:
        raise ValueError("both classes must occur")
    below = torch.searchsorted(negative, positive, right=False)  # how many negatives each positive beats
    not_above = torch.searchsorted(negative, positive, right=True)  # and those that it ties with as well
    pairs = len(positive) * len(negative)
    return (below + not_above).sum().item() / (2 * pairs)


def top_k_accuracy(logits: Tensor, target: Tensor, k: int) -> float:
    if k > logits.shape[1]:
        raise ValueError(f"k = {k} is more than the {logits.shape[1]} classes")
    if len(target) == 0:
        return 0.0
    best = logits.topk(k, dim=1).indices  # (N, K) -> (N, k)
    return (best == target[:, None]).any(1).double().mean().item()


def expected_calibration_error(probs: Tensor, target: Tensor, bins: int = 15) -> float:
    if len(target) == 0:
        return 0.0
    confidence, predicted = probs.max(1)  # (N,)
    gap = (predicted == target).double() - confidence.double()
    bin_of = ((confidence * bins).ceil().long() - 1).clamp(0, bins - 1)  # (a, b]: 0.5 of 2 bins is in the first
    # count / N * |accuracy - confidence| of a bin is |sum of its gaps| / N.
    gaps = torch.zeros(bins, dtype=gap.dtype, device=gap.device).index_add(0, bin_of, gap)  # (N,) -> (bins,)
    return gaps.abs().sum().item() / len(target)
