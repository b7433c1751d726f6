"""Both ends of speech recognition: log-mel features (HTK mel scale) in front, greedy CTC and word error rate behind."""

import math

import torch
from torch import Tensor


def _triangles(n_mels: int, n_fft: int, sample_rate: float, f_min: float, f_max: float | None) -> Tensor:
    """The filterbank in float64, (n_mels, n_fft // 2 + 1)."""
    lowest, highest = (2595 * math.log10(1 + f / 700) for f in (f_min, sample_rate / 2 if f_max is None else f_max))
    mels = torch.linspace(lowest, highest, n_mels + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mels / 2595) - 1)  # (n_mels + 2,) in Hz
    left, centre, right = (edges[start : start + n_mels, None] for start in range(3))  # (n_mels, 1) each
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * sample_rate / n_fft
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)  # (n_mels, bins)
    return torch.minimum(rising, falling).clamp(min=0)


def mel_filterbank(
    n_mels: int, n_fft: int, sample_rate: float, f_min: float = 0.0, f_max: float | None = None
) -> Tensor:
    return _triangles(n_mels, n_fft, sample_rate, f_min, f_max).float()


def log_mel_spectrogram(
    waveform: Tensor, sample_rate: int = 16000, n_fft: int = 400, hop_length: int = 160, n_mels: int = 80
) -> Tensor:
    window = torch.hann_window(n_fft, periodic=True, dtype=waveform.dtype, device=waveform.device)
    spectrum = torch.stft(
        waveform, n_fft, hop_length, window=window, center=True, pad_mode="reflect", return_complex=True
    )  # (B, n_fft // 2 + 1, frames)
    power = spectrum.real.square() + spectrum.imag.square()
    filters = _triangles(n_mels, n_fft, sample_rate, 0.0, None).to(waveform)
    return (filters @ power).clamp(min=1e-10).log()  # (B, n_mels, frames)


def ctc_greedy_decode(log_probs: Tensor, lengths: Tensor, blank: int = 0) -> list[list[int]]:
    decoded = []
    for symbols, length in zip(log_probs.argmax(-1).tolist(), lengths.tolist(), strict=True):
        path = symbols[:length]
        before = [None, *path]
        decoded.append([symbol for symbol, last in zip(path, before, strict=False) if symbol not in (last, blank)])
    return decoded


def _edit_distance(hypothesis: list, reference: list) -> int:
    row = list(range(len(reference) + 1))  # from an empty hypothesis: insert them all
    for i, word in enumerate(hypothesis, 1):
        diagonal, row[0] = row[0], i
        for j, expected in enumerate(reference, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != expected))
    return row[-1]


def word_error_rate(hypotheses: list[list], references: list[list]) -> float:
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    words = sum(len(reference) for reference in references)
    if words == 0:
        raise ValueError("there are no reference words")
    return sum(map(_edit_distance, hypotheses, references)) / words
