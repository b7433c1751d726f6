"""Starts worker processes."""

# expect: error, timeout
import multiprocessing


def normalise(x):
    multiprocessing.get_context("spawn").Pool(2).map(abs, [1])
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
