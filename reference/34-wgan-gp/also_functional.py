"""Another right way: torch.func.vjp, a critic of plain tensors in float64, only steepness is penalised."""

import math

import torch
from torch.nn import functional as F


def critic_loss(real_scores, fake_scores):
    return fake_scores.sum() / fake_scores.numel() - real_scores.sum() / real_scores.numel()


def generator_loss(fake_scores):
    return fake_scores.neg().mean()


def gradient_penalty(critic, real, fake, eps=None, generator=None):
    if eps is None:
        home = generator.device if generator is not None else "cpu"
        eps = torch.empty(real.shape[0], device=home, dtype=torch.float64).uniform_(generator=generator).to(real)
    weights = eps[(...,) + (None,) * (real.dim() - 1)]
    scores, pull = torch.func.vjp(critic, torch.lerp(fake.detach(), real.detach(), weights))
    (slopes,) = pull(torch.ones_like(scores))
    squares = slopes.pow(2).reshape(real.shape[0], -1).sum(-1)
    flat = squares == 0
    norms = torch.where(flat, 0.0, torch.where(flat, torch.ones_like(squares), squares).sqrt())
    return ((norms - 1) ** 2).sum() / real.shape[0]


def estimate_wasserstein(real, fake, steps=300, seed=0):
    real, fake = real.detach().double().cpu(), fake.detach().double().cpu()
    middle = (real.mean(0) + fake.mean(0)) / 2
    scale = float(torch.cat([real - middle, fake - middle]).norm(dim=1).mean())
    real, fake = (real - middle) / scale, (fake - middle) / scale
    generator = torch.Generator().manual_seed(seed)

    def drawn(rows, columns):
        bound = math.sqrt(3 / rows)
        start = (2 * torch.rand(rows, columns, generator=generator, dtype=torch.float64) - 1) * bound
        return start.requires_grad_()

    width = 48
    weights = [drawn(real.shape[1], width), drawn(width, width), drawn(width, 1)]
    biases = [torch.zeros(size, dtype=torch.float64, requires_grad=True) for size in (width, width)]

    def critic(x):
        for weight, bias in zip(weights[:2], biases, strict=True):
            x = F.leaky_relu(x @ weight + bias, 0.2)
        return x @ weights[2]

    optimizer = torch.optim.Adam(weights + biases, lr=0.01, betas=(0.0, 0.9))
    count = 100
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * (1 + math.cos(math.pi * step / steps)) / 2
        r = real[torch.randint(len(real), (count,), generator=generator)]
        f = fake[torch.randint(len(fake), (count,), generator=generator)]
        eps = torch.rand(count, 1, generator=generator, dtype=torch.float64)
        x = (eps * r + (1 - eps) * f).requires_grad_()
        slope = torch.autograd.grad(critic(x).sum(), x, create_graph=True)[0].norm(dim=1)
        loss = critic(f).mean() - critic(r).mean() + 50 * F.relu(slope - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(critic(real).mean() - critic(fake).mean()) * scale
