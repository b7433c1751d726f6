"""Another right way: a naive Bayes classifier, which has no weights to draw; gaps are left out of its sums; JSON."""

import json
import math
import random
from pathlib import Path

import torch


def _scores(saved, x):
    rows = x.to("cpu", torch.float64)
    center, scale = (torch.tensor(saved[name], dtype=torch.float64) for name in ("center", "scale"))
    standardised = (rows - center) / scale
    means = torch.tensor(saved["means"], dtype=torch.float64)
    distances = (standardised[:, None] - means).square().nansum(-1)  # (M, classes)
    return torch.tensor(saved["prior"], dtype=torch.float64) - distances / (2 * saved["variance"])


def train_and_save(x, y, num_classes, path, seed=0):
    count = len(x)
    order = list(range(count))
    random.Random(seed).shuffle(order)
    val, train = order[: math.ceil(count / 5)], order[math.ceil(count / 5) :]
    rows, labels = x.detach().cpu().double(), y.cpu()
    known = rows[train]
    center = torch.nanmean(known, 0).nan_to_num(0)
    scale = torch.nanmean((known - center) ** 2, 0).nan_to_num(0) ** 0.5
    scale[scale < 1e-12 * (1 + center.abs())] = 1.0
    standardised = (known - center) / scale
    means, prior, residuals = [], [], []
    for label in range(num_classes):
        mine = standardised[labels[train] == label]
        mean = mine.nanmean(0).nan_to_num(0) if len(mine) else torch.zeros(x.shape[1]).double()
        means.append(mean.tolist())
        prior.append(0.0 if len(mine) else -1e9)
        residuals.append((mine - mean).flatten())
    residuals = torch.cat(residuals)
    variance = float(residuals[~residuals.isnan()].var())
    saved = {"center": center.tolist(), "scale": scale.tolist(), "means": means, "prior": prior, "variance": variance}
    Path(path).write_text(json.dumps(saved))
    right = _scores(saved, rows).argmax(1) == labels
    return {"train_accuracy": float(right[train].double().mean()), "val_accuracy": float(right[val].double().mean())}


def load_and_predict(path, x):
    return _scores(json.loads(Path(path).read_text()), x).argmax(1).to(x.device)
