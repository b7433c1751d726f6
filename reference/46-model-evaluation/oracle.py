"""scikit-learn's measures; calibration sample by sample in plain Python."""

import math

import numpy as np
import torch
from sklearn import metrics


def numpy(tensor):
    return tensor.detach().cpu().numpy()


def confusion_matrix(pred, target, num_classes):
    labels = list(range(num_classes))
    if not set(pred.tolist() + target.tolist()) <= set(labels):
        raise ValueError("a label is not one of the classes")
    if len(pred) == 0:
        return torch.zeros(num_classes, num_classes, dtype=torch.int64, device=pred.device)
    cm = metrics.confusion_matrix(numpy(target), numpy(pred), labels=labels)
    return torch.from_numpy(cm.astype(np.int64)).to(pred.device)


def precision_recall_f1(cm):
    target, pred = np.indices(tuple(cm.shape)).reshape(2, -1)
    if int(cm.sum()) == 0:
        scores = np.zeros((3, len(cm)))
    else:
        weights = numpy(cm).reshape(-1).astype(np.float64)
        scores = metrics.precision_recall_fscore_support(
            target, pred, labels=range(len(cm)), sample_weight=weights, zero_division=0
        )[:3]
    values = [torch.as_tensor(np.asarray(score, dtype=np.float64), device=cm.device) for score in scores]
    return dict(zip(("precision", "recall", "f1"), values, strict=True))


def roc_auc(scores, labels):
    if len(set(labels.int().tolist())) < 2:
        raise ValueError("both classes must occur")
    values = scores.double()
    finite = values[values.isfinite()]
    ends = (finite.min() - 1, finite.max() + 1) if len(finite) else (values.new_zeros(()), values.new_ones(()))
    values = torch.where(values == math.inf, ends[1], torch.where(values == -math.inf, ends[0], values))
    return float(metrics.roc_auc_score(numpy(labels).astype(int), numpy(values)))


def top_k_accuracy(logits, target, k):
    classes = logits.shape[1]
    if k > classes:
        raise ValueError("k is too large")
    if len(target) == 0:
        return 0.0
    if k == classes:
        return 1.0
    if classes == 2:
        return float(metrics.accuracy_score(numpy(target), numpy(logits.argmax(1))))
    return float(metrics.top_k_accuracy_score(numpy(target), numpy(logits), k=k, labels=range(classes)))


def expected_calibration_error(probs, target, bins=15):
    members = [[] for _ in range(bins)]
    for row, label in zip(probs.tolist(), target.tolist(), strict=True):
        confidence = max(row)
        members[min(bins, math.ceil(confidence * bins)) - 1].append((row.index(confidence) == label, confidence))
    gaps = (abs(sum(right - confidence for right, confidence in inside)) for inside in members)
    return float(sum(gaps) / max(len(target), 1))
