"""Another right way: layers named by hand, Adam written out, the sum of squares divided at the end."""

import math
from collections import OrderedDict

import torch
from torch import nn


def _perceptron(inputs, hidden, outputs):
    first, second = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)
    return nn.Sequential(OrderedDict([("0", first), ("activation", nn.ReLU()), ("2", second)]))


class Autoencoder(nn.Module):
    def __init__(self, input_dim, hidden_dim, code_dim):
        super().__init__()
        self.decoder = _perceptron(code_dim, hidden_dim, input_dim)
        self.encoder = _perceptron(input_dim, hidden_dim, code_dim)
        self.input_dim = input_dim

    def encode(self, x):
        return self.encoder(x.reshape(-1, self.input_dim))

    def decode(self, code):
        return 1 / (1 + torch.exp(-self.decoder(code)))

    def forward(self, x):
        return self.decode(self.encode(x)).view_as(x)


def _draw(kind, shape, generator, like):
    if generator is None:
        return kind(shape, device=like.device, dtype=like.dtype)
    return kind(shape, generator=generator, dtype=like.dtype, device=generator.device).to(like.device)


def train_autoencoder(model, data, epochs, batch_size, lr, noise_std=0.0, generator=None):
    parameters = list(model.parameters())
    first, second = ([torch.zeros_like(parameter) for parameter in parameters] for _ in range(2))
    step, history = 0, []
    for _ in range(epochs):
        squares = 0.0
        order = _draw(torch.rand, (data.shape[0],), generator, data.double()).argsort()
        for start in range(0, data.shape[0], batch_size):
            target = data.index_select(0, order[start : start + batch_size])
            inputs = target + noise_std * _draw(torch.randn, target.shape, generator, data)
            error = (model(inputs) - target).square()
            grads = torch.autograd.grad(error.mean(), parameters, allow_unused=True)
            step += 1
            with torch.no_grad():
                for parameter, m, v, grad in zip(parameters, first, second, grads, strict=True):
                    if grad is None:
                        continue
                    m.lerp_(grad, 0.1)
                    v.mul_(0.999).addcmul_(grad, grad, value=0.001)
                    rate = lr / (1 - 0.9**step)
                    parameter -= rate * m / (v.sqrt() / math.sqrt(1 - 0.999**step) + 1e-8)
            squares += error.detach().sum()
        history.append(float(squares) / data.numel())
    return history
