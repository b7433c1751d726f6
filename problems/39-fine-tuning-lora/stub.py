from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LoRALinear(nn.Module):
    """y = base(x) + alpha / rank * dropout(x) A^T B^T, with the keys base.weight, base.bias (where the base has one),
    lora_A (rank, in), lora_B (out, rank), and no others.

    base: kept and frozen. lora_A: Kaiming-uniform with a = sqrt(5). lora_B: zero. Both have the device and dtype of the
    base; the layer takes the base's training mode. Raises ValueError when rank is below 1 or above min(in, out).
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., in). Returns (..., out)."""
        raise NotImplementedError

    def merge(self) -> nn.Linear:
        """A new nn.Linear with parameters of its own and the same output without dropout; this layer stays as it is."""
        raise NotImplementedError


def inject_lora(model: nn.Module, targets: Sequence[str], rank: int, alpha: float, dropout: float = 0.0) -> int:
    """Replaces every nn.Linear whose last name is in targets by a LoRALinear; returns how many Linears it wrapped.

    A Linear that is used in several places gets one wrapper, at all of them, and counts once. Nothing is wrapped twice.
    Freezes all other parameters, except the factors of earlier injections. Raises ValueError, and leaves the model
    unchanged, when there is nothing to wrap.
    """
    raise NotImplementedError


def lora_state_dict(model: nn.Module) -> dict[str, Tensor]:
    """The lora_A and lora_B entries of every LoRALinear in the model, under their model.state_dict() names."""
    raise NotImplementedError


if __name__ == "__main__":
    base = nn.Linear(2, 2, bias=False)
    base.weight.data = torch.eye(2)
    layer = LoRALinear(base, rank=1, alpha=2.0)
    layer.lora_A.data, layer.lora_B.data = torch.tensor([[1.0, 1.0]]), torch.tensor([[3.0], [0.0]])
    print(layer(torch.tensor([1.0, 2.0])))  # expected: 19, 2
    print(layer.merge().weight)  # expected: 7, 6 and 0, 1
