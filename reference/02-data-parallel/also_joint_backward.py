"""All replicas first, then one backward pass through the sum of their losses, then one reduction per parameter."""

from copy import deepcopy

import torch


def split_batch(batch, num_replicas):
    if num_replicas < 1 or batch.shape[0] == 0:
        raise ValueError("at least one replica and one sample")
    return list(torch.tensor_split(batch, min(num_replicas, batch.shape[0])))


def data_parallel_backward(model, loss_fn, inputs, targets, num_replicas):
    shards = list(zip(*(split_batch(batch, num_replicas) for batch in (inputs, targets)), strict=True))
    replicas = [deepcopy(model) for _ in shards]
    for replica in replicas:
        replica.zero_grad(set_to_none=True)
    sums = [loss_fn(replica(x), y) * x.shape[0] for replica, (x, y) in zip(replicas, shards, strict=True)]
    loss = torch.stack(sums).sum() / inputs.shape[0]
    loss.backward()
    for name, parameter in model.named_parameters():
        parts = [replica.get_parameter(name).grad for replica in replicas]
        parts = [part for part in parts if part is not None]
        if not parts:
            continue
        reduced = torch.stack(parts).sum(0)
        if parameter.grad is None:
            parameter.grad = reduced
        else:
            parameter.grad.add_(reduced)
    return loss.detach()
