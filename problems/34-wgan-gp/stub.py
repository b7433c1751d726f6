from collections.abc import Callable

import torch
from torch import Tensor


def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """mean(fake) - mean(real), 0-dim; scores are (N,) or (N, 1), real and fake may differ in N."""
    raise NotImplementedError


def generator_loss(fake_scores: Tensor) -> Tensor:
    """-mean(fake), 0-dim; scores are (N,) or (N, 1)."""
    raise NotImplementedError


def gradient_penalty(
    critic: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    eps: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """The mean over samples of (norm of the critic's gradient at eps * real + (1 - eps) * fake, minus 1) squared.

    real, fake: both (N, ...), of any rank; they get no gradient. critic: (N, ...) -> (N,) or (N, 1), called once on all
    mixed samples; gradients reach its parameters and are finite where the norm is 0. eps: (N,), in [0, 1]; None: one
    uniform draw a sample, from generator (None: torch's global one). Returns a 0-dim tensor.
    """
    raise NotImplementedError


def estimate_wasserstein(real: Tensor, fake: Tensor, steps: int = 300, seed: int = 0) -> float:
    """The Wasserstein-1 distance between two samples, (N, D) and (M, D), as a small critic sees it.

    The critic is trained for `steps` steps with a gradient penalty. The same samples and seed give the same estimate.
    """
    raise NotImplementedError


if __name__ == "__main__":
    real, fake = torch.tensor([[0.0, 1.0]]), torch.tensor([[2.0, 5.0]])
    print(gradient_penalty(lambda x: 3 * x[:, 0] + 4 * x[:, 1], real, fake))  # expected: (5 - 1) ** 2 = 16
    torch.manual_seed(0)
    print(estimate_wasserstein(torch.randn(400, 1), torch.randn(300, 1) + 3))  # expected: about 3
