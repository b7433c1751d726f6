"""Number by number in exact fractions, rounded as Python rounds (half to even)."""

from fractions import Fraction

import numpy as np
import torch
from torch import nn


def _one(values, num_bits, symmetric, kind):
    """Codes, scale and zero point of a list of numbers; the scale is computed in numpy's float type `kind`."""
    if symmetric:
        low, high = -(2 ** (num_bits - 1) - 1), 2 ** (num_bits - 1) - 1
        scale = kind(max(abs(value) for value in values)) / kind(high)
    else:
        low, high = 0, 2**num_bits - 1
        scale = (kind(max([0.0, *values])) - kind(min([0.0, *values]))) / kind(high)
    if scale == 0:
        scale = kind(1)
    step = Fraction(float(scale))
    zero_point = 0 if symmetric else min(max(round(-Fraction(min([0.0, *values])) / step), low), high)
    codes = [min(max(round(Fraction(value) / step) + zero_point, low), high) for value in values]
    return codes, float(scale), zero_point


def quantize(x, num_bits=8, symmetric=False, axis=None):
    kind = np.float64 if x.dtype == torch.float64 else np.float32
    with torch.no_grad():
        parts = [x] if axis is None else list(x.unbind(axis))
        results = [_one(part.reshape(-1).tolist(), num_bits, symmetric, kind) for part in parts]

    def tensor(data, dtype):
        return torch.tensor(data, dtype=dtype, device=x.device)

    codes = [tensor(result[0], torch.int32).reshape(part.shape) for result, part in zip(results, parts, strict=True)]
    scales, zero_points = (
        tensor([result[index] for result in results], dtype) for index, dtype in ((1, x.dtype), (2, torch.int32))
    )
    if axis is None:
        return codes[0], scales[0], zero_points[0]
    return torch.stack(codes, axis), scales, zero_points


def dequantize(codes, scale, zero_point, axis=None):
    if axis is None:
        return scale * (codes - zero_point)
    parts = zip(codes.unbind(axis), scale, zero_point, strict=True)
    return torch.stack([one * (part - zero) for part, one, zero in parts], axis)


def fake_quantize(x, num_bits=8, symmetric=False):
    value = dequantize(*quantize(x, num_bits, symmetric))
    return value.detach() - x.detach() + x


class QuantizedLinear(nn.Module):
    @classmethod
    def from_float(cls, linear, num_bits=8):
        layer = cls()
        codes, scale, _ = quantize(linear.weight, num_bits, True, 0)
        layer.register_buffer("weight_q", codes.to(torch.int8))
        layer.register_buffer("scale", scale)
        layer.register_buffer("bias", linear.bias if linear.bias is None else linear.bias.detach())
        return layer

    def forward(self, x):
        out = torch.stack([x @ row.to(x.dtype) for row in self.weight_q], -1) * self.scale
        return out + self.bias if self.bias is not None else out
