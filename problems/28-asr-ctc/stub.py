"""Connectionist temporal classification: the loss, and a recogniser to train with it."""

import torch
from torch import Tensor, nn


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log-likelihood of each target, summed over all alignments.

    log_probs: (T, B, V), log-probabilities; entries may be -inf.
    targets: (B, S), labels other than blank; entries behind a target's length may hold anything. S may be 0.
    input_lengths: (B,), from 1 to T. target_lengths: (B,), from 0 to S. Both LongTensors.
    reduction: "none": (B,); "sum": 0-dim; "mean": 0-dim, the average over the batch of loss / max(target length, 1).
    zero_infinity: a target that no alignment fits counts 0 instead of inf; its gradient is 0 either way.
    Raises ValueError for any other reduction.
    """
    raise NotImplementedError


class SpeechRecognizer(nn.Module):
    """An acoustic model of your own; symbol 0 is the blank."""

    def __init__(self, num_features: int, hidden_dim: int, vocab_size: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """features: (B, T, num_features), padded; lengths: (B,) LongTensor, from 1 to T.

        Returns log-probabilities (T', B, vocab_size) and the number of valid ones per utterance, a LongTensor (B,).
        """
        raise NotImplementedError


if __name__ == "__main__":
    log_probs = torch.randn(6, 2, 4).log_softmax(-1)
    targets = torch.tensor([[1, 2, 2], [3, 0, 0]])
    print("loss:", ctc_loss(log_probs, targets, torch.tensor([6, 4]), torch.tensor([3, 1]), reduction="none"))
    model = SpeechRecognizer(num_features=8, hidden_dim=16, vocab_size=4)
    outputs, lengths = model(torch.randn(2, 10, 8), torch.tensor([10, 7]))
    print(outputs.shape, lengths)
