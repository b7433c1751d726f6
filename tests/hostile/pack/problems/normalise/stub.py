from torch import Tensor


def normalise(x: Tensor) -> Tensor:
    """(N, D) -> (N, D), each row with mean 0 and variance 1; 1e-5 is added to the variance."""
    raise NotImplementedError
