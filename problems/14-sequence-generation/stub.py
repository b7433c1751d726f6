import torch
from torch import Tensor, nn


class SequenceModel(nn.Module):
    """An LSTM language model with the keys embedding.weight, lstm.* (as nn.LSTM, batch first), fc.weight, fc.bias."""

    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, num_layers: int = 1):
        super().__init__()
        raise NotImplementedError

    def forward(self, tokens: Tensor, state: tuple | None = None) -> tuple[Tensor, tuple]:
        """Logits of each next token, and the state behind the last one.

        tokens: (B, T) int64. state: what an earlier call returned, None at the beginning of the sequences. Returns
        ((B, T, vocab_size), state), the state a tuple.
        """
        raise NotImplementedError


def sequence_loss(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Mean cross-entropy over all steps of all sequences whose target is not ignore_index, 0-dim.

    logits: (B, T, V); targets: (B, T) int64, the target of step t at t. Where no target counts the loss is 0 and its
    gradient zeros.
    """
    raise NotImplementedError


def greedy_decode(model: nn.Module, prompt: Tensor, max_new_tokens: int, eos: int | None = None) -> Tensor:
    """Continues every row of the prompt by the likeliest tokens. prompt: (B, T) int64, T >= 1. Returns (B, T + n).

    model(tokens, state) is called as SequenceModel.forward: first with the whole prompt, then with one token per row
    and the state; n tokens take n calls. A row that has generated eos is filled with eos; it stops when all rows have.
    Eos in the prompt does not count. Runs in evaluation mode, without gradients; afterwards, also after an exception,
    every sub-module has the mode it had.
    """
    raise NotImplementedError


if __name__ == "__main__":
    logits = torch.tensor([[[0.0, 0.0], [0.0, 0.0], [5.0, -5.0]]])
    print(sequence_loss(logits, torch.tensor([[0, 1, -100]])))  # expected: ln 2 = 0.6931

    model = SequenceModel(5, 8, 16)
    print(greedy_decode(model, torch.tensor([[1, 2], [3, 4]]), max_new_tokens=4, eos=0))
