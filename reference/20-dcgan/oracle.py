"""Networks as in the well-known tutorials, torch's own initialisers and its cross-entropy on logits."""

import torch
from torch import nn


def up(inputs, outputs, *numbers):
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, *numbers), nn.BatchNorm2d(outputs), nn.ReLU())


class Generator(nn.Sequential):
    def __init__(self, z_dim=100, channels=3, base=64):
        super().__init__(
            nn.Unflatten(1, (z_dim, 1, 1)),
            up(z_dim, 8 * base, 4, 1, 0),
            up(8 * base, 4 * base, 4, 2, 1),
            up(4 * base, 2 * base, 4, 2, 1),
            up(2 * base, base, 4, 2, 1),
            nn.ConvTranspose2d(base, channels, 4, 2, 1),
            nn.Tanh(),
        )


class Discriminator(nn.Sequential):
    def __init__(self, channels=3, base=64):
        layers = [nn.Conv2d(channels, base, 4, 2, 1), nn.LeakyReLU(0.2)]
        for factor in (1, 2, 4):
            layers.append(nn.Conv2d(factor * base, 2 * factor * base, 4, 2, 1))
            layers += [nn.BatchNorm2d(2 * factor * base), nn.LeakyReLU(0.2)]
        super().__init__(*layers, nn.Conv2d(8 * base, 1, 4), nn.Flatten(0))


def init_weights(module):
    kinds = nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
    norms = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
    if isinstance(module, kinds | norms):
        if module.weight is not None:
            nn.init.normal_(module.weight, mean=float(isinstance(module, norms)), std=0.02)
        if module.bias is not None:
            nn.init.constant_(module.bias, 0.0)


cross_entropy = nn.BCEWithLogitsLoss()


def discriminator_loss(real_logits, fake_logits):
    on_real = cross_entropy(real_logits, torch.ones_like(real_logits))
    return on_real + cross_entropy(fake_logits, torch.zeros_like(fake_logits))


def generator_loss(fake_logits):
    return cross_entropy(fake_logits, torch.ones_like(fake_logits))
