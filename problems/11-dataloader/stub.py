from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor


def default_collate(samples: list) -> Any:
    """The batch of a non-empty list of samples; the first sample decides the type.

    Tensors are stacked. Ints and bools become an int64 tensor, floats a float32 tensor, (B,), on the CPU. Strings stay
    a list. Tuples, lists and dicts collate field by field, nested as deep as they are: a tuple, list or dict of
    batches.
    """
    raise NotImplementedError


def pad_collate(samples: list[tuple[Tensor, int]], padding_value: float = 0) -> tuple[Tensor, Tensor, Tensor]:
    """A batch of sequences of different lengths, padded at the end.

    samples: pairs of a sequence (T_i, ...), T_i may be 0, and an int label. Returns the sequences (B, T_max, ...) in
    their dtype, their lengths (B,) and the labels (B,), both int64; all on the sequences' device.
    """
    raise NotImplementedError


class DataLoader:
    """Batches of a dataset, one epoch a pass, newly shuffled for each pass.

    dataset: has __len__ and __getitem__, which is given Python ints from 0 to len - 1. drop_last: leaves out a last
    batch that is smaller than batch_size. collate_fn: makes a batch of the list of its samples. generator: the order is
    drawn from it, from torch's global generator where it is None. Raises ValueError when batch_size < 1.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        collate_fn: Callable[[list], Any] = default_collate,
        generator: Generator | None = None,
    ):
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        """A new pass; a batch's samples are fetched when the batch is asked for, not before."""
        raise NotImplementedError

    def __len__(self) -> int:
        """The number of batches of a pass."""
        raise NotImplementedError


if __name__ == "__main__":
    loader = DataLoader([(torch.tensor([float(i)]), i) for i in range(5)], batch_size=2)
    print(len(loader), list(loader))  # expected: 3 batches, of samples 0 and 1, 2 and 3, and 4
    print(pad_collate([(torch.tensor([1, 2, 3]), 0), (torch.tensor([4]), 1)], padding_value=-1))
    # expected: [[1, 2, 3], [4, -1, -1]], lengths [3, 1], labels [0, 1]
