"""Your layer shows itself as CustomLinear(), without its sizes. Override extra_repr, so that print(model) tells what
is inside."""

import math

import torch
from torch import Tensor, nn


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, beta: float) -> Tensor:
        ctx.save_for_backward(x)  # x, not s: what backward computes from x, autograd can differentiate again
        ctx.beta = beta
        return x * torch.sigmoid(beta * x)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(ctx.beta * x)
        return grad * (s + ctx.beta * x * s * (1 - s)), None  # beta is no tensor: it has no gradient


def swish(x: Tensor, beta: float = 1.0) -> Tensor:
    return Swish.apply(x, beta)


class CustomLinear(nn.Module):
    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound))
        else:
            self.register_parameter("bias", None)  # the attribute is there, a key in the state_dict is not

    def forward(self, x: Tensor) -> Tensor:
        out = x @ self.weight.T  # (..., in) @ (in, out) -> (..., out)
        return out if self.bias is None else out + self.bias
