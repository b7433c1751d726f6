"""Another right way: fold sizes by divmod, boolean masks, plain lists of indices, statistics written out."""

import torch


def _check(n, k):
    if k < 2 or k > n:
        raise ValueError("there must be at least 2 folds and at least one sample for each")


def _without(n, validation):
    keep = torch.ones(n, dtype=torch.bool, device=validation.device)
    keep[validation] = False
    return torch.arange(n, device=validation.device)[keep]


def kfold(n, k, shuffle=True, generator=None):
    _check(n, k)
    order = torch.randperm(n, generator=generator) if shuffle else torch.arange(n)
    size, larger = divmod(n, k)
    splits, start = [], 0
    for fold in range(k):
        stop = start + size + (fold < larger)
        validation = order[start:stop]
        splits.append((_without(n, validation), validation))
        start = stop
    return splits


def stratified_kfold(labels, k, generator=None):
    _check(len(labels), k)
    folds = [[] for _ in range(k)]
    order = torch.randperm(len(labels), generator=generator).tolist()
    values = labels.tolist()
    for label in set(values):
        members = [index for index in order if values[index] == label]
        for fold in range(k):
            folds[fold] += members[fold::k]
    validations = [torch.tensor(fold, dtype=torch.int64, device=labels.device) for fold in folds]
    return [(_without(len(labels), validation), validation) for validation in validations]


def cross_validate(make_model, fit, score, inputs, targets, k, standardize=False, generator=None):
    scores = inputs.new_zeros(k)
    for fold, parts in enumerate(kfold(inputs.size(0), k, generator=generator)):
        (x, y), (x_val, y_val) = ((inputs[part], targets[part]) for part in parts)
        if standardize:
            mean = x.sum(0, keepdim=True) / len(x)
            variance = (x - mean).square().sum(0, keepdim=True) / len(x)
            std = variance.sqrt()
            std[std < 1e-8] = 1
            x, x_val = (x - mean).div(std), (x_val - mean).div(std)
        model = make_model()
        fit(model, x, y)
        scores[fold] = score(model, x_val, y_val)
    return scores
