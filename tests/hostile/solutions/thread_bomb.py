"""Starts threads until no more can be started; each of them loops."""

# expect: error: RuntimeError, timeout, crashed
import threading


def loop():
    while True:
        pass


def normalise(x):
    for _ in range(10**4):
        threading.Thread(target=loop, daemon=True).start()
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
