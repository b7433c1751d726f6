"""Another right way: frames by unfold and rfft, float32 filters for float32, groupby, the whole table of distances."""

from functools import lru_cache
from itertools import groupby

import torch
import torch.nn.functional as F


def mel_filterbank(n_mels, n_fft, sample_rate, f_min=0.0, f_max=None, dtype=torch.float32):
    def to_mel(f):
        return 1127 * torch.log1p(torch.as_tensor(f, dtype=dtype) / 700)  # a factor makes no difference

    f_max = sample_rate / 2 if f_max is None else f_max
    steps = torch.linspace(0, 1, n_mels + 2, dtype=dtype)
    points = 700 * torch.expm1((to_mel(f_min) + steps * (to_mel(f_max) - to_mel(f_min))) / 1127)
    frequencies = torch.linspace(0, sample_rate / 2, n_fft // 2 + 1, dtype=dtype)
    slopes = points[:, None] - frequencies  # (n_mels + 2, bins)
    width = points.diff()[:, None]
    return torch.clamp(torch.min(-slopes[:-2] / width[:-1], slopes[2:] / width[1:]), min=0)


def log_mel_spectrogram(waveform, sample_rate=16000, n_fft=400, hop_length=160, n_mels=80):
    dtype, device = waveform.dtype, waveform.device
    padded = F.pad(waveform[:, None], (n_fft // 2, n_fft // 2), mode="reflect")[:, 0]
    frames = padded.unfold(1, n_fft, hop_length)  # (B, frames, n_fft)
    window = (torch.arange(n_fft, dtype=dtype, device=device) * torch.pi / n_fft).sin() ** 2
    spectrum = torch.fft.rfft(frames * window, dim=-1).abs().pow(2)
    filters = mel_filterbank(n_mels, n_fft, sample_rate, dtype=dtype).to(device)
    energies = torch.einsum("btf,mf->bmt", spectrum, filters)
    return torch.log(torch.maximum(energies, torch.full_like(energies, 1e-10)))


def ctc_greedy_decode(log_probs, lengths, blank=0):
    best = log_probs.max(dim=2).indices
    return [
        [symbol for symbol, _ in groupby(row[: int(length)].tolist()) if symbol != blank]
        for row, length in zip(best, lengths, strict=True)
    ]


def word_error_rate(hypotheses, references):
    total = sum(map(len, references))
    if len(hypotheses) != len(references) or not total:
        raise ValueError("as many hypotheses as references, and some words in them")
    errors = 0
    for hypothesis, reference in zip(hypotheses, references, strict=True):

        @lru_cache(None)
        def distance(i, j, hypothesis=hypothesis, reference=reference):
            if i == 0 or j == 0:
                return i + j
            if hypothesis[i - 1] == reference[j - 1]:
                return distance(i - 1, j - 1)
            return 1 + min(distance(i - 1, j), distance(i, j - 1), distance(i - 1, j - 1))

        for i in range(len(hypothesis) + 1):  # fills the table from below, so that no call goes deep
            for j in range(len(reference) + 1):
                distance(i, j)
        errors += distance(len(hypothesis), len(reference))
    return errors / total
