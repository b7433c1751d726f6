"""Ways of looking at a solution that many checks share; `judge.checks` offers them to problem authors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import nn


def gradients(module: nn.Module | None = None, **tensors: torch.Tensor) -> dict[str, torch.Tensor | None]:
    """The `.grad` of every parameter of a module by name, and of the named tensors; None where there is none."""
    found = {name: parameter.grad for name, parameter in module.named_parameters()} if module is not None else {}
    found.update({name: tensor.grad for name, tensor in tensors.items()})
    return {name: None if grad is None else grad.detach().clone() for name, grad in found.items()}


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of the module's parameters and buffers by name."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def names_and_shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """The module's `state_dict` as its keys and shapes."""
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def modes(module: nn.Module) -> dict[str, bool]:
    """Whether each sub-module is in training mode, by name; the module itself is ""."""
    return {name: child.training for name, child in module.named_modules()}


def changes(call: Callable[[], Any], *tensors: torch.Tensor) -> list[torch.Tensor]:
    """What the call does to tensors that it should leave alone: after minus before, so 0 where nothing changed."""
    before = [tensor.detach().clone() for tensor in tensors]
    call()
    after = [tensor.detach().clone() for tensor in tensors]
    return [new ^ old if new.dtype == torch.bool else new - old for new, old in zip(after, before, strict=True)]


def influence(
    function: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    other: torch.Tensor,
    *,
    dim: int = 1,
    out_dim: int = 1,
) -> torch.Tensor:
    """Which outputs depend on which inputs: a boolean (outputs along `out_dim`, inputs along `dim`), on the CPU.

    Input position j is replaced by that of `other`, which has x's shape and must differ from it everywhere; an output
    position depends on j when any of its numbers moves by more than rounding. A causal function of a sequence gives a
    lower triangle.
    """
    with torch.no_grad():
        before = function(x).detach().double().cpu()
        columns = []
        for position in range(x.shape[dim]):
            changed = x.clone()
            changed.select(dim, position).copy_(other.select(dim, position))
            moved = (function(changed).detach().double().cpu() - before).abs().movedim(out_dim, 0).flatten(1)
            columns.append(moved.amax(1) > 1e-5 * max(1e-6, float(before.abs().max())))
    return torch.stack(columns, 1)


def minimise(
    loss: Callable[[int], torch.Tensor],
    parameters: Iterable[nn.Parameter],
    steps: int,
    lr: float = 0.01,
    after: Callable[[], object] | None = None,
) -> list[float]:
    """A plain training loop with Adam: `loss(step)` is made smaller; returns its values, one a step.

    after: called after every step of the optimizer.
    """
    optimizer, curve = torch.optim.Adam(parameters, lr=lr), []
    for step in range(steps):
        value = loss(step)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        if after is not None:
            after()
        curve.append(value.item())
    return curve


def batch_of(given: Mapping[str, torch.Tensor], step: int, size: int, names: Sequence[str] = ("x", "y")) -> list[Any]:
    """Rows of the named tensors of a task for one training step: consecutive ones, from the start again at the end."""
    first = given[names[0]]
    rows = torch.arange(step * size, (step + 1) * size, device=first.device) % len(first)
    return [given[name][rows] for name in names]
