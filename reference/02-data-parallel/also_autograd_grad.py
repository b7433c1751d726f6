"""Shards by their bounds; the replicas' gradients come from autograd.grad and never lie in a field of theirs."""

import copy

import torch


def split_batch(batch, num_replicas):
    count = batch.size(0)
    if num_replicas <= 0:
        raise ValueError("num_replicas must be positive")
    if count == 0:
        raise ValueError("nothing to split")
    shards = []
    while count:
        size = -(-count // max(1, num_replicas - len(shards)))  # what is left, over the replicas left, rounded up
        shards.append(batch[batch.size(0) - count :][:size])
        count -= size
    return shards


class _Replica:
    def __init__(self, model, share):
        self.model, self.share = copy.deepcopy(model), share
        trainable = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        self.names, self.parameters = list(trainable), list(trainable.values())

    def run(self, loss_fn, x, y):
        loss = self.share * loss_fn(self.model(x), y)
        grads = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        return loss.detach(), dict(zip(self.names, grads, strict=True))


def data_parallel_backward(model, loss_fn, inputs, targets, num_replicas):
    losses = []
    for x, y in zip(split_batch(inputs, num_replicas), split_batch(targets, num_replicas), strict=True):
        loss, grads = _Replica(model, x.size(0) / inputs.size(0)).run(loss_fn, x, y)
        losses.append(loss)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if grads.get(name) is not None:
                    before = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                    parameter.grad = before + grads[name]
    return sum(losses)
