"""Another right way: random keys and sorting, fold numbers for every sample, one pass over all classes at once."""

import torch


def _splits(fold_of, k):
    everyone = torch.arange(len(fold_of), device=fold_of.device)
    return [(everyone[fold_of != fold], everyone[fold_of == fold]) for fold in range(k)]


def kfold(n, k, shuffle=True, generator=None):
    if k not in range(2, n + 1):
        raise ValueError(f"cannot split {n} samples into {k} folds")
    fold_of = (torch.arange(n) % k).sort().values
    if shuffle:
        fold_of = fold_of[torch.rand(n, generator=generator, dtype=torch.float64).argsort()]
    return _splits(fold_of, k)


def stratified_kfold(labels, k, generator=None):
    n = len(labels)
    if k not in range(2, n + 1):
        raise ValueError(f"cannot split {n} samples into {k} folds")
    mixed = torch.randperm(n, generator=generator).to(labels.device)
    by_class = mixed[labels[mixed].argsort(stable=True)]  # classes side by side, each in random order
    fold_of = torch.empty(n, dtype=torch.int64, device=labels.device)
    fold_of[by_class] = torch.arange(n, device=labels.device) % k
    return _splits(fold_of, k)


def cross_validate(make_model, fit, score, inputs, targets, k, standardize=False, generator=None):
    def one(train, validation):
        shift, scale = 0.0, 1.0
        if standardize:
            scale, shift = torch.std_mean(inputs[train], dim=0, unbiased=False)
            scale = scale.masked_fill(scale < 1e-8, 1.0)
        model = make_model()
        fit(model, (inputs[train] - shift) / scale, targets[train])
        return float(score(model, (inputs[validation] - shift) / scale, targets[validation]))

    folds = kfold(len(inputs), k, True, generator)
    return torch.as_tensor([one(*fold) for fold in folds], dtype=inputs.dtype).to(inputs.device)
