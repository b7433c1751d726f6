import torch
from torch import Tensor, nn


def quantize(
    x: Tensor, num_bits: int = 8, symmetric: bool = False, axis: int | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Integer codes of x, with their scale and zero point: x is about scale * (codes - zero_point).

    Asymmetric: codes 0..2**num_bits - 1 over [min(x, 0), max(x, 0)]. Symmetric: codes within
    ±(2**(num_bits - 1) - 1) over [-max|x|, max|x|], zero point 0. axis: one scale and zero point for each index along
    that dimension (it may be negative); None: one for the whole tensor. A range or scale of 0 has the scale 1.

    Returns codes (like x, int32), scale (() or (x.shape[axis],), x's dtype) and zero_point (like scale, int32).
    """
    raise NotImplementedError


def dequantize(codes: Tensor, scale: Tensor, zero_point: Tensor, axis: int | None = None) -> Tensor:
    """scale * (codes - zero_point), in the scale's dtype; scale and zero_point are () or (codes.shape[axis],)."""
    raise NotImplementedError


def fake_quantize(x: Tensor, num_bits: int = 8, symmetric: bool = False) -> Tensor:
    """x quantized (for the whole tensor) and dequantized again; its gradient with respect to x is 1 everywhere."""
    raise NotImplementedError


class QuantizedLinear(nn.Module):
    """A linear layer with int8 weights, one scale for each output; float input and output.

    Buffers: weight_q (out, in) int8, scale (out,), bias (out,) unless the float layer has none. No parameters.
    """

    @classmethod
    def from_float(cls, linear: nn.Linear, num_bits: int = 8) -> "QuantizedLinear":
        """The quantized layer of a float layer, which stays as it is; num_bits is at most 8."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., in), float. Returns (..., out), in the same dtype."""
        raise NotImplementedError


if __name__ == "__main__":
    x = torch.tensor([-1.0, 0.0, 0.6, 2.0])
    codes, scale, zero_point = quantize(x, num_bits=2)
    print(codes, scale, zero_point)  # expected: [0, 1, 2, 3], scale 1, zero point 1
    print(dequantize(codes, scale, zero_point))  # expected: [-1, 0, 1, 2]
    print(quantize(torch.tensor([-1.4, 0.0, 0.6, 2.1]), num_bits=3, symmetric=True))  # expected: [-2, 0, 1, 3], 0.7, 0
