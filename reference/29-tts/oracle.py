"""Brute force: frames and errors one at a time."""

import torch
from torch import nn
from torch.nn import functional as F


def length_regulate(hidden, durations, max_len=None):
    sequences = []
    for row, counts in enumerate(durations.tolist()):
        if min(counts) < 0:
            raise ValueError
        sequences.append([hidden[row, index] for index, count in enumerate(counts) for _ in range(count)])
    longest = max(map(len, sequences)) if max_len is None else max_len
    out = hidden.sum() * torch.zeros(len(hidden), longest, hidden.shape[2], dtype=hidden.dtype)
    for row, frames in enumerate(sequences):
        for time, frame in enumerate(frames[:longest]):
            out[row, time] = frame
    return out, torch.tensor([min(len(frames), longest) for frames in sequences])


def masked_l1(pred, target, lengths):
    if not lengths.any():
        return F.l1_loss(pred * 0, target * 0)
    pairs = [(pred[row, :length], target[row, :length]) for row, length in enumerate(lengths.tolist())]
    return F.l1_loss(*[torch.cat(side) for side in zip(*pairs, strict=True)])


class AcousticModel(nn.Module):
    def __init__(self, num_phonemes, dim, num_mels):
        super().__init__()
        self.hidden = nn.Embedding(num_phonemes, dim)
        self.logs = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 1))
        self.mel = nn.Linear(dim, num_mels)

    def forward(self, phonemes, durations=None):
        hidden = self.hidden(phonemes)
        log_durations = self.logs(hidden)[..., 0]
        if durations is None:
            durations = (log_durations.exp() - 1).round().clamp(min=1).to(torch.int64)
        frames, lengths = length_regulate(hidden, durations * (phonemes > 0))
        mel = self.mel(frames)
        return (
            torch.stack([F.pad(m[:n], (0, 0, 0, len(m) - n)) for m, n in zip(mel, lengths, strict=True)]),
            log_durations,
            lengths,
        )
