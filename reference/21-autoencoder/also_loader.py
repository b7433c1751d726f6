"""Another right way: a DataLoader that shuffles, subclasses of nn.Sequential, an input noise from torch.normal."""

import torch
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset


class Coder(nn.Sequential):
    def __init__(self, inputs, hidden, outputs, *last):
        super().__init__(nn.Linear(inputs, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, outputs), *last)


class Autoencoder(nn.Module):
    def __init__(self, input_dim, hidden_dim, code_dim):
        super().__init__()
        self.encoder = Coder(input_dim, hidden_dim, code_dim)
        self.decoder = Coder(code_dim, hidden_dim, input_dim, nn.Sigmoid())

    def encode(self, x):
        return self.encoder(nn.Flatten()(x))

    def decode(self, code):
        return self.decoder(code)

    def forward(self, x):
        code = self.encode(x)
        return self.decode(code).unflatten(1, x.shape[1:])


def train_autoencoder(model, data, epochs, batch_size, lr, noise_std=0.0, generator=None):
    criterion, optimizer = nn.MSELoss(), torch.optim.Adam([*model.parameters()], lr)
    dataset = TensorDataset(data)
    loader = DataLoader(dataset, batch_size, sampler=RandomSampler(dataset, generator=generator), generator=generator)
    losses = []
    for _ in range(epochs):
        weighted = []
        for (x,) in loader:
            noise = torch.normal(0.0, 1.0, x.shape, generator=generator, dtype=x.dtype).to(x.device)
            loss = criterion(model(x + noise_std * noise), x)
            model.zero_grad()
            loss.backward()
            optimizer.step()
            weighted.append(loss.detach() * len(x))
        losses.append((torch.stack(weighted).sum() / len(dataset)).item())
    return losses
