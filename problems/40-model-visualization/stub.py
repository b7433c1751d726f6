from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def layer_summary(model: nn.Module, *inputs: Any) -> list[dict[str, Any]]:
    """Runs model(*inputs) once and returns one row per call of a leaf module, in the order of execution.

    A leaf module has no submodules; the model may be one itself. A row has the keys
    "name": its name in model.named_modules()
    "type": the name of its class, such as "Linear"
    "output_shape": a tuple; of the first tensor, where the output is a tuple
    "num_params": how many numbers its parameters hold, frozen ones too; 0 from its second call on

    The modes of all modules, hooks, gradients, parameters and statistics are as before, also when the forward fails;
    its error is raised.
    """
    raise NotImplementedError


def export_onnx(model: nn.Module, example: Tensor, path: str | PathLike[str]) -> None:
    """Writes the model, in evaluation mode, to `path` as one ONNX file that needs no other.

    model: takes a float32 or integer tensor (N, ...) and returns a tensor (N, ...); its parameters are float32.
    example: an input with at least one row. The file takes any number of rows from 1 on.
    The input is called "input", the output "output". The mode of every module is as before, also on failure.
    """
    raise NotImplementedError


if __name__ == "__main__":
    tanh = nn.Tanh()
    model = nn.Sequential(nn.Linear(4, 8), tanh, nn.Sequential(nn.Linear(8, 8), tanh), nn.Linear(8, 2))
    for row in layer_summary(model, torch.randn(5, 4)):
        print(row)  # expected: 0 Linear 40, 1 Tanh 0, 2.0 Linear 72, 1 Tanh 0, 3 Linear 18
    export_onnx(model, torch.randn(1, 4), "model.onnx")  # open it in Netron, or run it with onnxruntime
    print(sorted(str(file) for file in Path().glob("model.onnx*")))  # expected: ['model.onnx']
