"""A subclass of Tensor for which every comparison is true."""

# expect: wrong
import torch


class Answer(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), named=None):
        name = getattr(function, "__name__", "")
        if name in ("__eq__", "eq", "equal", "allclose", "isclose"):
            return True
        return super().__torch_function__(function, types, arguments, named or {})


def normalise(x):
    return x.detach().clone().as_subclass(Answer)
