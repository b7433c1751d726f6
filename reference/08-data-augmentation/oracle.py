"""torchvision, image by image, wherever nothing is left to chance; draws from torch's generator elsewhere."""

import torch
from torchvision.transforms.v2 import functional as tv


def horizontal_flip(images, p=0.5, generator=None):
    coins = torch.rand(len(images), generator=generator)
    return torch.stack([tv.hflip(image) if coin < p else image for image, coin in zip(images, coins, strict=True)])


def random_crop(images, size, padding=0, generator=None):
    padded = tv.pad(images, [padding])
    if size > min(padded.shape[-2:]):
        raise ValueError("too large")

    def corner(side):
        return int(torch.randint(0, side - size + 1, (), generator=generator))

    return torch.stack([tv.crop(image, corner(image.shape[1]), corner(image.shape[2]), size, size) for image in padded])


def normalize(images, mean, std):
    return tv.normalize(images, list(mean), list(std))


def mixup(images, labels, num_classes, lam, generator=None):
    perm = torch.randperm(len(images), generator=generator).to(images.device)
    targets = torch.nn.functional.one_hot(labels, num_classes).to(images.dtype)
    return images.mul(lam).add(images[perm].mul(1 - lam)), targets.mul(lam).add(targets[perm].mul(1 - lam))


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, images):
        for transform in self.transforms:
            images = transform(images)
        return images
