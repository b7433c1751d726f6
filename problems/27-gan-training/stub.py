"""Adversarial training: one step of the game, and a small GAN that reaches its data."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def gan_step(
    generator: nn.Module,
    discriminator: nn.Module,
    opt_g: Optimizer,
    opt_d: Optimizer,
    real: Tensor,
    z_d: Tensor,
    z_g: Tensor,
) -> tuple[float, float]:
    """One update of the discriminator, then one of the generator; returns (d_loss, g_loss) as Python floats.

    real: (N, ...), a batch of data. z_d, z_g: the noise for the discriminator's and for the generator's step.
    The discriminator answers one logit per sample, of shape (N,) or (N, 1).
    """
    raise NotImplementedError


def train_gan(data: Tensor, steps: int, seed: int = 0) -> Callable[[int], Tensor]:
    """Trains networks of your own on data (N, D); returns sample(n) -> (n, D), new samples at each call.

    Samples have the data's dtype and device and no gradient. The same seed gives the same sequence of samples.
    """
    raise NotImplementedError


if __name__ == "__main__":
    data = torch.randn(500, 2) * torch.tensor([3.0, 0.5]) + torch.tensor([10.0, -2.0])
    samples = train_gan(data, steps=1000)(2000)
    print("mean:", data.mean(0), samples.mean(0))
    print("std: ", data.std(0), samples.std(0))
