"""Brute force: one image at a time, the whole Jacobian of the logits at a shift of the layer's output, plain loops."""

import copy

import torch


def modules_of(model, name):
    found = [module for path, module in model.named_modules(remove_duplicate=False) if path == name]
    if not found:
        raise KeyError(name)
    return found[0]


def outputs_of(model, images, name, shift=None, call=None):
    """The model's output and copies of all outputs of the layer; `shift` is added to that of one call."""
    model = copy.deepcopy(model).eval().requires_grad_(False)
    outputs = []

    def hook(module, arguments, output):
        outputs.append(output.detach().clone())
        return output + shift if call == len(outputs) else output.clone()

    modules_of(model, name).register_forward_hook(hook)
    result = model(images.detach().clone())
    if not outputs:
        raise KeyError(name)
    return result, outputs


def feature_maps(model, images, layers):
    with torch.no_grad():
        return {name: outputs_of(model, images, name)[1][-1] for name in layers}


def grad_cam(model, images, layer, classes=None):
    results = []
    for index in range(len(images)):
        image = images[index : index + 1]
        with torch.no_grad():
            logits, outputs = outputs_of(model, image, layer)
        activation, calls = outputs[-1], len(outputs)

        def shifted(shift, image=image, call=calls):
            return outputs_of(model, image, layer, shift, call)[0][0]

        with torch.enable_grad():
            jacobian = torch.autograd.functional.jacobian(shifted, torch.zeros_like(activation))  # (C, 1, K, h, w)
        label = int(logits[0].argmax()) if classes is None else int(classes[index])
        total = torch.zeros_like(activation[0, 0])
        for channel in range(activation.shape[1]):
            total = total + jacobian[label, 0, channel].mean() * activation[0, channel]
        cam = resized(total.clamp(min=0), *images.shape[2:])
        results.append(cam / cam.max() if cam.max() > 0 else cam)
    return torch.stack(results)


def resized(picture, height, width):
    """Bilinear interpolation between pixel centres, repeated at the border."""
    down, across = (
        matrix(new, old).to(picture.dtype).to(picture.device)
        for new, old in zip((height, width), picture.shape, strict=True)
    )
    return down @ picture @ across.T


def matrix(new, old):
    weights = torch.zeros(new, old, dtype=torch.float64)
    for pixel in range(new):
        centre = max((pixel + 0.5) * old / new - 0.5, 0.0)
        low = int(centre)
        weights[pixel, min(low, old - 1)] += 1 - (centre - low)
        weights[pixel, min(low + 1, old - 1)] += centre - low
    return weights


def to_grid(maps, columns, pad=1):
    count, height, width = maps.shape
    rows = (count + columns - 1) // columns
    numbers = [[0.0] * (columns * (width + pad) - pad) for _ in range(rows * (height + pad) - pad)]
    for index, one in enumerate(maps.tolist()):
        flat = [number for line in one for number in line]
        low, high = min(flat), max(flat)
        for y in range(height):
            for x in range(width):
                top, left = index // columns * (height + pad), index % columns * (width + pad)
                numbers[top + y][left + x] = (one[y][x] - low) / (high - low) if high > low else 0.0
    return torch.tensor(numbers, dtype=torch.float64).to(maps.dtype).to(maps.device)
