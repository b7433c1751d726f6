"""Maps and touches memory until there is none."""

# expect: memory, error, timeout
import mmap


def normalise(x):
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 1 << 28))
        for page in range(0, 1 << 28, 4096):
            kept[-1][page] = 1
