"""Deployment with torch.export: a program that needs no Python class, and a predictor that runs it in chunks."""

import io
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor, nn


def export_model(model: nn.Module, example: Tensor, path: str | PathLike[str]) -> None:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        # Sizes 0 and 1 become constants of the program; only from 2 rows on can the batch size stay free.
        rows = torch.cat([example, example])
        program = torch.export.export(model, (rows,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    finally:
        for module, mode in modes:
            module.training = mode
    file = io.BytesIO()  # torch.export.save wants a path to end in .pt2
    torch.export.save(program, file)
    Path(path).write_bytes(file.getvalue())


class Predictor:
    def __init__(self, path: str | PathLike[str], max_batch: int = 32):
        if max_batch < 1:
            raise ValueError(f"max_batch is at least 1, not {max_batch}")
        self.max_batch = max_batch
        self.program = torch.export.load(io.BytesIO(Path(path).read_bytes())).module()

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        if len(x) == 0:  # one made-up row tells width and dtype
            return self.program(x.new_zeros(1, *x.shape[1:]))[:0]
        return torch.cat([self.program(chunk) for chunk in x.split(self.max_batch)])
