"""Another right way: an iterator class, padding by concatenation, shuffling by sorting keys, handlers in a table."""

import torch


def _sequence(samples):
    return type(samples[0])(default_collate([sample[i] for sample in samples]) for i in range(len(samples[0])))


_HANDLERS = [
    (torch.Tensor, lambda samples: torch.cat([sample.unsqueeze(0) for sample in samples])),
    (str, lambda samples: samples),
    (float, lambda samples: torch.tensor(samples, dtype=torch.float32)),
    ((bool, int), lambda samples: torch.tensor([int(sample) for sample in samples])),
    (dict, lambda samples: {key: default_collate([sample[key] for sample in samples]) for key in samples[0]}),
    ((tuple, list), _sequence),
]


def default_collate(samples):
    for kinds, collate in _HANDLERS:
        if isinstance(samples[0], kinds):
            return collate(samples)
    raise TypeError(type(samples[0]))


def pad_collate(samples, padding_value=0):
    sequences, labels = zip(*samples, strict=True)
    lengths = torch.tensor([sequence.size(0) for sequence in sequences]).to(sequences[0].device)
    longest = int(lengths.max())

    def padded(sequence):
        return torch.cat([sequence, sequence.new_full((longest - len(sequence), *sequence.shape[1:]), padding_value)])

    return torch.stack([padded(sequence) for sequence in sequences]), lengths, lengths.new_tensor(labels)


class _Pass:
    def __init__(self, loader):
        self.loader, count = loader, len(loader.dataset)
        keys = torch.rand(count, generator=loader.generator, dtype=torch.float64)
        self.order = keys.argsort().tolist() if loader.shuffle else list(range(count))
        self.position = 0

    def __iter__(self):
        return self

    def __next__(self):
        size = self.loader.batch_size
        indices = self.order[self.position : self.position + size]
        if not indices or (self.loader.drop_last and len(indices) < size):
            raise StopIteration
        self.position += size
        return self.loader.collate_fn([self.loader.dataset[index] for index in indices])


class DataLoader:
    def __init__(
        self, dataset, batch_size=1, shuffle=False, drop_last=False, collate_fn=default_collate, generator=None
    ):
        if batch_size <= 0:
            raise ValueError("batch_size must be positive")
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.drop_last, self.collate_fn, self.generator = drop_last, collate_fn, generator

    def __iter__(self):
        return _Pass(self)

    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)
