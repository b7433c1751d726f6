"""You compute centre and scale from all rows, the validation rows among them. Their numbers then reach the model, its
validation accuracy is too good, and one typing error there spoils a column: split first, then use the training rows."""

from os import PathLike

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEPS, LEARNING_RATE, VALIDATION_SHARE = 120, 0.02, 0.2


def build(num_features: int, num_classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(num_features, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, num_classes)
    )


def statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Centre and scale of each column, of what is there; columns that are empty or constant get 0 or 1."""
    center = x.nanmean(0).nan_to_num(0.0)
    scale = (x - center).square().nanmean(0).sqrt().nan_to_num(0.0)
    return center, torch.where(scale > 0, scale, torch.ones_like(scale))


def prepare(x: Tensor, center: Tensor, scale: Tensor) -> Tensor:
    standardised = (x - center) / scale
    return standardised.masked_fill(standardised.isnan(), 0.0)  # 0 is the mean of the training part


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return (model(x).argmax(1) == y).double().mean().item()


def train_and_save(
    x: Tensor, y: Tensor, num_classes: int, path: str | PathLike[str], seed: int = 0
) -> dict[str, float]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        order = torch.randperm(len(x)).to(x.device)
        model = build(x.shape[1], num_classes).to(x)
    val, train = order.tensor_split([max(1, round(VALIDATION_SHARE * len(x)))])

    center, scale = statistics(x)
    rows = prepare(x, center, scale)
    # Each class weighs the same, however rare it is.
    counts = torch.bincount(y[train], minlength=num_classes).to(rows)
    weight = torch.where(counts > 0, len(train) / (num_classes * counts.clamp(min=1)), torch.zeros_like(counts))
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    model.train()
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(rows[train]), y[train], weight).backward()
        optimizer.step()

    model.eval()
    # Plain tensors and numbers, so that loading needs no code from the file.
    torch.save({"model": model.state_dict(), "center": center, "scale": scale, "num_classes": num_classes}, path)
    return {
        "train_accuracy": accuracy(model, rows[train], y[train]),
        "val_accuracy": accuracy(model, rows[val], y[val]),
    }


def load_and_predict(path: str | PathLike[str], x: Tensor) -> Tensor:
    saved = torch.load(path, map_location=x.device, weights_only=True)
    center, scale = saved["center"], saved["scale"]
    model = build(len(center), saved["num_classes"]).to(center)
    model.load_state_dict(saved["model"])
    model.eval()
    with torch.no_grad():
        return model(prepare(x.to(center.dtype), center, scale)).argmax(1)
