"""Variational autoencoder with a Bernoulli decoder (Kingma and Welling, 2014)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def reparameterize(mu: Tensor, logvar: Tensor, generator: torch.Generator | None = None) -> Tensor:
    # Drawn where the generator lives, then moved: the same generator gives the same sample on every device.
    device = generator.device if generator is not None else mu.device
    noise = torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=device).to(mu.device)
    return mu + (0.5 * logvar).exp() * noise  # exp(logvar / 2) is the standard deviation


def kl_divergence(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, I)), appendix B of the paper."""
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(-1)  # (N, L) -> (N,)


def elbo_loss(x: Tensor, x_logits: Tensor, mu: Tensor, logvar: Tensor, beta: float = 1.0) -> Tensor:
    reconstruction = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").sum(-1)  # (N, D) -> (N,)
    return (reconstruction + beta * kl_divergence(mu, logvar)).mean()


class VAE(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int):
        super().__init__()
        self.enc = nn.Linear(input_dim, hidden_dim)
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        self.dec1 = nn.Linear(latent_dim, hidden_dim)
        self.dec2 = nn.Linear(hidden_dim, input_dim)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.enc(x).relu()
        return self.fc_mu(hidden), self.fc_logvar(hidden)

    def decode(self, z: Tensor) -> Tensor:
        return self.dec2(self.dec1(z).relu())  # logits, not probabilities

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.encode(x)
        z = reparameterize(mu, logvar) if self.training else mu
        return self.decode(z), mu, logvar

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        weight = self.dec1.weight
        prior = torch.zeros(n, self.dec1.in_features, dtype=weight.dtype, device=weight.device)
        return self.decode(reparameterize(prior, prior, generator)).sigmoid()
