"""Keeps a running mean of the gradients in tensors of its own; `.grad` is set just before the step."""

import torch


class _Group:
    def __init__(self, parameters):
        self.parameters = parameters
        self.means = [None] * len(parameters)
        self.loss = self.samples = self.micro_batches = 0

    def add(self, loss, count):
        grads = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        self.micro_batches += 1
        self.samples += count
        share = count / self.samples
        self.loss += (loss.item() - self.loss) * share
        for i, grad in enumerate(grads):
            if grad is not None:
                mean = torch.zeros_like(grad) if self.means[i] is None else self.means[i]
                self.means[i] = torch.lerp(mean, grad, share)

    def gradients(self, max_norm):
        if max_norm is None:
            return self.means
        square = sum(float(mean.double().square().sum()) for mean in self.means if mean is not None)
        factor = min(1.0, max_norm / (square**0.5 + 1e-6))
        return [None if mean is None else mean * factor for mean in self.means]


def train_with_accumulation(model, batches, loss_fn, optimizer, accumulation_steps, max_norm=None):
    if accumulation_steps < 1:
        raise ValueError("at least one micro-batch a step")
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    losses = []

    def finish(group):
        for parameter, gradient in zip(parameters, group.gradients(max_norm), strict=True):
            parameter.grad = gradient
        optimizer.step()
        losses.append(float(group.loss))

    group = _Group(parameters)
    for inputs, targets in batches:
        group.add(loss_fn(model(inputs), targets), inputs.size(0))
        if group.micro_batches == accumulation_steps:
            finish(group)
            group = _Group(parameters)
    if group.micro_batches:
        finish(group)
    return losses
