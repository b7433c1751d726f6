"""Makes the judge wait behind everything else."""

# expect: error
import os


def normalise(x):
    os.setpriority(os.PRIO_PROCESS, int("@JUDGE@"), 19)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
