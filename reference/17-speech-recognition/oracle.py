"""Brute force from the definitions: filters bin by bin, spectra as sums of cosines, edits by breadth-first search."""

import math
from itertools import pairwise

import torch


def _weight(f, left, centre, right):
    if left < f <= centre:
        return (f - left) / (centre - left)
    return (right - f) / (right - centre) if centre < f < right else 0.0


def _rows(n_mels, n_fft, sample_rate, f_min, f_max):
    def mel(f):
        return 2595 * math.log10(1 + f / 700)

    low, high = mel(f_min), mel(sample_rate / 2 if f_max is None else f_max)
    points = [700 * (10 ** ((low + i * (high - low) / (n_mels + 1)) / 2595) - 1) for i in range(n_mels + 2)]
    frequencies = [k * sample_rate / n_fft for k in range(n_fft // 2 + 1)]
    return [[_weight(f, *points[m : m + 3]) for f in frequencies] for m in range(n_mels)]


def mel_filterbank(n_mels, n_fft, sample_rate, f_min=0.0, f_max=None):
    return torch.tensor(_rows(n_mels, n_fft, sample_rate, f_min, f_max), dtype=torch.float32)


def log_mel_spectrogram(waveform, sample_rate=16000, n_fft=400, hop_length=160, n_mels=80):
    length = waveform.shape[1]
    columns = []
    phase = 2 * math.pi * torch.outer(torch.arange(n_fft // 2 + 1).double(), torch.arange(n_fft).double()) / n_fft
    hann = torch.tensor([0.5 - 0.5 * math.cos(2 * math.pi * i / n_fft) for i in range(n_fft)], dtype=torch.float64)
    cosines, sines, hann = (table.to(waveform) for table in (phase.cos(), phase.sin(), hann))
    for middle in range(0, length + 1, hop_length):
        steps = torch.arange(middle - n_fft // 2, middle + n_fft // 2, device=waveform.device).abs()
        steps = length - 1 - (length - 1 - steps).abs()  # reflected at both ends
        frame = waveform[:, steps] * hann
        columns.append((frame @ cosines.T) ** 2 + (frame @ sines.T) ** 2)
    power = torch.stack(columns, 2)  # (B, bins, frames)
    filters = torch.tensor(_rows(n_mels, n_fft, sample_rate, 0.0, None), dtype=waveform.dtype, device=waveform.device)
    return torch.log(torch.clamp(filters @ power, min=1e-10))


def ctc_greedy_decode(log_probs, lengths, blank=0):
    answers = []
    for scores, length in zip(log_probs, lengths, strict=True):
        path = [blank, *(int(frame.argmax()) for frame in scores[: int(length)])]
        answers.append([symbol for last, symbol in pairwise(path) if symbol != last and symbol != blank])
    return answers


def _edits(hypothesis, reference):
    seen, border, edits = {(0, 0)}, {(0, 0)}, 0
    while True:
        reached = set()
        for i, j in border:
            while i < len(hypothesis) and j < len(reference) and hypothesis[i] == reference[j]:
                i, j = i + 1, j + 1
            if (i, j) == (len(hypothesis), len(reference)):
                return edits
            reached |= {(i + 1, j), (i, j + 1), (i + 1, j + 1)}
        border = {(i, j) for i, j in reached - seen if i <= len(hypothesis) and j <= len(reference)}
        seen, edits = seen | border, edits + 1


def word_error_rate(hypotheses, references):
    words = [word for reference in references for word in reference]
    if len(hypotheses) != len(references) or not words:
        raise ValueError("nothing to compare")
    return sum(_edits(*pair) for pair in zip(hypotheses, references, strict=True)) / len(words)
