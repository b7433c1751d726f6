"""torch's own loss, scikit-learn's F1."""

import torch
import torch.nn.functional as F
from sklearn.metrics import f1_score
from torch import nn


def bce_with_logits(logits, targets, pos_weight=None, reduction="mean"):
    return F.binary_cross_entropy_with_logits(logits, targets, pos_weight=pos_weight, reduction=reduction)


class MultiLabelClassifier(nn.Module):
    def __init__(self, input_dim, hidden_dim, num_labels):
        super().__init__()
        self.fc1, self.relu, self.fc2 = nn.Linear(input_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, num_labels)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(x)))

    def predict(self, x, threshold=0.5):
        with torch.no_grad():
            return self(x).sigmoid().ge(threshold).to(torch.int64)


def f1_scores(pred, target):
    if not len(pred):
        return {"micro": 0.0, "macro": 0.0}  # scikit-learn refuses empty arrays
    # A column of zeros, cut off again, keeps scikit-learn from taking a single label for classes 0 and 1.
    pred, target = (F.pad(labels, (0, 1)).cpu().numpy() for labels in (pred, target))
    scores = f1_score(target, pred, average=None, zero_division=0)
    return {"micro": f1_score(target, pred, average="micro", zero_division=0), "macro": scores[:-1].mean()}
