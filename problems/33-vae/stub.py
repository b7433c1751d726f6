"""Variational autoencoder: the sampling step, the loss, and the model."""

import torch
from torch import Tensor, nn


def reparameterize(mu: Tensor, logvar: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A sample of N(mu, exp(logvar)), entry by entry, through which gradients reach mu and logvar.

    mu, logvar: (N, L); logvar is the log of the variance.
    generator: where the noise comes from; it may live on another device than mu. None: the global generator.
    """
    raise NotImplementedError


def kl_divergence(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, I)), summed over the latents: (N, L), (N, L) -> (N,)."""
    raise NotImplementedError


def elbo_loss(x: Tensor, x_logits: Tensor, mu: Tensor, logvar: Tensor, beta: float = 1.0) -> Tensor:
    """Mean over the batch of binary cross-entropy (summed over features) + beta * KL; 0-dim.

    x: (N, D), numbers in [0, 1]; x_logits: (N, D); mu, logvar: (N, L).
    """
    raise NotImplementedError


class VAE(nn.Module):
    """Linear layers `enc`, `fc_mu`, `fc_logvar`, `dec1`, `dec2`."""

    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int):
        super().__init__()
        raise NotImplementedError

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, input_dim) -> mu and logvar, each (N, latent_dim)."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Tensor:
        """(N, latent_dim) -> logits, (N, input_dim)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, input_dim) -> logits, mu, logvar. z is sampled in training mode, mu in evaluation mode."""
        raise NotImplementedError

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n >= 1 new data points: probabilities of shape (n, input_dim), without gradient."""
        raise NotImplementedError


if __name__ == "__main__":
    model = VAE(input_dim=8, hidden_dim=16, latent_dim=2)
    x = torch.randint(0, 2, (4, 8)).float()
    print("loss:", elbo_loss(x, *model(x)).item())
    print("samples:", model.sample(3))
