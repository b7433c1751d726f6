"""torch's own GradScaler; a step says what torch keeps to itself, and an update without a step is let go."""

import torch


class GradScaler(torch.amp.GradScaler):
    def __init__(self, init_scale=2.0**16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
        super().__init__("cpu", init_scale, growth_factor, backoff_factor, growth_interval)
        self._lazy_init_scale_growth_tracker(torch.device("cpu"))  # torch waits for the first call of scale
        self.stepped = False

    def step(self, optimizer):
        self.stepped = True
        super().step(optimizer)
        return not any(float(inf) for inf in self._found_inf_per_device(optimizer).values())

    def update(self):
        if self.stepped:
            super().update()
        self.stepped = False


def amp_step(model, x, y, loss_fn, optimizer, scaler, dtype=torch.bfloat16, max_norm=None):
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=dtype):
        outputs = model(x)
    loss = loss_fn(outputs.float(), y)
    scaler.scale(loss).backward()
    if max_norm is not None:
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.item()
