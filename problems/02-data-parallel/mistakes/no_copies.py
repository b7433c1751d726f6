"""You run the shards through the model itself. The gradients are right, but nothing is parallel, and the running
statistics of the model change; each shard needs a copy."""

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
        replica = model
        # A shard's mean weighs as much as it has samples: the shards are not all equally large.
        loss = loss_fn(replica(shard), shard_targets) * (len(shard) / len(inputs))
        loss.backward()
        total = total + loss.detach()
    return total
