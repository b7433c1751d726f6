import torch
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """Multi-head attention from x to a context.

    Keys q_proj.*, out_proj.* (linear, Q -> Q), k_proj.*, v_proj.* (linear, C -> Q), all with biases. Heads are
    consecutive slices of the projected features. Raises ValueError when query_dim is not divisible by num_heads.
    """

    def __init__(self, query_dim: int, context_dim: int, num_heads: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor, context: Tensor, context_mask: Tensor | None = None) -> Tensor:
        """x: (B, T, Q), context: (B, S, C), context_mask: (B, S) bool, True where attending is allowed -> (B, T, Q).

        Where nothing may be attended to, or S = 0, the attention's result is 0, and then goes through out_proj.
        """
        raise NotImplementedError


class CaptionDecoder(nn.Module):
    """Predicts the next token of a caption from those before it and the image's features. Names are free."""

    def __init__(self, vocab_size: int, dim: int, context_dim: int, num_heads: int, max_len: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, tokens: Tensor, context: Tensor, context_mask: Tensor | None = None) -> Tensor:
        """tokens: (B, T) int64, context: (B, S, C), context_mask: (B, S) bool -> logits (B, T, vocab_size).

        Logits at t depend on tokens up to and including t. Raises ValueError when T > max_len.
        """
        raise NotImplementedError


def caption(
    model: nn.Module, context: Tensor, bos: int, eos: int, max_len: int, context_mask: Tensor | None = None
) -> list[list[int]]:
    """A greedy caption for each image, at most max_len tokens, without the bos it starts from and without eos.

    model is called as CaptionDecoder.forward, with at most max_len tokens, bos included. It runs in evaluation mode;
    afterwards, also after an exception, every sub-module has the mode it had.
    """
    raise NotImplementedError


if __name__ == "__main__":
    layer = CrossAttention(8, 3, 2)
    print(layer(torch.randn(2, 5, 8), torch.randn(2, 4, 3)).shape)  # expected: (2, 5, 8)

    model = CaptionDecoder(vocab_size=10, dim=8, context_dim=3, num_heads=2, max_len=6)
    print(caption(model, torch.randn(2, 4, 3), bos=0, eos=1, max_len=6))
