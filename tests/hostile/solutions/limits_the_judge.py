"""Takes the judge's open files away with prlimit."""

# expect: error
import resource


def normalise(x):
    resource.prlimit(int("@JUDGE@"), resource.RLIMIT_NOFILE, (0, 0))
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
