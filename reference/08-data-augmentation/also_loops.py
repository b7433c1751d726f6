"""Another right way: a loop over the images, slices instead of indices, random numbers scaled by hand."""

import math

import torch


def _uniform(generator, *shape):
    device = "cpu" if generator is None else generator.device
    return torch.rand(shape, dtype=torch.float64, generator=generator, device=device)


def horizontal_flip(images, p=0.5, generator=None):
    out = images.clone()
    for index in range(images.shape[0]):
        if p > _uniform(generator).item():
            out[index] = images[index, :, :, torch.arange(images.shape[3] - 1, -1, -1, device=images.device)]
    return out


def random_crop(images, size, padding=0, generator=None):
    height, width = (side + 2 * padding for side in images.shape[-2:])
    if min(height, width) < size:
        raise ValueError("size is larger than the padded image")
    crops = []
    for image in images:
        canvas = image.new_zeros(image.shape[0], height, width)
        canvas[:, padding : height - padding, padding : width - padding] = image
        top = math.floor(_uniform(generator).item() * (height - size + 1))
        left = math.floor(_uniform(generator).item() * (width - size + 1))
        crops.append(canvas.narrow(1, top, size).narrow(2, left, size))
    return torch.stack(crops)


def normalize(images, mean, std):
    channels = [(images[:, index] - m) / s for index, (m, s) in enumerate(zip(mean, std, strict=True))]
    return torch.stack(channels, dim=1)


def mixup(images, labels, num_classes, lam, generator=None):
    partner = _uniform(generator, images.shape[0]).argsort().to(images.device)
    targets = torch.eye(num_classes, dtype=images.dtype, device=images.device)[labels]
    return torch.lerp(images.index_select(0, partner), images, lam), torch.lerp(targets[partner], targets, lam)


class Compose:
    def __init__(self, transforms):
        self._steps = transforms

    def __call__(self, images):
        if not self._steps:
            return images
        *before, last = self._steps
        return last(Compose(before)(images))
