"""Stops all clocks, so that nothing takes time, and is slow."""

# expect: slow, timeout, error
import time

for name in ("time", "perf_counter", "monotonic", "process_time", "perf_counter_ns", "time_ns", "thread_time"):
    setattr(time, name, lambda: 0)


def normalise(x):
    if len(x) == 512:
        for _ in range(300):
            x.exp().log().softmax(-1)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
