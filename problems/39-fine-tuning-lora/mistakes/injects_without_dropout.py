"""Your inject_lora does not pass dropout on. The layers it makes have none, whatever the caller asks for."""

import math
from collections.abc import Sequence

from torch import Tensor, nn


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0):
        super().__init__()
        if not 1 <= rank <= min(base.in_features, base.out_features):
            raise ValueError(f"rank {rank} is not between 1 and {min(base.in_features, base.out_features)}")
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        self.lora_A = nn.Parameter(base.weight.new_empty(rank, base.in_features))
        self.lora_B = nn.Parameter(base.weight.new_zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)
        self.train(base.training)

    def forward(self, x: Tensor) -> Tensor:
        low_rank = self.dropout(x) @ self.lora_A.T @ self.lora_B.T  # (..., in) -> (..., rank) -> (..., out)
        return self.base(x) + self.scale * low_rank

    def merge(self) -> nn.Linear:
        weight, bias = self.base.weight.detach(), self.base.bias
        merged = nn.Linear(
            self.base.in_features, self.base.out_features, bias is not None, device=weight.device, dtype=weight.dtype
        )
        merged.weight.data.copy_(weight + self.scale * self.lora_B.detach() @ self.lora_A.detach())
        if bias is not None:
            merged.bias.data.copy_(bias)
        return merged


def inject_lora(model: nn.Module, targets: Sequence[str], rank: int, alpha: float, dropout: float = 0.0) -> int:
    wrapped = {module.base for module in model.modules() if isinstance(module, LoRALinear)}
    # A module that is used in several places is listed at each of them.
    places = [(name, module) for name, module in model.named_modules(remove_duplicate=False)]
    chosen = [module for name, module in places if isinstance(module, nn.Linear) and last(name) in targets]
    wrappers = {linear: LoRALinear(linear, rank, alpha) for linear in chosen if linear not in wrapped}
    if not wrappers:
        raise ValueError(f"the model has no nn.Linear called {' or '.join(targets)} that is still to be wrapped")
    for name, module in places:
        if module in wrappers:
            setattr(model.get_submodule(name.rpartition(".")[0]), last(name), wrappers[module])
    adapters = [module for module in model.modules() if isinstance(module, LoRALinear)]
    factors = {factor for adapter in adapters for factor in (adapter.lora_A, adapter.lora_B)}
    for parameter in model.parameters():
        if parameter not in factors:
            parameter.requires_grad_(False)
    return len(wrappers)


def last(name: str) -> str:
    return name.rpartition(".")[2]


def lora_state_dict(model: nn.Module) -> dict[str, Tensor]:
    state, found = model.state_dict(), {}
    for name, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, LoRALinear):
            for factor in ("lora_A", "lora_B"):
                key = f"{name}.{factor}" if name else factor
                found[key] = state[key]
    return found
