"""You build no graph when the caller is within `torch.no_grad()`, as evaluation code usually is. Switch gradients on
around your own forward."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def find_layer(model: nn.Module, name: str) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError:
        raise KeyError(f"the model has no layer {name!r}") from None


@contextmanager
def watching(model: nn.Module, hooks: Mapping[str, Callable]) -> Iterator[None]:
    """Evaluation mode, and a forward hook on each named layer; both are undone, whatever happens inside."""
    found = [(find_layer(model, name), hook) for name, hook in hooks.items()]
    modes = [(module, module.training) for module in model.modules()]
    handles = [layer.register_forward_hook(hook) for layer, hook in found]
    model.eval()
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:  # each by itself: a frozen layer stays in evaluation mode
            module.training = training


def feature_maps(model: nn.Module, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    maps: dict[str, Tensor] = {}

    def keeping(name: str) -> Callable:
        def keep(layer, inputs, output):
            maps[name] = output.detach().clone()  # a copy: the next layer may work in place

        return keep

    with watching(model, {name: keeping(name) for name in layers}), torch.no_grad():
        model(images)
    for name in layers:
        if name not in maps:
            raise KeyError(f"the model never called the layer {name!r}")
    return maps


def grad_cam(model: nn.Module, images: Tensor, layer: str, classes: Tensor | None = None) -> Tensor:
    outputs: list[Tensor] = []

    def cut(module, inputs, output):
        # The graph starts here, so no parameter needs a gradient or gets one; later layers work on a copy.
        outputs.append(output.detach().clone().requires_grad_())
        return outputs[-1].clone()

    with watching(model, {layer: cut}):
        logits = model(images)  # (N, C)
        if not outputs:
            raise KeyError(f"the model never called the layer {layer!r}")
        if classes is None:
            classes = logits.argmax(1)
        chosen = logits.gather(1, classes[:, None]).sum()  # images do not mix, so one backward serves them all
        (gradient,) = torch.autograd.grad(chosen, outputs[-1])
    weights = gradient.mean((2, 3), keepdim=True)  # (N, K, h, w) -> (N, K, 1, 1)
    cam = (weights * outputs[-1].detach()).sum(1, keepdim=True).relu()  # (N, 1, h, w)
    cam = F.interpolate(cam, size=images.shape[-2:], mode="bilinear", align_corners=False)[:, 0]  # (N, H, W)
    peak = cam.amax((1, 2), keepdim=True)
    return cam / torch.where(peak > 0, peak, 1.0)


def to_grid(maps: Tensor, columns: int, pad: int = 1) -> Tensor:
    count, height, width = maps.shape
    low = maps.amin((1, 2), keepdim=True)
    span = maps.amax((1, 2), keepdim=True) - low
    scaled = (maps - low) / torch.where(span > 0, span, 1.0)
    rows = math.ceil(count / columns)
    cells = maps.new_zeros(rows * columns, height + pad, width + pad)  # each with its pad, right and below
    cells[:count, :height, :width] = scaled
    picture = cells.view(rows, columns, height + pad, width + pad).transpose(1, 2)  # (rows, h, columns, w)
    picture = picture.reshape(rows * (height + pad), columns * (width + pad))
    return picture[: rows * (height + pad) - pad, : columns * (width + pad) - pad]
