import torch
from torch import Tensor, nn


def length_regulate(hidden: Tensor, durations: Tensor, max_len: int | None = None) -> tuple[Tensor, Tensor]:
    """Repeats row i of each sequence durations[i] times.

    hidden: (B, S, D); durations: (B, S) int64. Returns (B, T, D), with zeros at the end of shorter sequences, and the
    lengths (B,) int64. T is the longest sum of durations, or max_len, which cuts longer sequences and pads shorter
    ones; lengths are at most T. Raises ValueError for negative durations.
    """
    raise NotImplementedError


def masked_l1(pred: Tensor, target: Tensor, lengths: Tensor) -> Tensor:
    """Mean absolute error over the first lengths[b] frames of each sequence and all mels, 0-dim; 0 without frames.

    pred, target: (B, T, M); lengths: (B,) int64.
    """
    raise NotImplementedError


class AcousticModel(nn.Module):
    """Phonemes to mel frames, with explicit durations. Names are free."""

    def __init__(self, num_phonemes: int, dim: int, num_mels: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, phonemes: Tensor, durations: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """phonemes: (B, S) int64, 0 is padding; durations: (B, S) int64, None: the model's own.

        Returns mel (B, T, M), 0 behind the end of each sequence, log_durations (B, S), which are trained to be
        log(duration + 1), and lengths (B,) int64. Padding gets 0 frames, whatever durations says; without durations a
        real phoneme gets round(exp(log_duration) - 1) frames, at least 1. Raises ValueError for negative durations.
        """
        raise NotImplementedError


if __name__ == "__main__":
    hidden = torch.tensor([[[1.0], [2.0], [3.0]]])
    print(length_regulate(hidden, torch.tensor([[2, 0, 1]]), max_len=4))  # expected: 1, 1, 3, 0; length 3

    model = AcousticModel(10, 16, 4)
    mel, log_durations, lengths = model(torch.tensor([[3, 5, 0], [1, 2, 4]]))
    print(mel.shape, log_durations.shape, lengths)
