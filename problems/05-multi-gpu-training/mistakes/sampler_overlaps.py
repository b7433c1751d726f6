"""Each rank shuffles in its own way.

The shares are then taken from different orders: some samples are seen twice, others never. All ranks must draw the same
order and differ only in what they take from it.
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
        self._waiting = 0
        for parameter in self._trained:
            parameter.register_post_accumulate_grad_hook(self._ready)

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        before, self._synchronise = self._synchronise, False
        try:
            yield
        finally:
            self._synchronise = before

    @torch.no_grad()
    def _ready(self, _: Tensor) -> None:
        if not self._synchronise:
            return
        self._waiting += 1
        if self._waiting < len(self._trained):
            return
        # The last gradient is there. Reduced now, in one fixed order: that of the hooks may differ between ranks.
        self._waiting = 0
        for parameter in self._trained:
            # What an earlier backward has averaged is equal on all ranks, so averaging the whole .grad keeps it.
            self.group.all_reduce(parameter.grad)
            parameter.grad.div_(self.group.world_size)


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
            generator = torch.Generator().manual_seed(self.seed + self.epoch + self.rank)
            order = torch.randperm(self.length, generator=generator).tolist()
        total = len(self) * self.world_size
        # Strided over the common order, wrapping around to its start where it is too short.
        return (order[index % self.length] for index in range(self.rank, total, self.world_size))

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch
