"""Another right way: numpy decides where no generator is given; flips by index, crops by unfolding all windows."""

import functools

import numpy as np
import torch
from torch import nn


def _seed(generator):
    if generator is None:
        return np.random.randint(2**31)
    return torch.randint(2**31, (1,), generator=generator, device=generator.device).item()


def horizontal_flip(images, p=0.5, generator=None):
    coins = np.random.default_rng(_seed(generator)).random(len(images)) < p
    chosen = torch.from_numpy(np.flatnonzero(coins)).to(images.device)
    return images.index_copy(0, chosen, images[chosen].flip(3))


def random_crop(images, size, padding=0, generator=None):
    padded = nn.ZeroPad2d(padding)(images)
    down, across = padded.shape[2] - size + 1, padded.shape[3] - size + 1
    if down < 1 or across < 1:
        raise ValueError(f"crops of {size} do not fit into {tuple(padded.shape)}")
    windows = padded.unfold(2, size, 1).unfold(3, size, 1).flatten(2, 3)  # (N, C, down * across, size, size)
    corner = np.random.default_rng(_seed(generator)).integers(0, down * across, len(images))
    chosen = torch.from_numpy(corner).to(images.device)[:, None, None, None, None]
    return windows.take_along_dim(chosen, dim=2).squeeze(2)


def normalize(images, mean, std):
    mean, std = (
        torch.tensor(list(x), dtype=images.dtype, device=images.device).reshape(1, -1, 1, 1) for x in (mean, std)
    )
    return images.sub(mean).div(std)


def mixup(images, labels, num_classes, lam, generator=None):
    partner = torch.from_numpy(np.random.default_rng(_seed(generator)).permutation(len(images))).to(images.device)
    weights = torch.zeros(len(images), num_classes, dtype=images.dtype, device=images.device)
    weights = weights.scatter_add(1, labels[:, None], torch.full_like(weights[:, :1], lam))
    weights = weights.scatter_add(1, labels[partner][:, None], torch.full_like(weights[:, :1], 1 - lam))
    return images * lam + images[partner] * (1 - lam), weights


class Compose:
    def __init__(self, transforms):
        self.all = functools.partial(functools.reduce, lambda images, transform: transform(images), tuple(transforms))

    def __call__(self, images):
        return self.all(images)
