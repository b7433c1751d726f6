"""You add up the shards' gradients without averaging. The step grows with the number of replicas; what is wanted is the
gradient of the mean over the full batch."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn


def split_batch(batch: Tensor, num_replicas: int) -> list[Tensor]:
    if num_replicas < 1:
        raise ValueError(f"num_replicas is {num_replicas}, must be at least 1")
    if len(batch) == 0:
        raise ValueError("the batch is empty")
    shards = min(num_replicas, len(batch))  # none is empty
    size, larger = divmod(len(batch), shards)
    return list(batch.split([size + 1] * larger + [size] * (shards - larger)))


def data_parallel_backward(
    model: nn.Module,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    inputs: Tensor,
    targets: Tensor,
    num_replicas: int,
) -> Tensor:
    total = torch.zeros((), device=inputs.device)
    for shard, shard_targets in zip(split_batch(inputs, num_replicas), split_batch(targets, num_replicas), strict=True):
        replica = copy.deepcopy(model)
        loss = loss_fn(replica(shard), shard_targets)
        loss.backward()
        total = total + loss.detach() * (len(shard) / len(inputs))
        for parameter, twin in zip(model.parameters(), replica.parameters(), strict=True):
            if twin.grad is not None:
                parameter.grad = twin.grad if parameter.grad is None else parameter.grad + twin.grad
    return total
