"""A table of a model's layers from forward hooks, and a file of the model for other runtimes: ONNX."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Every module has a mode of its own: a frozen BatchNorm is in evaluation mode inside a model that trains."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def first_tensor(output: Any) -> Tensor:
    if isinstance(output, Tensor):
        return output
    return next(entry for entry in output if isinstance(entry, Tensor))


def layer_summary(model: nn.Module, *inputs: Any) -> list[dict[str, Any]]:
    names = {module: name for name, module in model.named_modules()}  # a shared module once, under its first name
    rows: list[dict[str, Any]] = []
    counted: set[nn.Module] = set()

    def record(module: nn.Module, args: Any, output: Any) -> None:
        parameters = 0 if module in counted else sum(parameter.numel() for parameter in module.parameters())
        counted.add(module)
        rows.append(
            {
                "name": names[module],
                "type": type(module).__name__,
                "output_shape": tuple(first_tensor(output).shape),
                "num_params": parameters,
            }
        )

    leaves = [module for module in names if not list(module.children())]
    hooks = [leaf.register_forward_hook(record) for leaf in leaves]
    try:
        with evaluation_mode(model), torch.no_grad():
            model(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return rows


def export_onnx(model: nn.Module, example: Tensor, path: str | PathLike[str]) -> None:
    rows = torch.cat([example, example])  # to torch.export a size of 1 may be a constant
    with evaluation_mode(model):
        torch.onnx.export(
            model,
            (rows,),
            path,
            input_names=["input"],
            output_names=["output"],
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            dynamo=True,
            external_data=False,  # else the weights lie in a second file beside this one
            verbose=False,
        )
