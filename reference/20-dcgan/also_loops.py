"""Layers made in loops, instance norm and a global average in the discriminator, weights through .data, logsigmoid."""

import torch
from torch import nn


class Block(nn.Module):
    """Twice the size, with a shortcut that is upsampled, too."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.up = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
        self.shortcut = nn.ConvTranspose2d(inputs, outputs, 2, 2, bias=False)
        self.act = nn.PReLU(inputs)

    def forward(self, x):
        return self.up(self.act(self.norm(x))) + self.shortcut(x)


class Generator(nn.Module):
    def __init__(self, z_dim=100, channels=3, base=64):
        super().__init__()
        self.first = nn.ConvTranspose2d(z_dim, 4 * base, (4, 4))
        widths = [4 * base, 4 * base, 2 * base, base]
        for step, (inputs, outputs) in enumerate(zip(widths, [*widths[1:], channels], strict=True)):
            self.add_module(f"block{step}", Block(inputs, outputs))
        self.register_buffer("limit", torch.ones(()))

    def forward(self, z):
        x = self.first(z.unsqueeze(-1).unsqueeze(-1))
        for step in range(4):
            x = getattr(self, f"block{step}")(x)
        return torch.tanh(x) * self.limit


class Discriminator(nn.Module):
    def __init__(self, channels=3, base=64):
        super().__init__()
        layers, width = [nn.Conv2d(channels, base, 3, padding=1), nn.SiLU()], base
        for _ in range(3):
            layers += [nn.Conv2d(width, 2 * width, 4, 2, 1), nn.InstanceNorm2d(2 * width, affine=True), nn.SiLU()]
            width *= 2
        self.features = nn.Sequential(*layers)
        self.score = nn.Linear(2 * width, 1)

    def forward(self, x):
        x = self.features(x)
        return self.score(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))[:, 0]


def init_weights(module):
    means = {nn.modules.conv._ConvNd: 0.0, nn.modules.batchnorm._BatchNorm: 1.0}
    for kind, mean in means.items():
        if isinstance(module, kind):
            for name, parameter in module.named_parameters(recurse=False):
                if name == "weight":
                    parameter.data = mean + 0.02 * torch.randn_like(parameter)
                else:
                    parameter.data.mul_(0.0)


def discriminator_loss(real_logits, fake_logits):
    return -nn.functional.logsigmoid(real_logits).mean() - nn.functional.logsigmoid(-fake_logits).mean()


def generator_loss(fake_logits):
    return torch.logaddexp(torch.zeros_like(fake_logits), -fake_logits).sum() / fake_logits.numel()
