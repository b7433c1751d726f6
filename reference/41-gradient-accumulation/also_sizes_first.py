"""Takes the group's micro-batches first, so that each loss can be weighed by its share of the samples at once."""

from itertools import islice

from torch.nn.utils import clip_grad_norm_


def train_with_accumulation(model, batches, loss_fn, optimizer, accumulation_steps, max_norm=None):
    if accumulation_steps <= 0:
        raise ValueError("accumulation_steps must be positive")
    stream, losses = iter(batches), []
    while group := list(islice(stream, accumulation_steps)):
        samples = sum(targets.shape[0] for _, targets in group)
        for parameter in model.parameters():
            parameter.grad = None
        mean = 0.0
        for inputs, targets in group:
            loss = loss_fn(model(inputs), targets).mul(inputs.shape[0] / samples)
            loss.backward()
            mean += float(loss.detach())
        if max_norm is not None:
            clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        losses.append(mean)
    return losses
