"""Another right way: the alignment as a 0-1 matrix between frames and rows, multiplied; attention in the encoder."""

import torch
from torch import nn


def length_regulate(hidden, durations, max_len=None):
    if durations.numel() and durations.min() < 0:
        raise ValueError("a duration is negative")
    ends = torch.cumsum(durations, dim=1)
    starts = ends - durations
    total = ends[:, -1]
    steps = total.max().item() if max_len is None else max_len
    time = torch.arange(steps, device=hidden.device)[None, :, None]
    alignment = (time >= starts[:, None, :]) & (time < ends[:, None, :])  # (B, T, S)
    return alignment.to(hidden.dtype) @ hidden, torch.minimum(total, torch.full_like(total, steps))


def masked_l1(pred, target, lengths):
    weight = (torch.arange(pred.shape[1], device=pred.device) < lengths.reshape(-1, 1)).to(pred.dtype)[..., None]
    weight = weight.expand_as(pred)
    total = weight.sum()
    return ((pred - target).abs() * weight).sum() / torch.where(total > 0, total, torch.ones_like(total))


class AcousticModel(nn.Module):
    def __init__(self, num_phonemes, dim, num_mels):
        super().__init__()
        self.embed = nn.Embedding(num_phonemes, dim)
        self.encoder = nn.TransformerEncoderLayer(dim, 4, 2 * dim, dropout=0.0, batch_first=True)
        self.predictor = nn.Sequential(nn.Linear(dim, 1), nn.Flatten(1))
        self.mels = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, num_mels))

    def forward(self, phonemes, durations=None):
        real = phonemes.ne(0)
        hidden = self.encoder(self.embed(phonemes))
        log_durations = self.predictor(hidden.detach())
        if durations is None:
            durations = torch.clamp(torch.round(torch.exp(log_durations) - 1.0), min=1.0).to(torch.long)
        durations = torch.where(real, durations, 0)
        frames, lengths = length_regulate(hidden, durations)
        voiced, _ = length_regulate(torch.ones_like(hidden[..., :1]), durations)
        return self.mels(frames) * voiced, log_durations, lengths
