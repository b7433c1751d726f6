"""You turn the one-hot labels into float32 whatever the images are. They should have the images' dtype, else a
float64 model meets float32 targets."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def horizontal_flip(images: Tensor, p: float = 0.5, generator: torch.Generator | None = None) -> Tensor:
    device = images.device if generator is None else generator.device
    flipped = torch.rand(len(images), generator=generator, device=device).to(images.device) < p  # one coin an image
    return torch.where(flipped[:, None, None, None], images.flip(-1), images)


def random_crop(images: Tensor, size: int, padding: int = 0, generator: torch.Generator | None = None) -> Tensor:
    padded = F.pad(images, (padding,) * 4)  # (N, C, H + 2 padding, W + 2 padding)
    count, channels, height, width = padded.shape
    if size > height or size > width:
        raise ValueError(f"no crop of size {size} fits into an image of {height} x {width} after padding")
    device = images.device if generator is None else generator.device
    top = torch.randint(0, height - size + 1, (count, 1), generator=generator, device=device).to(images.device)
    left = torch.randint(0, width - size + 1, (count, 1), generator=generator, device=device).to(images.device)
    steps = torch.arange(size, device=images.device)
    rows, columns = top + steps, left + steps  # (N, size) each
    image = torch.arange(count, device=images.device)[:, None, None, None]
    channel = torch.arange(channels, device=images.device)[:, None, None]
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]  # (N, C, size, size)


def normalize(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    means, stds = images.new_tensor(mean), images.new_tensor(std)
    return (images - means[:, None, None]) / stds[:, None, None]  # (C, 1, 1) against (N, C, H, W)


def mixup(
    images: Tensor, labels: Tensor, num_classes: int, lam: float, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    device = images.device if generator is None else generator.device
    perm = torch.randperm(len(images), generator=generator, device=device).to(images.device)
    targets = F.one_hot(labels, num_classes).float()  # (N,) -> (N, K)
    return lam * images + (1 - lam) * images[perm], lam * targets + (1 - lam) * targets[perm]


class Compose:
    def __init__(self, transforms: Sequence[Callable[[Tensor], Tensor]]):
        self.transforms = list(transforms)

    def __call__(self, images: Tensor) -> Tensor:
        for transform in self.transforms:
            images = transform(images)
        return images
