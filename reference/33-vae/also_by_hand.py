"""Cross-entropy by softplus, KL by a loop over latents, both heads of the encoder in one product, extra attributes."""

import math

import torch
from torch import nn
from torch.nn.functional import linear, softplus


def reparameterize(mu, logvar, generator=None):
    if generator is not None:
        eps = torch.randn(mu.size(), generator=generator, device=generator.device).to(mu)
    else:
        eps = torch.randn_like(mu)
    return torch.addcmul(mu, eps, torch.exp(logvar).sqrt())


def kl_divergence(mu, logvar):
    total = torch.zeros_like(mu[:, 0])
    for column in range(mu.shape[1]):
        m, v = mu[:, column], logvar[:, column]
        total = total + (m * m + torch.expm1(v) - v) / 2
    return total


def elbo_loss(x, x_logits, mu, logvar, beta=1.0):
    bce = softplus(-x_logits) * x + softplus(x_logits) * (1 - x)
    return (bce.sum() + beta * kl_divergence(mu, logvar).sum()) / len(x)


class VAE(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.latent_dim, self._log_two_pi = latent_dim, math.log(2 * math.pi)
        self.dec2 = nn.Linear(hidden_dim, input_dim)
        self.dec1 = nn.Linear(latent_dim, hidden_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.enc = nn.Linear(input_dim, hidden_dim)
        self.activation = nn.ReLU(inplace=True)

    def encode(self, x):
        h = self.activation(self.enc(x))
        both = linear(
            h,
            torch.cat([self.fc_mu.weight, self.fc_logvar.weight]),
            torch.cat([self.fc_mu.bias, self.fc_logvar.bias]),
        )
        return both.chunk(2, dim=-1)

    def decode(self, z):
        return self.dec2(self.activation(self.dec1(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        if self.training:
            return self.decode(reparameterize(mu, logvar)), mu, logvar
        return self.decode(mu), mu, logvar

    @torch.inference_mode()
    def sample(self, n, generator=None):
        where = generator.device if generator is not None else self.dec1.weight.device
        z = torch.randn(n, self.latent_dim, generator=generator, device=where).to(self.dec1.weight)
        return torch.sigmoid(self.decode(z))
