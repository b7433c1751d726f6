import math

import torch
from torch import Tensor, nn


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Attention over the keys.

    q: (..., Tq, D), k: (..., Tk, D), v: (..., Tk, Dv). mask: bool, True where attending is allowed, broadcasts to
    (..., Tq, Tk). Returns (out, weights): (..., Tq, Dv) and (..., Tq, Tk). A query that may attend to nothing gets
    weights and result 0.
    """
    raise NotImplementedError


class SelfAttention(nn.Module):
    """Multi-head self-attention with the keys q_proj.*, k_proj.*, v_proj.*, out_proj.* (linear, E -> E).

    Heads are consecutive slices of the projected features. dropout: on the attention weights, in training only.
    bias=False: no biases. Raises ValueError when embed_dim is not divisible by num_heads.
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor, mask: Tensor | None = None, causal: bool = False) -> Tensor:
        """x: (B, T, E); mask: (B, T) bool, True for keys that may be attended to. Returns (B, T, E)."""
        raise NotImplementedError


if __name__ == "__main__":
    q, k, v = torch.tensor([[1.0]]), torch.tensor([[0.0], [math.log(3)]]), torch.tensor([[4.0], [8.0]])
    print(scaled_dot_product_attention(q, k, v))  # expected: 7, with weights 1/4 and 3/4
