"""Waits for a lock that it holds itself."""

# expect: timeout
import threading

LOCK = threading.Lock()


def normalise(x):
    LOCK.acquire()
    LOCK.acquire()
