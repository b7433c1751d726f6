"""What was seen of a known solution, as the bytes of a file: what Memory keeps, and what a released package holds."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from judge.observations import Malformed, Observation, decode, encode
from judge.subjects import Seen

MAX_BYTES = 1 << 28
DIGEST_BYTES = 32  # a file begins with the SHA-256 of the rest


def pack(value: Any) -> bytes:
    """A value that is made like an observation, as the content of a file; raises ValueError where it cannot be."""
    header, chunks = encode(value, MAX_BYTES)
    data = b"".join([len(header).to_bytes(8, "little"), header, *chunks])
    return sha256(data).digest() + data


def unpack(content: bytes) -> Any:
    """What `pack` was given; raises Malformed for bytes that are damaged or something else.

    One wrong bit would make right solutions wrong.
    """
    data = content[DIGEST_BYTES:]
    if sha256(data).digest() != content[:DIGEST_BYTES]:
        raise Malformed("the file is damaged")
    size = int.from_bytes(data[:8], "little")
    return decode(data[8 : 8 + size], data[8 + size :]).value


def to_data(seen: Seen) -> dict[str, Any]:
    """One call of a check, for `pack`: what it gave and where its tensors were, without what was printed."""
    return {
        "value": seen.observation.value if seen.observation else None,
        "devices": seen.observation.devices if seen.observation else {},
        "filled": [[name, list(shape)] for name, shape in seen.filled],
    }


def from_data(entry: dict[str, Any]) -> Seen:
    """What `to_data` made data of."""
    filled = tuple((name, tuple(shape)) for name, shape in entry["filled"])
    return Seen(Observation(entry["value"], entry["devices"]), filled)
