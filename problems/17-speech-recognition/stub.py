import math

import torch
from torch import Tensor


def mel_filterbank(
    n_mels: int, n_fft: int, sample_rate: float, f_min: float = 0.0, f_max: float | None = None
) -> Tensor:
    """Triangular filters on the HTK mel scale, 2595 log10(1 + f / 700): (n_mels, n_fft // 2 + 1), float32, on the CPU.

    Their corners are n_mels + 2 points, equally spaced in mel from f_min to f_max (None: half the sample rate). Filter
    m rises from point m to height 1 at point m + 1 and falls to point m + 2, in straight lines over the frequency in
    Hz. Column k is its value at k * sample_rate / n_fft.
    """
    raise NotImplementedError


def log_mel_spectrogram(
    waveform: Tensor, sample_rate: int = 16000, n_fft: int = 400, hop_length: int = 160, n_mels: int = 80
) -> Tensor:
    """Natural logarithm of the mel energies: (B, T) -> (B, n_mels, 1 + T // hop_length); n_fft even, T > n_fft // 2.

    Frames of n_fft samples, centred at multiples of hop_length with reflect padding, periodic Hann window, power,
    filterbank (f_min 0, f_max half the rate, in the waveform's dtype), clamped at 1e-10, logarithm.
    """
    raise NotImplementedError


def ctc_greedy_decode(log_probs: Tensor, lengths: Tensor, blank: int = 0) -> list[list[int]]:
    """The best symbol of each frame, repeats merged, then blanks dropped.

    log_probs: (B, T, V); lengths: (B,), int64, 0 to T: only the first lengths[i] frames of row i count.
    """
    raise NotImplementedError


def word_error_rate(hypotheses: list[list], references: list[list]) -> float:
    """Edits (substitutions, deletions, insertions) of all sentences over the number of all reference words.

    Raises ValueError when there are no reference words at all, or the two lists have different lengths.
    """
    raise NotImplementedError


if __name__ == "__main__":
    print(mel_filterbank(1, 8, 8000))  # one triangle from 0 to 4000 Hz, highest at 1114 Hz
    path = torch.tensor([[1, 1, 0, 1, 2, 2]])
    print(ctc_greedy_decode(torch.nn.functional.one_hot(path).float(), torch.tensor([6])))  # expected: [[1, 1, 2]]
    print(word_error_rate([["a", "cat", "sat"]], [["the", "cat", "sat", "down"]]))  # expected: 0.5
    tone = torch.sin(2 * math.pi * 440 * torch.arange(16000) / 16000)
    print(log_mel_spectrogram(tone[None]).shape)  # expected: (1, 80, 101)
