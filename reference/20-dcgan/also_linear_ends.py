"""Linear layers at both ends, no batch norm in the discriminator, other activations, cross-entropy with labels."""

import torch
import torch.nn.functional as F
from torch import nn


class Generator(nn.Module):
    def __init__(self, z_dim=100, channels=3, base=64):
        super().__init__()
        self.width = 4 * base
        self.start = nn.Linear(z_dim, self.width * 64)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in (4 * base, 2 * base, base))
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(inputs, outputs, 5, stride=2, padding=2, output_padding=1)
            for inputs, outputs in ((4 * base, 2 * base), (2 * base, base), (base, channels))
        )

    def forward(self, z):
        x = self.start(z).reshape(len(z), self.width, 8, 8)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(F.gelu(norm(x)))
        return 2 * torch.sigmoid(2 * x) - 1


class Discriminator(nn.Module):
    def __init__(self, channels=3, base=64):
        super().__init__()
        self.first = nn.Conv2d(channels, base, kernel_size=5, stride=2, padding=2)
        self.second = nn.Conv2d(base, 2 * base, kernel_size=5, stride=2, padding=2)
        self.third = nn.Conv2d(2 * base, 4 * base, kernel_size=5, stride=2, padding=2)
        self.head = nn.Linear(4 * base * 64, 1)

    def forward(self, x):
        for layer in (self.first, self.second, self.third):
            x = F.leaky_relu(layer(x), 0.1)
        return self.head(x.flatten(1)).squeeze(1)


CONVOLUTIONS = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)
NORMS = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d


def init_weights(module):
    if isinstance(module, CONVOLUTIONS):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, NORMS) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def discriminator_loss(real_logits, fake_logits):
    on_real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    return on_real + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))


def generator_loss(fake_logits):
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))
