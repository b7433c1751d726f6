"""A subclass of Tensor that tells another shape and other numbers."""

# expect: wrong, error
import torch


class Answer(torch.Tensor):
    shape = property(lambda self: torch.Size([3, 4]))

    def tolist(self):
        return [0.0]

    def numpy(self):
        raise SystemExit(0)


def normalise(x):
    return torch.zeros(1).as_subclass(Answer)
