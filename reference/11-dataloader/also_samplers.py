"""Another right way: torch's own samplers, map over the batches of indices, padding through a mask."""

import torch
from torch.utils.data import BatchSampler, RandomSampler, SequentialSampler


def default_collate(samples):
    match samples[0]:
        case torch.Tensor():
            return torch.stack(tuple(samples), dim=0)
        case str():
            return samples
        case bool() | int():
            return torch.tensor(samples).to(torch.int64)
        case float():
            return torch.FloatTensor(samples)
        case dict() as first:
            return dict(zip(first, map(default_collate, ([s[k] for s in samples] for k in first)), strict=True))
        case tuple():
            return tuple(map(default_collate, map(list, zip(*samples))))  # noqa: B905
        case list():
            return [default_collate(list(column)) for column in zip(*samples)]  # noqa: B905
    raise TypeError("unknown type of sample")


def pad_collate(samples, padding_value=0):
    flat = torch.cat([sequence for sequence, _ in samples])
    lengths = torch.tensor([len(sequence) for sequence, _ in samples], device=flat.device)
    inside = torch.arange(int(lengths.max()), device=flat.device) < lengths[:, None]  # (B, T_max)
    padded = flat.new_full((*inside.shape, *flat.shape[1:]), padding_value)
    padded[inside] = flat
    return padded, lengths, torch.tensor([label for _, label in samples], device=flat.device)


class DataLoader:
    def __init__(
        self, dataset, batch_size=1, shuffle=False, drop_last=False, collate_fn=default_collate, generator=None
    ):
        if batch_size < 1:
            raise ValueError("a batch needs at least one sample")
        self.dataset, self.collate_fn = dataset, collate_fn
        sampler = (
            RandomSampler(dataset, generator=generator) if shuffle and len(dataset) else SequentialSampler(dataset)
        )
        self.batches = BatchSampler(sampler, batch_size, drop_last)

    def __iter__(self):
        return (self.collate_fn([self.dataset[i] for i in batch]) for batch in self.batches)

    def __len__(self):
        return len(self.batches)
