"""Ignores every signal that it can, then loops."""

# expect: timeout
import signal

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def normalise(x):
    while True:
        pass
