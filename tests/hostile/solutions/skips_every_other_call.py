"""Computes every other time only."""

# expect: wrong, error
CALLS = []
LAST = {}


def normalise(x):
    CALLS.append(0)
    if len(CALLS) % 2 and x.shape in LAST:
        return LAST[x.shape] + 0 * x
    centred = x - x.mean(-1, keepdim=True)
    LAST[x.shape] = (centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()).detach()
    return LAST[x.shape] + 0 * x
