import torch
from torch import Tensor, nn


def magnitude_mask(weight: Tensor, sparsity: float) -> Tensor:
    """A bool tensor like weight, True where an entry is kept.

    Exactly math.floor(n * sparsity) of the n entries are pruned, the smallest by magnitude; of equal ones those with
    the lower flat index first. Raises ValueError when sparsity is outside [0, 1).
    """
    raise NotImplementedError


class Pruner:
    """Keeps the smallest weights of a model's Linear and Conv2d layers at 0, ranked over all these layers together.

    The n weights of all these layers count, biases do not; a shared weight counts once. The counts and ties are those
    of magnitude_mask, ties across layers in the order of model.modules(). Raises ValueError when sparsity is outside
    [0, 1).
    """

    def __init__(self, model: nn.Module, sparsity: float):
        raise NotImplementedError

    def apply(self) -> None:
        """Decides from the present weights which are pruned, for good, and sets those to 0."""
        raise NotImplementedError

    def step(self) -> None:
        """Sets the pruned weights to 0 again, after a step of the optimizer; does nothing before `apply`."""
        raise NotImplementedError

    def sparsity(self) -> float:
        """The share of zeros among these layers' weights, at present."""
        raise NotImplementedError


def prune_channels(conv: nn.Conv2d, next_conv: nn.Conv2d, keep: int) -> tuple[nn.Conv2d, nn.Conv2d, Tensor]:
    """New layers with the `keep` output channels of conv of the largest L1 norm, and the indices of these channels.

    next_conv gets the output of conv; both have groups=1. The channels stay in their order, the indices (keep,) int64
    ascend; of equal norms the lower index is kept first. Raises ValueError when keep is outside 1..conv.out_channels.
    """
    raise NotImplementedError


if __name__ == "__main__":
    print(magnitude_mask(torch.tensor([[3.0, -1.0], [1.0, -2.0]]), 0.5))  # expected: [[True, False], [False, True]]
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    pruner = Pruner(model, 0.5)
    pruner.apply()
    print(pruner.sparsity())  # expected: 0.5, 3 of 6 weights
    first, second, kept = prune_channels(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3), keep=5)
    print(first, second, kept)  # expected: 3 -> 5 and 5 -> 4 channels, 5 indices in order
