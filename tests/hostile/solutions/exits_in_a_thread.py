"""A thread ends the process while the answer is computed."""

# expect: crashed
import os
import threading
import time


def normalise(x):
    threading.Thread(target=os._exit, args=(0,)).start()
    time.sleep(1)
    return x
