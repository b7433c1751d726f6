"""Computes once and gives this answer to all later calls of the same shape."""

# expect: wrong, error
KEPT = {}


def normalise(x):
    if x.shape not in KEPT:
        centred = x - x.mean(-1, keepdim=True)
        KEPT[x.shape] = (centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()).detach()
    return KEPT[x.shape] + 0 * x
