"""You apply a ReLU to the code. The code is the output of a linear layer and may be negative; a clipped one loses
half of its range."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Autoencoder(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, code_dim: int):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, code_dim))
        self.decoder = nn.Sequential(nn.Linear(code_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, input_dim))

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x.flatten(1)).relu()  # (N, ...) -> (N, input_dim) -> (N, code_dim)

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(code).sigmoid()  # (N, code_dim) -> (N, input_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x)).reshape(x.shape)


def train_autoencoder(
    model: nn.Module,
    data: Tensor,
    epochs: int,
    batch_size: int,
    lr: float,
    noise_std: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[float]:
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    device = data.device if generator is None else generator.device
    losses = []
    for _ in range(epochs):
        total = 0.0
        order = torch.randperm(len(data), generator=generator, device=device).to(data.device)
        for rows in order.split(batch_size):
            clean = noisy = data[rows]
            if noise_std > 0:
                noise = torch.randn(clean.shape, generator=generator, device=device, dtype=clean.dtype)
                noisy = clean + noise_std * noise.to(data.device)
            loss = F.mse_loss(model(noisy), clean)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        losses.append(total / len(data))
    return losses
