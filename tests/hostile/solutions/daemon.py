"""A daemon by two forks, which writes to a file later."""

# expect: error
import os
import time


def normalise(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(2)
            open("@OUTSIDE@/daemon", "w").close()
        os._exit(0)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
