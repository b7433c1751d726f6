from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor


def kfold(n: int, k: int, shuffle: bool = True, generator: Generator | None = None) -> list[tuple[Tensor, Tensor]]:
    """k pairs (train, validation) of int64 indices on the CPU; each of 0 to n - 1 is validated on exactly once.

    Fold sizes differ by at most one, larger first. shuffle=False: folds are consecutive blocks in order, all indices
    ascend. generator: the shuffle is drawn from it, from torch's global generator where it is None. Raises ValueError
    when k < 2 or k > n.
    """
    raise NotImplementedError


def stratified_kfold(labels: Tensor, k: int, generator: Generator | None = None) -> list[tuple[Tensor, Tensor]]:
    """Like kfold, but each class is shuffled and spread over the folds: its counts differ by at most one.

    labels: (n,) int64, any integers; a class may have fewer than k samples. The indices are on the labels' device.
    Raises ValueError when k < 2 or k > n.
    """
    raise NotImplementedError


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
    """The score of each fold of kfold(n, k, shuffle=True, generator=generator), (k,), in the inputs' dtype and device.

    For each fold: model = make_model(), fit(model, x, y) on its training part, score(model, x_val, y_val) on its
    validation part. inputs: (n, ...), targets: (n, ...). standardize: subtracts the mean of the training part from both
    parts and divides by its biased standard deviation, per feature (over dim 0); below 1e-8 that counts as 1.
    """
    raise NotImplementedError


if __name__ == "__main__":
    for train, validation in kfold(5, 2, shuffle=False):
        print(train.tolist(), validation.tolist())  # expected: [3, 4] [0, 1, 2] and [0, 1, 2] [3, 4]
    for _, validation in stratified_kfold(torch.tensor([7, 7, 7, 7, -1, -1]), 2):
        print(validation.tolist())  # expected: two of 0 to 3 and one of 4, 5
    x = torch.tensor([[1.0], [3.0], [8.0]])
    scores = cross_validate(
        lambda: None, lambda model, x, y: None, lambda model, x, y: float(x.sum()), x, x[:, 0], 3, standardize=True
    )
    print(scores.sort().values)  # expected: [-1.8, -0.4286, 6]
