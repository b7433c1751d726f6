"""Another right way: the derivative is a Function of its own, sigmoid through tanh; the layer through einsum."""

import torch
from torch import nn


def gate(x, beta):
    return (1 + torch.tanh(beta * x / 2)) / 2


class Slope(torch.autograd.Function):
    """grad times swish'(x), with both of its derivatives."""

    @staticmethod
    def forward(ctx, grad, x, beta):
        ctx.save_for_backward(grad, x)
        ctx.beta = beta
        s = gate(x, beta)
        return grad * (s + beta * x * s * (1 - s))

    @staticmethod
    def backward(ctx, outer):
        grad, x = ctx.saved_tensors
        s = gate(x, ctx.beta)
        bump = ctx.beta * s * (1 - s)
        return outer * (s + x * bump), outer * grad * bump * (2 + ctx.beta * x * (1 - 2 * s)), None


class MySwish(torch.autograd.Function):
    @staticmethod
    def forward(x, beta):
        return x * gate(x, beta)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.beta = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad):
        return Slope.apply(grad, *ctx.saved_tensors, ctx.beta), None


def swish(x, beta=1.0):
    return MySwish.apply(x, beta)


class CustomLinear(nn.Module):
    bias: nn.Parameter | None

    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.bias = None
        if bias:
            self.bias = nn.Parameter((torch.rand(out_features) * 2 - 1) * in_features**-0.5)
        self.weight = nn.Parameter(torch.zeros(out_features, in_features))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, x):
        if self.bias is None:
            return torch.einsum("...i,oi->...o", x, self.weight)
        return torch.einsum("...i,oi->...o", x, self.weight) + self.bias

    def __repr__(self):
        rows, columns = self.weight.shape
        return f"CustomLinear(in_features={columns}, out_features={rows}, bias={self.bias is not None})"
