"""torch's own layer, and its SiLU inside a Function: swish(x, beta) = silu(beta x) / beta, x / 2 for beta = 0."""

import torch
import torch.nn.functional as F
from torch import nn


def by_torch(x, beta):
    return F.silu(beta * x) / beta if beta else x / 2


class Derivative(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, beta):
        ctx.save_for_backward(x)
        ctx.beta = beta
        return by_torch(x, beta)

    @staticmethod
    def backward(ctx, grad):
        x, again = ctx.saved_tensors[0], torch.is_grad_enabled()
        with torch.enable_grad():
            x = x.view_as(x) if again else x.detach().requires_grad_()
            return torch.autograd.grad(by_torch(x, ctx.beta), x, grad, create_graph=again)[0], None


def swish(x, beta=1.0):
    return Derivative.apply(x, beta)


class CustomLinear(nn.Linear):
    pass
