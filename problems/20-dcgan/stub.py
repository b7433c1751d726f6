import torch
from torch import Tensor, nn


class Generator(nn.Module):
    """Noise (N, z_dim) -> images (N, channels, 64, 64) between -1 and 1.

    Upsamples with nn.ConvTranspose2d and normalises with nn.BatchNorm2d. base: the width of the layer next to the
    image; the others are multiples of it. Names are free.
    """

    def __init__(self, z_dim: int = 100, channels: int = 3, base: int = 64):
        super().__init__()
        raise NotImplementedError

    def forward(self, z: Tensor) -> Tensor:
        raise NotImplementedError


class Discriminator(nn.Module):
    """Images (N, channels, 64, 64) -> one logit each, (N,): high for real, low for fake, without a sigmoid.

    Downsamples with strided nn.Conv2d. base: the width of the layer next to the image. Names are free.
    """

    def __init__(self, channels: int = 3, base: int = 64):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


def init_weights(module: nn.Module) -> None:
    """For net.apply(init_weights): draws the weights of one module in place.

    Convolutions and transposed convolutions (1-D to 3-D): weight N(0, 0.02), that is the standard deviation; BatchNorm
    (1-D to 3-D): weight N(1, 0.02); biases of these 0. Every other module is left alone. A weight or bias that is None
    is skipped.
    """
    raise NotImplementedError


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Binary cross-entropy, the mean over real (N,) plus the mean over fake (M,), 0-dim."""
    raise NotImplementedError


def generator_loss(fake_logits: Tensor) -> Tensor:
    """The non-saturating loss of the fakes' logits (N,), 0-dim."""
    raise NotImplementedError


if __name__ == "__main__":
    generator, discriminator = Generator().apply(init_weights), Discriminator().apply(init_weights)
    fakes = generator(torch.randn(4, 100))
    print(fakes.shape, discriminator(fakes).shape)  # expected: (4, 3, 64, 64) and (4,)
    print(discriminator_loss(torch.tensor([2.0, 0.0]), torch.tensor([-2.0])))  # expected: 0.5370
    print(generator_loss(torch.tensor([-2.0])))  # expected: 2.1269
