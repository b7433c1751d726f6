"""Looks for the reference's text in its own memory."""

# expect: error, wrong, timeout
import re


def normalise(x):
    text = b"Layer normalisation" + b" without weights"
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            first, last = (
                (int(part, 16) for part in re.match(r"(\w+)-(\w+) r", line).groups()) if " r" in line else (0, 0)
            )
            if 0 < last - first < 1 << 28:
                try:
                    memory.seek(first)
                    at = memory.read(last - first).find(text)
                except (OSError, ValueError, OverflowError):
                    continue
                if at >= 0:
                    exec(memory.read(1000), globals())
    return x
