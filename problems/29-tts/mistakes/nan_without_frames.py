"""Your loss is nan without valid frames: the mean is 0 / 0. One such batch ruins all weights; it should be 0."""

import torch
from torch import Tensor, nn


def length_regulate(hidden: Tensor, durations: Tensor, max_len: int | None = None) -> tuple[Tensor, Tensor]:
    if (durations < 0).any():
        raise ValueError("durations should not be negative")
    lengths = durations.sum(1)
    if max_len is None:
        max_len = int(lengths.max())
    lengths = lengths.clamp(max=max_len)
    frames = torch.arange(max_len, device=hidden.device).expand(len(hidden), -1).contiguous()  # (B, T)
    # Frame t belongs to the first row that ends after t. Frames behind the last row get any row, and are zeroed.
    source = torch.searchsorted(durations.cumsum(1), frames, right=True).clamp(max=hidden.shape[1] - 1)
    out = hidden.gather(1, source.unsqueeze(-1).expand(-1, -1, hidden.shape[-1]))  # (B, S, D) -> (B, T, D)
    return out.masked_fill((frames >= lengths.unsqueeze(1)).unsqueeze(-1), 0.0), lengths


def masked_l1(pred: Tensor, target: Tensor, lengths: Tensor) -> Tensor:
    valid = torch.arange(pred.shape[1], device=pred.device) < lengths.unsqueeze(1)  # (B, T)
    error = (pred - target).abs() * valid.unsqueeze(-1)
    return error.sum() / (valid.sum() * pred.shape[-1])


class AcousticModel(nn.Module):
    def __init__(self, num_phonemes: int, dim: int, num_mels: int):
        super().__init__()
        self.embedding = nn.Embedding(num_phonemes, dim)
        self.encoder = nn.Conv1d(dim, dim, 3, padding=1)
        self.duration = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 1))
        self.decoder = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, num_mels))

    def forward(self, phonemes: Tensor, durations: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        padding = phonemes == 0  # (B, S)
        x = self.embedding(phonemes).masked_fill(padding.unsqueeze(-1), 0.0)
        x = x + self.encoder(x.transpose(1, 2)).transpose(1, 2).relu()  # (B, S, E), neighbours are seen
        log_durations = self.duration(x).squeeze(-1)  # (B, S)
        if durations is None:
            durations = (log_durations.exp() - 1).round().clamp(min=1).long()
        frames, lengths = length_regulate(x, durations.masked_fill(padding, 0))
        mel = self.decoder(frames)  # (B, T, M)
        silent = torch.arange(mel.shape[1], device=mel.device) >= lengths.unsqueeze(1)
        return mel.masked_fill(silent.unsqueeze(-1), 0.0), log_durations, lengths
