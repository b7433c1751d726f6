"""Another right way: mini-batches, dropout, early stopping, a flag for every gap, one module that holds everything."""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Pipeline(nn.Module):
    def __init__(self, columns, classes):
        super().__init__()
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("std", torch.ones(columns))
        self.net = nn.Sequential(
            nn.Linear(2 * columns, 32), nn.LayerNorm(32), nn.GELU(), nn.Dropout(0.2), nn.Linear(32, classes)
        )

    def fit_statistics(self, x):
        there = ~x.isnan()
        count = there.sum(0).clamp(min=1)
        self.mean.copy_(x.nan_to_num(0).sum(0) / count)
        deviation = torch.where(there, x - self.mean, torch.zeros_like(x))
        std = (deviation.square().sum(0) / count).sqrt()
        self.std.copy_(std.where(std > 1e-7 * self.mean.abs(), torch.ones_like(std)))

    def forward(self, x):
        gaps = torch.isnan(x)
        z = torch.where(gaps, self.mean.expand_as(x), x).sub(self.mean).div(self.std)
        return self.net(torch.cat([z.clamp(-10, 10), gaps.to(z.dtype)], 1))


def _accuracy(pipeline, x, y):
    pipeline.eval()
    with torch.inference_mode():
        return float((pipeline(x).argmax(-1) == y).to(torch.float64).mean())


def train_and_save(x, y, num_classes, path, seed=0):
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(x.shape[0], generator=generator).to(x.device)
    cut = int(0.85 * len(order))
    x_train, y_train, x_val, y_val = x[order[:cut]], y[order[:cut]], x[order[cut:]], y[order[cut:]]
    state = torch.get_rng_state()
    torch.manual_seed(seed + 1)
    try:
        pipeline = Pipeline(x.shape[1], num_classes).to(device=x.device, dtype=x.dtype)
        pipeline.fit_statistics(x_train)
        frequency = torch.bincount(y_train, minlength=num_classes).to(x.dtype)
        loss_fn = nn.CrossEntropyLoss(weight=(frequency.sum() / frequency.clamp(min=1)).sqrt())
        optimizer = torch.optim.Adam(pipeline.parameters(), lr=5e-3)
        batches = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True, generator=generator)
        best, best_accuracy, waited = None, -1.0, 0
        for _ in range(25):
            pipeline.train()
            for rows, labels in batches:
                loss = loss_fn(pipeline(rows), labels)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            score = _accuracy(pipeline, x_val, y_val)
            waited += 1
            if score > best_accuracy:
                best, best_accuracy, waited = copy.deepcopy(pipeline.state_dict()), score, 0
            if waited == 8:
                break
    finally:
        torch.set_rng_state(state)
    pipeline.load_state_dict(best)
    torch.save({"sizes": [x.shape[1], num_classes], "state": {k: v.cpu() for k, v in best.items()}}, str(path))
    return {"train_accuracy": _accuracy(pipeline, x_train, y_train), "val_accuracy": best_accuracy}


def load_and_predict(path, x):
    saved = torch.load(str(path), weights_only=True, map_location="cpu")
    pipeline = Pipeline(*saved["sizes"])
    pipeline.load_state_dict(saved["state"])
    pipeline.eval()
    with torch.inference_mode():
        return pipeline(x.cpu().to(pipeline.mean.dtype)).argmax(-1).to(x.device)
