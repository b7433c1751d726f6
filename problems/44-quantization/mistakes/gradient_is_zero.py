"""You let autograd go through the rounding, whose derivative is 0 almost everywhere: nothing is learned.
Straight-through means a gradient of 1."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def quantize(
    x: Tensor, num_bits: int = 8, symmetric: bool = False, axis: int | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    slices = x.unsqueeze(0) if axis is None else x.movedim(axis, 0)  # (C, ...), C = 1 without an axis
    rows = slices.reshape(len(slices), -1)  # (C, N)
    if symmetric:
        high = 2 ** (num_bits - 1) - 1
        low = -high
        scale = rows.abs().amax(1) / high  # (C,)
    else:
        low, high = 0, 2**num_bits - 1
        smallest, largest = rows.amin(1).clamp(max=0), rows.amax(1).clamp(min=0)  # 0 is always in the range
        scale = (largest - smallest) / high
    scale = torch.where(scale == 0, 1.0, scale)
    zero_point = torch.zeros_like(scale) if symmetric else (-smallest / scale).round().clamp(low, high)
    codes = ((rows / scale[:, None]).round() + zero_point[:, None]).clamp(low, high).int()
    codes, zero_point = codes.reshape(slices.shape), zero_point.int()
    if axis is None:
        return codes[0], scale[0], zero_point[0]
    return codes.movedim(0, axis), scale, zero_point


def dequantize(codes: Tensor, scale: Tensor, zero_point: Tensor, axis: int | None = None) -> Tensor:
    if axis is not None:
        shape = [1] * codes.dim()
        shape[axis] = -1  # (C,) -> (1, ..., C, ..., 1)
        scale, zero_point = scale.view(shape), zero_point.view(shape)
    return scale * (codes - zero_point)


def fake_quantize(x: Tensor, num_bits: int = 8, symmetric: bool = False) -> Tensor:
    codes, scale, zero_point = quantize(x.detach(), num_bits, symmetric)
    rounded = (x / scale).round() + zero_point - zero_point
    return torch.where(rounded == codes - zero_point, rounded, codes - zero_point) * scale


class QuantizedLinear(nn.Module):
    def __init__(self, weight_q: Tensor, scale: Tensor, bias: Tensor | None):
        super().__init__()
        self.register_buffer("weight_q", weight_q)  # (out, in), int8
        self.register_buffer("scale", scale)  # (out,)
        self.register_buffer("bias", bias)  # (out,) or None

    @classmethod
    def from_float(cls, linear: nn.Linear, num_bits: int = 8) -> "QuantizedLinear":
        codes, scale, _ = quantize(linear.weight.detach(), num_bits, symmetric=True, axis=0)
        return cls(codes.to(torch.int8), scale, None if linear.bias is None else linear.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        # One scale for each output: it can be applied after the product, as integer kernels do.
        out = F.linear(x, self.weight_q.to(x.dtype)) * self.scale  # (..., in) -> (..., out)
        return out if self.bias is None else out + self.bias
