"""Another right way: the layer's forward is replaced for a while; gradients are caught by a hook on the tensor."""

from contextlib import ExitStack

import torch
from torch import nn


class _Spy:
    """Stands in for the forward of one module and remembers the last output, and its gradient when there is one."""

    def __init__(self, module, with_gradient=False):
        self.module, self.with_gradient = module, with_gradient
        self.output = self.gradient = None
        self.calls = 0

    def __enter__(self):
        self.original = self.module.forward
        self.module.forward = self
        return self

    def __exit__(self, *error):
        del self.module.forward

    def __call__(self, *arguments, **named):
        output = self.original(*arguments, **named)
        self.calls += 1
        self.output = output.detach().clone()
        if self.with_gradient:
            call = self.calls
            # Registered before anything works in place, so it is the gradient of what was returned.
            output.register_hook(lambda gradient: self.note(call, gradient))
        return output

    def note(self, call, gradient):
        if call == self.calls:
            self.gradient = gradient.clone()


class _Evaluating:
    def __init__(self, model):
        self.model = model

    def __enter__(self):
        self.training = {module for module in self.model.modules() if module.training}
        self.model.train(False)

    def __exit__(self, *error):
        for module in self.model.modules():
            module.training = module in self.training


def _lookup(model, name):
    every = dict(model.named_modules(remove_duplicate=False))
    if name not in every:
        raise KeyError(name)
    return every[name]


def feature_maps(model, images, layers):
    modules = {name: _lookup(model, name) for name in layers}
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_Evaluating(model))
        spies = {module: stack.enter_context(_Spy(module)) for module in dict.fromkeys(modules.values())}
        model(images)
    maps = {}
    for name, module in modules.items():
        if spies[module].output is None:
            raise KeyError(f"not called: {name}")
        maps[name] = spies[module].output
    return maps


def grad_cam(model, images, layer, classes=None):
    spy = _Spy(_lookup(model, layer), with_gradient=True)
    probe = images.detach().clone().requires_grad_()  # makes everything depend on something that needs a gradient
    with torch.enable_grad(), _Evaluating(model), spy:
        logits = model(probe.clone())
        if spy.calls == 0:
            raise KeyError(f"not called: {layer}")
        if classes is None:
            classes = torch.max(logits, dim=1).indices
        torch.autograd.grad(sum(row[label] for row, label in zip(logits, classes.tolist(), strict=True)), probe)
    weights = torch.einsum("nkij->nk", spy.gradient) / spy.gradient[0, 0].numel()
    cam = torch.einsum("nk,nkij->nij", weights, spy.output).clamp(min=0)
    enlarge = nn.Upsample(size=tuple(images.shape[2:]), mode="bilinear")
    cam = enlarge(cam.unsqueeze(1)).squeeze(1)
    for one in cam:
        if one.any():
            one /= one.max().clone()
    return cam


def to_grid(maps, columns, pad=1):
    count, height, width = maps.shape
    rows = -(-count // columns)
    shape = rows * height + (rows - 1) * pad, columns * width + (columns - 1) * pad
    picture = torch.zeros(shape, dtype=maps.dtype, device=maps.device)
    for index, one in enumerate(maps):
        row, column = divmod(index, columns)
        top, left = row * (height + pad), column * (width + pad)
        if one.min() != one.max():
            picture[top : top + height, left : left + width] = (one - one.min()) / (one.max() - one.min())
    return picture
