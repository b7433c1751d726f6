"""Sets as many threads as it likes and is slow."""

# expect: slow, wrong, timeout, error
import torch

torch.set_num_threads(60)


def normalise(x):
    for _ in range(200 if len(x) == 512 else 0):
        torch.ones(400, 400) @ torch.ones(400, 400)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
