"""The closed forms replaced by torch.distributions."""

import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal
from torch.distributions import kl_divergence as kl


def posterior(mu, logvar):
    return Independent(Normal(mu, (logvar / 2).exp(), validate_args=False), 1)


def reparameterize(mu, logvar, generator=None):
    if generator is None:
        return posterior(mu, logvar).rsample()
    noise = torch.empty(mu.shape, dtype=mu.dtype, device=generator.device).normal_(generator=generator).to(mu.device)
    return mu + posterior(mu, logvar).base_dist.scale * noise


def kl_divergence(mu, logvar):
    return kl(posterior(mu, logvar), posterior(torch.zeros_like(mu), torch.zeros_like(mu)))


def elbo_loss(x, x_logits, mu, logvar, beta=1.0):
    likelihood = Independent(Bernoulli(logits=x_logits, validate_args=False), 1).log_prob(x)
    return (beta * kl_divergence(mu, logvar) - likelihood).mean()


class VAE(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.enc = nn.Linear(input_dim, hidden_dim)
        self.fc_mu, self.fc_logvar = nn.Linear(hidden_dim, latent_dim), nn.Linear(hidden_dim, latent_dim)
        self.dec1, self.dec2 = nn.Linear(latent_dim, hidden_dim), nn.Linear(hidden_dim, input_dim)

    def encode(self, x):
        return self.fc_mu(torch.relu(self.enc(x))), self.fc_logvar(torch.relu(self.enc(x)))

    def decode(self, z):
        return self.dec2(torch.relu(self.dec1(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        q = posterior(mu, logvar)
        return self.decode(q.rsample() if self.training else q.mean), mu, logvar

    def sample(self, n, generator=None):
        with torch.no_grad():
            prior = self.dec1.weight.new_zeros(n, self.dec1.in_features)
            return Bernoulli(logits=self.decode(reparameterize(prior, prior, generator))).probs
