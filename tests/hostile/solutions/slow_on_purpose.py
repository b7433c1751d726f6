"""Right, but a thousand times as slow."""


# expect: slow, timeout
def normalise(x):
    for _ in range(1500 if len(x) == 512 else 0):
        x.exp().log().softmax(-1)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
