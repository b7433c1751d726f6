"""You synchronise the last micro-batch's gradient only.

A hook on the parameter sees the new gradient before it is added to `.grad`; what accumulated under `no_sync` stays
local, and the ranks drift apart. Reduce `.grad` after the accumulation.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class DistributedDataParallel(nn.Module):
    def __init__(self, module: nn.Module, group):
        super().__init__()
        self.module = module
        self.group = group
        self._synchronise = True
        with torch.no_grad():
            for tensor in [*module.parameters(), *module.buffers()]:
                group.broadcast(tensor, src=0)
        self._trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
        for parameter in self._trained:
            parameter.register_hook(self._ready)

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        before, self._synchronise = self._synchronise, False
        try:
            yield
        finally:
            self._synchronise = before

    def _ready(self, gradient: Tensor) -> Tensor:
        if not self._synchronise:
            return gradient
        total = gradient.clone()
        self.group.all_reduce(total)
        return total / self.group.world_size


class DistributedSampler:
    def __init__(self, length, rank, world_size, shuffle=True, seed=0, drop_last=False):
        self.length, self.rank, self.world_size = length, rank, world_size
        self.shuffle, self.seed, self.drop_last = shuffle, seed, drop_last
        self.epoch = 0

    def __len__(self) -> int:
        if self.drop_last:
            return self.length // self.world_size
        return math.ceil(self.length / self.world_size)

    def __iter__(self) -> Iterator[int]:
        order = list(range(self.length))
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed + self.epoch)
            order = torch.randperm(self.length, generator=generator).tolist()
        total = len(self) * self.world_size
        # Strided over the common order, wrapping around to its start where it is too short.
        return (order[index % self.length] for index in range(self.rank, total, self.world_size))

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch
