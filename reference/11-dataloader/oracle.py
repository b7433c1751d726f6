"""torch's own loader, collation and padding, with the dtypes that the contract asks for."""

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils import data


def default_collate(samples):
    first = samples[0]
    if isinstance(first, dict):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        return type(first)(default_collate(list(field)) for field in zip(*samples, strict=True))
    batch = data.default_collate(samples)
    if isinstance(first, bool | int):
        return batch.long()
    return batch.float() if isinstance(first, float) else batch


def pad_collate(samples, padding_value=0):
    sequences = [sequence for sequence, _ in samples]
    padded = pad_sequence(sequences, batch_first=True, padding_value=padding_value)
    device = padded.device
    lengths = torch.tensor([len(sequence) for sequence in sequences], device=device)
    return padded, lengths, torch.tensor([label for _, label in samples], device=device)


class DataLoader:
    def __init__(
        self, dataset, batch_size=1, shuffle=False, drop_last=False, collate_fn=default_collate, generator=None
    ):
        if batch_size < 1:
            raise ValueError("batch_size must be at least 1")
        self.loader = None
        if len(dataset):  # torch refuses to shuffle an empty dataset
            self.loader = data.DataLoader(
                dataset, batch_size, shuffle, drop_last=drop_last, collate_fn=collate_fn, generator=generator
            )

    def __iter__(self):
        return iter(self.loader or [])

    def __len__(self):
        return len(self.loader) if self.loader else 0
