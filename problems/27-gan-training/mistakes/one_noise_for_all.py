"""All samples of one call are the same.

You draw one noise vector for all of them, so their standard deviation is 0. Each sample needs a draw of its own; a
generator that ignores its noise (mode collapse) looks the same, so look at the samples, not at the losses.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Optimizer


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    # softplus(-x) is -log(sigmoid(x)), without ever forming the sigmoid.
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    return softplus(-fake_logits).mean()  # non-saturating


def gan_step(
    generator: nn.Module,
    discriminator: nn.Module,
    opt_g: Optimizer,
    opt_d: Optimizer,
    real: Tensor,
    z_d: Tensor,
    z_g: Tensor,
) -> tuple[float, float]:
    fake = generator(z_d).detach()  # this step must not reach the generator
    d_loss = discriminator_loss(discriminator(real), discriminator(fake))
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    g_loss = generator_loss(discriminator(generator(z_g)))  # fresh fakes through the updated discriminator
    opt_g.zero_grad()
    g_loss.backward()  # leaves gradients in the discriminator, too: its next step starts by discarding them
    opt_g.step()
    return d_loss.item(), g_loss.item()


def train_gan(data: Tensor, steps: int, seed: int = 0) -> Callable[[int], Tensor]:
    mean, std = data.mean(0), data.std(0) + 1e-8
    real = ((data - mean) / std).float()
    batch, latents, width, penalty = 64, 4, 24, 1.0
    noise = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = nn.Sequential(nn.Linear(latents, width), nn.Tanh(), nn.Linear(width, data.shape[1]))
        discriminator = nn.Sequential(nn.Linear(data.shape[1], width), nn.LeakyReLU(0.2), nn.Linear(width, 1))
    generator, discriminator = generator.float().to(data.device), discriminator.float().to(data.device)
    averaged = copy.deepcopy(generator)
    opt_g = torch.optim.Adam(generator.parameters(), lr=3e-3, betas=(0.0, 0.99), fused=True)
    opt_d = torch.optim.Adam(discriminator.parameters(), lr=3e-3, betas=(0.0, 0.99), fused=True)

    def draw(count: int) -> Tensor:
        return torch.randn(count, latents, generator=noise, dtype=torch.float32).to(data.device)

    for step in range(steps):
        rows = torch.randint(len(real), (batch,), generator=noise).to(data.device)
        x = real[rows].requires_grad_()
        logits = discriminator(x)
        # A penalty on the gradient at real data makes the equilibrium attractive; without it, training circles it.
        (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
        d_loss = discriminator_loss(logits, discriminator(generator(draw(batch)).detach()))
        opt_d.zero_grad()
        (d_loss + penalty * slope.square().sum(1).mean()).backward()
        opt_d.step()

        opt_g.zero_grad()
        generator_loss(discriminator(generator(draw(batch)))).backward()
        opt_g.step()
        with torch.no_grad():
            # The average over the last steps lies nearer to the equilibrium than any single one of them.
            for kept, weight in zip(averaged.parameters(), generator.parameters(), strict=True):
                kept.lerp_(weight, max(0.01, 1 / (step + 1)))

    @torch.no_grad()
    def sample(n: int) -> Tensor:
        return averaged(draw(1).expand(n, -1)).to(data.dtype) * std + mean

    return sample
