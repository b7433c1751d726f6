"""The losses of WGAN-GP (Gulrajani et al., 2017), and a critic that measures the Wasserstein distance."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    return fake_scores.mean() - real_scores.mean()


def generator_loss(fake_scores: Tensor) -> Tensor:
    return -fake_scores.mean()


def _slopes(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, eps: Tensor) -> Tensor:
    """The norm of the critic's gradient between each real and fake sample, (N,), with a graph."""
    eps = eps.reshape(-1, *[1] * (real.dim() - 1))  # (N,) -> (N, 1, ..., 1)
    mixed = (eps * real + (1 - eps) * fake).detach().requires_grad_()
    # Samples do not see each other, so the gradient of the sum holds the gradient of each score by itself.
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return torch.linalg.vector_norm(gradient.reshape(len(real), -1), dim=1)  # its gradient at 0 is 0, not nan


def gradient_penalty(
    critic: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    eps: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    if eps is None:
        device = real.device if generator is None else generator.device
        eps = torch.rand(len(real), generator=generator, device=device, dtype=real.dtype).to(real.device)
    return (_slopes(critic, real, fake, eps) - 1).square().mean()


def estimate_wasserstein(real: Tensor, fake: Tensor, steps: int = 300, seed: int = 0) -> float:
    together = torch.cat([real, fake]).detach()
    centre = together.mean(0)
    scale = (together - centre).square().sum(1).mean().sqrt()  # the distance scales with the data: W(a x) = a W(x)
    real, fake = ((together - centre) / scale).split([len(real), len(fake)])

    with torch.random.fork_rng(devices=[]):  # on the CPU, where any device's data gives the same start
        torch.manual_seed(seed)
        critic = nn.Sequential(
            nn.Linear(real.shape[1], 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1)
        ).to(real)
    generator = torch.Generator().manual_seed(seed)

    def rows(samples: Tensor) -> Tensor:
        return samples[torch.randint(len(samples), (128,), generator=generator)]

    optimizer = torch.optim.Adam(critic.parameters(), lr=0.01, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, 2 - 2 * step / steps))
    for step in range(steps):
        batch_real, batch_fake = rows(real), rows(fake)
        eps = torch.rand(128, generator=generator).to(real)
        excess = _slopes(critic, batch_real, batch_fake, eps) - 1
        if step < steps // 2:
            # A new critic is flat. A penalty that also asks for steepness would make it steep in any direction, and a
            # critic that is steep in the wrong one must become flat again to turn round. So first only too steep costs.
            excess = excess.relu()
        # A weight of 30: the best slope is 1 + W / 60 with the distance W of the rescaled data, which is at most 2.
        loss = critic_loss(critic(batch_real), critic(batch_fake)) + 30 * excess.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return -critic_loss(critic(real), critic(fake)).item() * scale.item()
