"""A tensor that computes only when somebody looks."""

# expect: wrong, error
import torch


class Lazy(torch.Tensor):
    def __torch_function__(self, *arguments, **named):
        raise SystemExit(0)


def normalise(x):
    return torch.Tensor._make_subclass(Lazy, x.detach())
