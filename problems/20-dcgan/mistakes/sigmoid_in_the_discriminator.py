"""Your discriminator ends with a sigmoid. The losses take logits and apply it themselves; applied twice, no image can
score outside 0.5 to 0.73, and gradients are small."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd


class Generator(nn.Module):
    def __init__(self, z_dim: int = 100, channels: int = 3, base: int = 64):
        super().__init__()

        def normalised(convolution: nn.ConvTranspose2d) -> list[nn.Module]:
            return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True)]

        # No bias in front of a batch norm, which subtracts the mean and has a bias of its own.
        self.layers = nn.Sequential(
            *normalised(nn.ConvTranspose2d(z_dim, 8 * base, 4, bias=False)),  # 1 -> 4
            *normalised(nn.ConvTranspose2d(8 * base, 4 * base, 4, 2, 1, bias=False)),  # 4 -> 8
            *normalised(nn.ConvTranspose2d(4 * base, 2 * base, 4, 2, 1, bias=False)),  # 8 -> 16
            *normalised(nn.ConvTranspose2d(2 * base, base, 4, 2, 1, bias=False)),  # 16 -> 32
            nn.ConvTranspose2d(base, channels, 4, 2, 1),  # 32 -> 64
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z[:, :, None, None])  # (N, z_dim) -> (N, z_dim, 1, 1) -> (N, channels, 64, 64)


class Discriminator(nn.Module):
    def __init__(self, channels: int = 3, base: int = 64):
        super().__init__()

        def normalised(convolution: nn.Conv2d) -> list[nn.Module]:
            return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.LeakyReLU(0.2, inplace=True)]

        self.layers = nn.Sequential(
            nn.Conv2d(channels, base, 4, 2, 1),  # 64 -> 32, without batch norm: it would hide the images' statistics
            nn.LeakyReLU(0.2, inplace=True),
            *normalised(nn.Conv2d(base, 2 * base, 4, 2, 1, bias=False)),  # 32 -> 16
            *normalised(nn.Conv2d(2 * base, 4 * base, 4, 2, 1, bias=False)),  # 16 -> 8
            *normalised(nn.Conv2d(4 * base, 8 * base, 4, 2, 1, bias=False)),  # 8 -> 4
            nn.Conv2d(8 * base, 1, 4),  # 4 -> 1
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten().sigmoid()


@torch.no_grad()
def init_weights(module: nn.Module) -> None:
    if not isinstance(module, (_ConvNd, _BatchNorm)):  # what it is, not what its class is called
        return
    if module.weight is not None:
        module.weight.normal_(1.0 if isinstance(module, _BatchNorm) else 0.0, 0.02)
    if module.bias is not None:
        module.bias.zero_()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    # softplus(-x) is -log(sigmoid(x)) without ever forming the sigmoid, softplus(x) is -log(1 - sigmoid(x)).
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    return softplus(-fake_logits).mean()  # non-saturating
