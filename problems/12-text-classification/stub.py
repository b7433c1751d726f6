"""An LSTM that classifies texts of different lengths."""

import torch
from torch import Tensor, nn


class TextClassifier(nn.Module):
    """Embedding, LSTM, linear map: classifies from the hidden state after the last real token.

    Parameters: embedding.weight (vocab_size, embed_dim); lstm.*, those of a one-layer nn.LSTM from embed_dim to
    hidden_dim that runs forward; fc.*, a linear map with bias from hidden_dim to num_classes. Nothing else is in the
    state_dict. The row `padding_idx` of the embedding gets no gradient.
    """

    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, num_classes: int, padding_idx: int = 0):
        super().__init__()
        raise NotImplementedError

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """tokens: (B, T) int64; lengths: (B,) int64, from 1 to T, in any order, on any device.

        Row b consists of its first lengths[b] tokens, also where some of them are `padding_idx`; what lies beyond has
        no influence, also where it is not `padding_idx`. Returns logits (B, num_classes).
        """
        raise NotImplementedError


if __name__ == "__main__":
    torch.manual_seed(0)
    model = TextClassifier(vocab_size=10, embed_dim=4, hidden_dim=8, num_classes=3)
    alone = model(torch.tensor([[5, 2]]), torch.tensor([2]))
    padded = model(torch.tensor([[5, 2, 0, 0], [1, 9, 3, 4]]), torch.tensor([2, 4]))
    print(alone[0], padded[0])  # the same three numbers
