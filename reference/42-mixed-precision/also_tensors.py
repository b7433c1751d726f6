"""Looks for what is not finite while unscaling, with one number for all gradients; keeps its notes by optimizer id."""

import math

import torch


class GradScaler:
    def __init__(self, init_scale=2.0**16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
        self._state = {"scale": init_scale, "tracker": 0}
        self._growth, self._backoff, self._interval = growth_factor, backoff_factor, growth_interval
        self._finite = {}  # id of the optimizer -> whether its gradients were finite when unscaled
        self._stepped = set()

    def scale(self, loss):
        return loss * torch.as_tensor(self._state["scale"], dtype=loss.dtype, device=loss.device)

    def unscale_(self, optimizer):
        if id(optimizer) in self._finite:
            raise RuntimeError("unscale_ was already called on this optimizer")
        inverse, total = 1.0 / self._state["scale"], 0.0
        with torch.no_grad():
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        total += float((parameter.grad * 0).sum())  # 0, or nan
                        parameter.grad = parameter.grad * inverse
        self._finite[id(optimizer)] = math.isfinite(total)

    def step(self, optimizer):
        key = id(optimizer)
        if key not in self._finite:
            self.unscale_(optimizer)
        self._stepped.add(key)
        if self._finite[key]:
            optimizer.step()
            return True
        return False

    def update(self):
        if self._stepped:
            good = all(self._finite[key] for key in self._stepped)
            tracker = self._state["tracker"] + 1 if good else 0
            factor = 1.0 if good else self._backoff
            if tracker >= self._interval:
                tracker, factor = 0, self._growth
            self._state = {"scale": self._state["scale"] * factor, "tracker": tracker}
        self._finite, self._stepped = {}, set()

    def get_scale(self):
        return float(self._state["scale"])

    def state_dict(self):
        return dict(self._state)

    def load_state_dict(self, state):
        self._state = dict(state)


def amp_step(model, x, y, loss_fn, optimizer, scaler, dtype=torch.bfloat16, max_norm=None):
    parameters = list(model.parameters())
    for parameter in parameters:
        parameter.grad = None
    with torch.amp.autocast(device_type=parameters[0].device.type, dtype=dtype, enabled=True):
        out = model(x)
    loss = loss_fn(out.to(torch.float32), y)
    scaler.scale(loss).backward()
    if max_norm is not None:
        scaler.unscale_(optimizer)
        grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
        norm = torch.cat([grad.flatten() for grad in grads]).norm()
        for grad in grads:
            grad *= (max_norm / (norm + 1e-6)).clamp(max=1)
    scaler.step(optimizer)
    scaler.update()
    return float(loss.detach())
