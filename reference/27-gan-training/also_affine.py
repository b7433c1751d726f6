"""Cross-entropy with labels, flags frozen and put back, gradients added up; an affine generator without modules."""

import torch
import torch.nn.functional as F


def bce(logits, label):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def gan_step(generator, discriminator, opt_g, opt_d, real, z_d, z_g):
    opt_d.zero_grad(set_to_none=False)
    on_real = bce(discriminator(real), 1.0)
    with torch.no_grad():
        fake = generator(z_d)
    on_fake = bce(discriminator(fake), 0.0)
    on_real.backward()
    on_fake.backward()
    opt_d.step()

    flags = [p.requires_grad for p in discriminator.parameters()]
    for p in discriminator.parameters():
        p.requires_grad_(False)
    generator.zero_grad()
    opt_g.zero_grad()
    g_loss = bce(discriminator(generator(z_g)), 1.0)
    g_loss.backward()
    opt_g.step()
    for p, flag in zip(discriminator.parameters(), flags, strict=True):
        p.requires_grad_(flag)
    return (on_real + on_fake).item(), g_loss.item()


def train_gan(data, steps, seed=0):
    device, dtype, dim = data.device, data.dtype, data.shape[1]
    draws = torch.Generator().manual_seed(seed)
    center, spread = data.mean(0, keepdim=True), data.std(0, keepdim=True).clamp_min(1e-12)
    x_all = (data - center) / spread

    def normal(*shape):
        return torch.randn(*shape, generator=draws).to(device, dtype)

    weight, bias = (
        normal(dim, dim).mul_(0.5).requires_grad_(),
        torch.zeros(dim, device=device, dtype=dtype).requires_grad_(),
    )
    width = 32
    inner, shift = normal(dim, width).requires_grad_(), torch.zeros(width, device=device, dtype=dtype).requires_grad_()
    outer = (normal(width, 1) * 0.1).requires_grad_()
    opt_g = torch.optim.Adam([weight, bias], lr=5e-3, betas=(0.0, 0.99))
    opt_d = torch.optim.Adam([inner, shift, outer], lr=5e-3, betas=(0.0, 0.99))
    kept = [weight.detach().clone(), bias.detach().clone()]

    def score(x):
        return F.softplus(x @ inner + shift) @ outer

    for step in range(steps):
        x = x_all[torch.randint(len(x_all), (64,), generator=draws).to(device)].requires_grad_()
        real = score(x)
        slope = torch.autograd.grad(real.sum(), x, create_graph=True)[0]
        fake = normal(64, dim) @ weight.detach() + bias.detach()
        opt_d.zero_grad()
        (bce(real, 1.0) + bce(score(fake), 0.0) + slope.pow(2).sum(1).mean()).backward()
        opt_d.step()
        opt_g.zero_grad()
        bce(score(normal(64, dim) @ weight + bias), 1.0).backward()
        opt_g.step()
        for average, now in zip(kept, (weight, bias), strict=True):
            average.lerp_(now.detach(), max(0.01, 1 / (1 + step)))

    def sample(n):
        return ((normal(n, dim) @ kept[0] + kept[1]) * spread + center).detach()

    return sample
