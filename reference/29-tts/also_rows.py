"""Another right way: repeat_interleave row by row and pad_sequence; a recurrent encoder; frames by boolean indexing."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence


def length_regulate(hidden, durations, max_len=None):
    if bool(durations.lt(0).any()):
        raise ValueError("negative durations")
    rows = [sequence.repeat_interleave(counts, dim=0) for sequence, counts in zip(hidden, durations, strict=True)]
    if max_len is not None:
        rows = [row[:max_len] for row in rows]
    lengths = torch.tensor([len(row) for row in rows], device=hidden.device)
    out = pad_sequence(rows, batch_first=True)  # (B, T, D)
    if max_len is not None and out.shape[1] < max_len:
        out = torch.cat([out, out.new_zeros(len(out), max_len - out.shape[1], out.shape[2])], 1)
    return out, lengths


def masked_l1(pred, target, lengths):
    valid = torch.arange(pred.size(1), device=pred.device)[None, :] < lengths[:, None]
    if not valid.any():
        return (pred - target).sum() * 0
    return (pred[valid] - target[valid]).abs().mean()  # (N, M)


class AcousticModel(nn.Module):
    def __init__(self, num_phonemes, dim, num_mels):
        super().__init__()
        self.speak = nn.Embedding(num_phonemes, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim // 2, batch_first=True, bidirectional=True)
        self.how_long = nn.Linear(dim, 1)
        self.to_mel = nn.Linear(dim, num_mels)
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, phonemes, durations=None):
        hidden = self.speak(phonemes)
        hidden = hidden + self.gru(hidden)[0]
        log_durations = self.how_long(hidden)[..., 0]
        if durations is None:
            durations = torch.maximum(torch.expm1(log_durations.detach()).round(), torch.ones_like(log_durations)).to(
                torch.int64
            )
        elif (durations * (phonemes != 0) < 0).any():
            raise ValueError("negative durations")
        durations = durations * (phonemes != 0)
        frames, lengths = length_regulate(hidden, durations)
        inside = pad_sequence([frames.new_ones(n, 1) for n in lengths.tolist()], batch_first=True)
        return self.to_mel(frames) * inside, log_durations, lengths
