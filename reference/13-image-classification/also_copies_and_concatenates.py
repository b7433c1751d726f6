"""All outputs in one tensor, inference mode, sums on the device, the best epoch as a copy of the model."""

import copy

import torch


def train_one_epoch(model, batches, loss_fn, optimizer):
    device = next(model.parameters()).device
    for module in model.modules():
        module.training = True
    losses, sizes = [], []
    for batch in batches:
        x, y = (part.to(device, non_blocking=True) for part in batch)
        model.zero_grad(set_to_none=True)
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        sizes.append(y.numel())
    if not sizes:
        raise ValueError("empty")
    weights = torch.tensor(sizes, dtype=losses[0].dtype, device=device)
    return ((torch.stack(losses) * weights).sum() / sum(sizes)).item()


def evaluate(model, batches, loss_fn):
    training = {name for name, module in model.named_modules() if module.training}
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        pairs = [(model(x.to(device)), y.to(device)) for x, y in batches]
        if pairs:
            outputs, labels = (torch.cat(parts) for parts in zip(*pairs, strict=True))
            loss = loss_fn(outputs, labels).item()
            accuracy = (outputs.max(dim=1).indices == labels).float().mean().item()
    for name, module in model.named_modules():
        module.training = name in training
    if not pairs:
        raise ValueError("empty")
    return loss, accuracy


def fit(model, train_batches, val_batches, loss_fn, optimizer, epochs):
    rows, best = [], None
    for _ in range(epochs):
        rows.append((train_one_epoch(model, train_batches, loss_fn, optimizer), *evaluate(model, val_batches, loss_fn)))
        if best is None or rows[-1][2] > best[0]:
            best = rows[-1][2], copy.deepcopy(model)
    model.load_state_dict(best[1].state_dict())
    model.eval()
    train_loss, val_loss, val_accuracy = ([row[i] for row in rows] for i in range(3))
    return {"val_accuracy": val_accuracy, "val_loss": val_loss, "train_loss": train_loss}
