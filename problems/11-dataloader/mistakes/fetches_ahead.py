"""You fetch the next batch before you hand out the present one. Each batch's samples are to be fetched when that batch
is asked for, not before."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor


def default_collate(samples: list) -> Any:
    first = samples[0]
    if isinstance(first, Tensor):
        return torch.stack(samples)  # B times (...) -> (B, ...)
    if isinstance(first, str):
        return list(samples)
    if isinstance(first, int):  # bool is a subclass of int
        return torch.tensor(samples, dtype=torch.int64)  # (B,)
    if isinstance(first, float):
        return torch.tensor(samples, dtype=torch.float32)  # (B,)
    if isinstance(first, dict):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        fields = [default_collate(list(field)) for field in zip(*samples, strict=True)]
        return tuple(fields) if isinstance(first, tuple) else fields
    raise TypeError(f"cannot collate samples of type {type(first).__name__}")


def pad_collate(samples: list[tuple[Tensor, int]], padding_value: float = 0) -> tuple[Tensor, Tensor, Tensor]:
    sequences = [sequence for sequence, _ in samples]
    device = sequences[0].device
    lengths = [len(sequence) for sequence in sequences]
    shape = (len(samples), max(lengths), *sequences[0].shape[1:])
    padded = torch.full(shape, padding_value, dtype=sequences[0].dtype, device=device)  # (B, T_max, ...)
    for row, sequence, length in zip(padded, sequences, lengths, strict=True):
        row[:length] = sequence
    labels = [label for _, label in samples]
    return padded, torch.tensor(lengths, device=device), torch.tensor(labels, device=device)


class DataLoader:
    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        collate_fn: Callable[[list], Any] = default_collate,
        generator: Generator | None = None,
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.generator = generator

    def __iter__(self) -> Iterator[Any]:
        # A generator function: each pass has its own order and position, and runs only as far as it is asked to.
        count = len(self.dataset)
        order = torch.randperm(count, generator=self.generator).tolist() if self.shuffle else range(count)
        ready = None
        for batch in range(len(self)):
            indices = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            samples = [self.dataset[index] for index in indices]
            if ready is not None:
                yield self.collate_fn(ready)
            ready = samples
        if ready is not None:
            yield self.collate_fn(ready)

    def __len__(self) -> int:
        batches = len(self.dataset) / self.batch_size
        return math.floor(batches) if self.drop_last else math.ceil(batches)
