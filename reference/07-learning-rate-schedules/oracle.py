"""torch's own schedulers, each driven from step 0."""

import warnings

import torch
from torch.optim import lr_scheduler

warnings.filterwarnings("ignore")


def rate_after(step, base_lr, scheduler_of):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base_lr)
    scheduler = scheduler_of(optimizer)
    for _ in range(step):
        scheduler.step()
    return float(optimizer.param_groups[0]["lr"])


def step_decay(step, base_lr, step_size, gamma):
    return rate_after(step, base_lr, lambda optimizer: lr_scheduler.StepLR(optimizer, step_size, gamma))


def warmup_cosine(step, base_lr, warmup_steps, total_steps, min_lr=0.0):
    if not 0 <= warmup_steps < total_steps:
        raise ValueError("bad warmup_steps")
    if step >= total_steps:
        return float(min_lr)
    if step >= warmup_steps:
        rest = total_steps - warmup_steps
        return rate_after(
            step - warmup_steps, base_lr, lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, rest, min_lr)
        )
    if warmup_steps == 1:
        return float(base_lr)
    return rate_after(
        step,
        base_lr,
        lambda optimizer: lr_scheduler.LinearLR(optimizer, 1 / warmup_steps, total_iters=warmup_steps - 1),
    )


class WarmupCosine:
    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        self.optimizer, self.schedule = optimizer, (warmup_steps, total_steps, min_lr)
        self.load_state_dict((0, tuple(group["lr"] for group in optimizer.param_groups)))

    def step(self):
        self.load_state_dict((self.done + 1, self.base_lrs))

    def get_last_lr(self):
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self):
        return self.done, self.base_lrs

    def load_state_dict(self, state):
        self.done, self.base_lrs = state
        for group, base_lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = warmup_cosine(self.done, base_lr, *self.schedule)
