"""You divide by D - 1 in the variance; divide by D."""


def normalise(x):
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + 1e-5).sqrt()
