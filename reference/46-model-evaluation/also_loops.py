"""Another right way: a loop over classes and over bins with masks, mean ranks for the AUC, sorting for top k."""

import torch


def confusion_matrix(pred, target, num_classes):
    both = torch.stack([target, pred])
    if ((both < 0) | (both >= num_classes)).any():
        raise ValueError("a label is not one of the classes")
    cells = torch.zeros(num_classes, num_classes, dtype=torch.long, device=pred.device)
    return cells.index_put_((target, pred), torch.ones_like(pred), accumulate=True)


def precision_recall_f1(cm):
    precision, recall, f1 = torch.zeros(3, len(cm), dtype=torch.float64, device=cm.device)
    for label in range(len(cm)):
        true = cm[label, label].double()
        precision[label] = true / cm[:, label].sum().clamp(min=1)
        recall[label] = true / cm[label].sum().clamp(min=1)
        if true > 0:
            f1[label] = 2 / (1 / precision[label] + 1 / recall[label])
    return {"precision": precision, "recall": recall, "f1": f1}


def roc_auc(scores, labels):
    labels = labels.bool()
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        raise ValueError("the AUC needs both classes")
    _, level, counts = scores.unique(return_inverse=True, return_counts=True)
    ranks = counts.cumsum(0) - (counts - 1) / 2  # mean rank of each level, from 1
    return (float(ranks.double()[level][labels].sum()) - positives * (positives + 1) / 2) / (positives * negatives)


def top_k_accuracy(logits, target, k):
    if k > logits.size(-1):
        raise ValueError("there are fewer than k classes")
    order = logits.argsort(dim=-1, descending=True)[:, :k]
    hits = int((order == target.unsqueeze(-1)).sum())
    return hits / max(len(target), 1)


def expected_calibration_error(probs, target, bins=15):
    total, count = 0.0, len(target)
    if count == 0:
        return total
    confidence = probs.amax(-1)
    right = (probs.argmax(-1) == target).to(probs.dtype)
    for index in range(bins):
        inside = confidence > index / bins
        if index < bins - 1:
            inside = inside & (confidence <= (index + 1) / bins)
        if inside.any():
            total += float(inside.sum() / count * (right[inside].mean() - confidence[inside].mean()).abs())
    return total
