"""k-fold cross-validation: every sample is validated on exactly once, by a model that has never seen it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor


def shuffled(indices: Tensor, generator: Generator | None) -> Tensor:
    device = "cpu" if generator is None else generator.device
    order = torch.randperm(len(indices), generator=generator, device=device)
    return indices[order.to(indices.device)]


def kfold(n: int, k: int, shuffle: bool = True, generator: Generator | None = None) -> list[tuple[Tensor, Tensor]]:
    if not 2 <= k <= n:
        raise ValueError(f"k must be from 2 to the number of samples, {n}, not {k}")
    order = shuffled(torch.arange(n), generator) if shuffle else torch.arange(n)
    folds = order.tensor_split(k)  # the first n % k folds have one more
    return [(torch.cat(folds[:i] + folds[i + 1 :]), folds[i]) for i in range(k)]


def stratified_kfold(labels: Tensor, k: int, generator: Generator | None = None) -> list[tuple[Tensor, Tensor]]:
    if not 2 <= k <= len(labels):
        raise ValueError(f"k must be from 2 to the number of samples, {len(labels)}, not {k}")
    fold_of, dealt = torch.empty_like(labels), 0
    for label in labels.unique():
        members = shuffled((labels == label).nonzero().squeeze(1), generator)
        # Deal the class out like cards, going on where the last class ended, so that the folds stay equally large.
        fold_of[members] = (dealt + torch.arange(len(members), device=labels.device)) % k
        dealt += len(members)
    return [((fold_of != i).nonzero().squeeze(1), (fold_of == i).nonzero().squeeze(1)) for i in range(k)]


def cross_validate(
    make_model: Callable[[], Any],
    fit: Callable[[Any, Tensor, Tensor], Any],
    score: Callable[[Any, Tensor, Tensor], float],
    inputs: Tensor,
    targets: Tensor,
    k: int,
    standardize: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    scores = []
    for train, validation in kfold(len(inputs), k, generator=generator):
        x, x_val = inputs[train], inputs[validation]  # indices on the CPU serve tensors on any device
        y, y_val = targets[train], targets[validation]
        if standardize:
            # Of the training part only: statistics of all samples would tell the model about those it is judged on.
            mean, std = x.mean(0), x.std(0, correction=0)
            std = torch.where(std < 1e-8, 1.0, std)
            x, x_val = (x - mean) / std, (x_val - mean) / std
        model = make_model()
        fit(model, x, y)
        scores.append(score(model, x_val, y_val))
    return torch.tensor(scores, dtype=inputs.dtype, device=inputs.device)
