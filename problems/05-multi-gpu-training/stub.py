"""Data-parallel training over several ranks: the wrapper that keeps the models equal, and the sampler."""

from collections.abc import Iterator

import torch
from torch import nn


class DistributedDataParallel(nn.Module):
    """Keeps the copies of a module on all ranks equal by averaging their gradients.

    group: has `rank`, `world_size`, `all_reduce(tensor)` (sum over the ranks, in place), `broadcast(tensor, src)` (in
        place) and `barrier()`; every rank must make the same calls in the same order.
    The wrapped module is `.module`.
    """

    def __init__(self, module: nn.Module, group):
        """Gives every rank the parameters and buffers of rank 0."""
        super().__init__()
        raise NotImplementedError

    def forward(self, *args, **kwargs):
        """What the module answers. After a backward pass each .grad is the mean over the ranks."""
        raise NotImplementedError

    def no_sync(self):
        """A context manager around forward and backward, in which gradients only accumulate locally."""
        raise NotImplementedError


class DistributedSampler:
    """The indices (Python ints) of one rank's share of `length` samples."""

    def __init__(
        self,
        length: int,
        rank: int,
        world_size: int,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ):
        """length may be 0 or below world_size; the sampler starts in epoch 0."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        raise NotImplementedError

    def __len__(self) -> int:
        """How many indices this rank yields: the same number on every rank."""
        raise NotImplementedError

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of the next pass."""
        raise NotImplementedError


class OneRank:
    """A group with one member, to try things out."""

    rank, world_size = 0, 1

    def all_reduce(self, tensor: torch.Tensor) -> None:
        """The sum over one rank changes nothing."""

    def broadcast(self, tensor: torch.Tensor, src: int) -> None:
        """Everybody has rank 0's values already."""

    def barrier(self) -> None:
        """There is nobody to wait for."""


if __name__ == "__main__":
    print([list(DistributedSampler(10, rank, 4, shuffle=False)) for rank in range(4)])
    model = DistributedDataParallel(nn.Linear(3, 1), OneRank())
    model(torch.randn(5, 3)).sum().backward()
    print(model.module.weight.grad)
