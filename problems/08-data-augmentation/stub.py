from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def horizontal_flip(images: Tensor, p: float = 0.5, generator: torch.Generator | None = None) -> Tensor:
    """Each image of (N, C, H, W) is mirrored left to right with probability p, each by a draw of its own."""
    raise NotImplementedError


def random_crop(images: Tensor, size: int, padding: int = 0, generator: torch.Generator | None = None) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size): a crop of each image after zero padding on all four sides.

    Each image draws its own corner, uniform over all that fit. Raises ValueError when size is larger than the height or
    the width of the padded images.
    """
    raise NotImplementedError


def normalize(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(images - mean) / std for (N, C, H, W), with one mean and one std a channel."""
    raise NotImplementedError


def mixup(
    images: Tensor, labels: Tensor, num_classes: int, lam: float, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """lam * a + (1 - lam) * a[perm], for the images and, with the same perm, for the one-hot labels.

    images: (N, C, H, W); labels: (N,) int64. perm is one random permutation of the batch, all equally likely. Returns
    (N, C, H, W) and (N, num_classes), both of the images' dtype.
    """
    raise NotImplementedError


class Compose:
    """The transforms one after the other, the first of the sequence first; none at all changes nothing."""

    def __init__(self, transforms: Sequence[Callable[[Tensor], Tensor]]):
        raise NotImplementedError

    def __call__(self, images: Tensor) -> Tensor:
        raise NotImplementedError


if __name__ == "__main__":
    images = torch.arange(1.0, 5.0).view(1, 1, 2, 2)  # one image of one channel: 1 2 / 3 4
    print(horizontal_flip(images, p=1.0))  # expected: 2 1 / 4 3
    print(random_crop(images, size=4, padding=1))  # expected: the image with a border of zeros
    print(normalize(images, [2.0], [0.5]))  # expected: -2 0 / 2 4
