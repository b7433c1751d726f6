from collections.abc import Sequence

import torch
from torch import Tensor, nn


def feature_maps(model: nn.Module, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """What each named layer returned in a forward pass in evaluation mode, of several calls the last: detached copies.

    layers: names as in model.get_submodule; each layer returns one tensor. The model (modes of all modules, `.grad`,
    requires_grad, buffers, hooks) and the images are afterwards as they were, also when something is raised.
    Raises KeyError, with the name in its message, when a layer is unknown or was not called.
    """
    raise NotImplementedError


def grad_cam(model: nn.Module, images: Tensor, layer: str, classes: Tensor | None = None) -> Tensor:
    """Where a class is seen: (N, H, W) in [0, 1], detached, each map divided by its largest value.

    model: (N, C0, H, W) -> logits (N, C), run in evaluation mode; its layer returns (N, K, h, w), of several calls the
    last counts. classes: (N,) int64 on the images' device; None: the class of each image's largest logit. Works for
    frozen models and within torch.no_grad(), and leaves everything as feature_maps does. Raises KeyError likewise.
    """
    raise NotImplementedError


def to_grid(maps: Tensor, columns: int, pad: int = 1) -> Tensor:
    """One picture of K maps, (K, H, W) -> 2-D: row by row, `columns` cells wide, `pad` pixels of 0 between the cells.

    Each map is scaled to [0, 1] by its own minimum and maximum; a constant one is 0, and so are missing cells. There is
    no border around the picture.
    """
    raise NotImplementedError


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)
    )
    images = torch.randn(2, 1, 8, 8)
    maps = feature_maps(model, images, ["0", "4"])
    print({name: tuple(tensor.shape) for name, tensor in maps.items()})  # expected: (2, 6, 8, 8) and (2, 3)
    print(grad_cam(model, images, "0").shape)  # expected: (2, 8, 8)
    print(to_grid(torch.tensor([[[1.0, 3.0]], [[5.0, 5.0]], [[0.0, -4.0]]]), columns=2))
    # expected: [[0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
