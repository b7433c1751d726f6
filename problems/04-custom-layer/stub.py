import torch
from torch import Tensor, nn


def swish(x: Tensor, beta: float = 1.0) -> Tensor:
    """x sigmoid(beta x), as one torch.autograd.Function of your own; beta is a Python number.

    x: any shape, and the result has the same. The backward can be differentiated itself. Value, first and second
    derivative are finite for |x| up to 10,000.
    """
    raise NotImplementedError


class CustomLinear(nn.Module):
    """y = x W^T + b with the parameters weight (out, in) and bias (out,), both drawn from U(-1/sqrt(in), 1/sqrt(in)).

    bias=False: there is no key bias, and the attribute is None. repr contains, for example,
    "in_features=3, out_features=2, bias=True".
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., in_features), any number of leading dimensions, also none. Returns (..., out_features)."""
        raise NotImplementedError


if __name__ == "__main__":
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    (slope,) = torch.autograd.grad(swish(x).sum(), x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    print(swish(x), slope, curvature)  # expected: 0, 0.7311; 0.5, 0.9277; 0.5, 0.3024
    print(CustomLinear(3, 2))
