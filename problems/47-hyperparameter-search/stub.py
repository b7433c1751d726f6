import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor


def grid_search(space: dict[str, Sequence], objective: Callable[[dict], float]) -> tuple[dict, float]:
    """Tries every combination of the values, the last key fastest; returns the first with the lowest value, and it.

    A value of nan never wins. Raises ValueError for an empty space or an empty list of values.
    """
    raise NotImplementedError


def random_search(
    space: dict[str, tuple], objective: Callable[[dict], float], trials: int, generator: Generator | None = None
) -> tuple[dict, float]:
    """Tries exactly `trials` random configurations; returns the one with the lowest value, and the value.

    space: name -> ("uniform", lo, hi), ("log", lo, hi), ("int", lo, hi) with both ends, or ("choice", [...]). Draws
    come from the generator (None: the global one). A value of nan never wins. Raises ValueError for trials < 1.
    """
    raise NotImplementedError


def expected_improvement(mean: Tensor, std: Tensor, best: float | Tensor) -> Tensor:
    """E[max(best - f, 0)] for f ~ N(mean, std^2), entry by entry; where std is 0, max(best - mean, 0)."""
    raise NotImplementedError


class GaussianProcess:
    """Regression with prior mean 0 and the kernel exp(-|a - b|^2 / (2 length_scale^2)), in float64 throughout.

    noise: the variance that is added to the diagonal of the kernel matrix.
    """

    def __init__(self, length_scale: float = 1.0, noise: float = 1e-6):
        raise NotImplementedError

    def fit(self, x: Tensor, y: Tensor) -> None:
        """x: (N, D), y: (N,); any dtype. Replaces the points of an earlier fit."""
        raise NotImplementedError

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: (M, D). Mean and standard deviation of the function, without noise, (M,) each, float64."""
        raise NotImplementedError


def bayesian_optimize(
    objective: Callable[[Tensor], float], bounds: Tensor, trials: int, seed: int = 0
) -> tuple[Tensor, float]:
    """Tries exactly `trials` points of the box; returns the one with the lowest value, (D,), and the value.

    bounds: (D, 2), lower and upper. `objective` gets (D,) tensors in the dtype and on the device of `bounds`. A value
    of nan never wins. Same seed, same search; the global generator is untouched. Raises ValueError for trials < 1.
    """
    raise NotImplementedError


if __name__ == "__main__":
    print(expected_improvement(torch.tensor([1.0, 1.0]), torch.tensor([0.0, 1.0]), 2.0))  # expected: 1, 1.0833
    process = GaussianProcess(noise=1.0)
    process.fit(torch.zeros(1, 1), torch.tensor([2.0]))
    print(process.predict(torch.zeros(1, 1)))  # expected: 1 and 0.7071
    print(bayesian_optimize(lambda x: math.cos(x.item()), torch.tensor([[0.0, 6.0]]), trials=10))  # 3.14 and -1
