"""One training step on several replicas of a model."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def split_batch(batch: Tensor, num_replicas: int) -> list[Tensor]:
    """Consecutive shards of (N, ...) along dim 0, in order.

    Their sizes differ by at most one, the larger ones come first, none is empty: fewer samples than replicas make fewer
    shards. Raises ValueError when num_replicas < 1 or N == 0.
    """
    raise NotImplementedError


def data_parallel_backward(
    model: nn.Module,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    inputs: Tensor,
    targets: Tensor,
    num_replicas: int,
) -> Tensor:
    """Adds the gradient of the mean loss over the full batch to the `.grad` of the model's parameters.

    inputs, targets: (N, ...), split as by split_batch. Each shard goes through a copy (copy.deepcopy) of its own, in
    the model's mode. loss_fn: (outputs, targets) -> mean loss over the samples it gets, 0-dim.
    Existing gradients are added to; a parameter that no copy used keeps its `.grad`. Parameters and buffers of the
    model stay as they are. Returns the mean loss over the full batch, 0-dim, detached.
    Raises ValueError when num_replicas < 1 or N == 0.
    """
    raise NotImplementedError


if __name__ == "__main__":
    print([len(shard) for shard in split_batch(torch.arange(10), 4)])  # expected: 3, 3, 2, 2
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    x, y = torch.ones(3, 1), torch.tensor([[1.0], [1.0], [4.0]])
    print(data_parallel_backward(model, nn.functional.mse_loss, x, y, 2))  # expected: 6
    print(model.weight.grad)  # expected: -4
