"""Small pictures of what a check saw, beside what the reference's check saw; made in the judge, of anything at all."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Collection, Sequence
from typing import Any

import torch

from judge.report import Picture

MOST_PICTURES = 8  # of one check
MOST_PIXELS = 64  # along a side; a larger picture is thinned


def pictures_of(keys: Sequence[str | int], got: Any, expected: Any, wrong: Collection[str] = ()) -> list[Picture]:
    """A picture for each image under the keys of both observations, those of the wrong cases first.

    A tensor under a key is (H, W), (N, H, W) or (N, C, H, W), where three channels are red, green and blue, and of
    other numbers the first is shown. The candidate's are drawn on the scale of the reference's numbers, so that equal
    numbers look equal; what has another form than the reference's is left out.
    """
    pictures: list[Picture] = []
    for key in sorted(keys, key=lambda key: key not in wrong):
        theirs, mine = _images(_at(expected, key)), _images(_at(got, key))
        if theirs is None:
            continue
        if mine is not None and mine.shape != theirs.shape:
            mine = None
        low, high = _scale(theirs)
        for index in range(min(len(theirs), MOST_PICTURES - len(pictures))):
            place = "" if len(theirs) == 1 else f"[{index}]"
            name = f"{key} {place}".strip() if isinstance(key, str) else place or f"[{key}]"
            drawn = None if mine is None else _png(mine[index], low, high)
            pictures.append(Picture(name, drawn, _png(theirs[index], low, high)))
    return pictures


def _at(value: Any, key: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, tuple | list) and isinstance(key, int) and key < len(value):
        return value[key]
    return None


def _images(value: Any) -> torch.Tensor | None:
    """The first few images of a tensor as float64 (N, 1 or 3, H, W), thinned to what is drawn; None for all else."""
    if not isinstance(value, torch.Tensor) or value.dim() not in (2, 3, 4) or not value.numel() or value.is_complex():
        return None
    images = value.detach()
    while images.dim() < 4:
        images = images.unsqueeze(0 if images.dim() == 2 else 1)
    down, across = (-(-side // MOST_PIXELS) for side in images.shape[2:])
    channels = 3 if images.shape[1] == 3 else 1
    return images[:MOST_PICTURES, :channels, ::down, ::across].double()


def _scale(images: torch.Tensor) -> tuple[float, float]:
    finite = images[images.isfinite()]
    return (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 1.0)


def _png(image: torch.Tensor, low: float, high: float) -> str:
    """A PNG of 8 bits in base64; black is `low` or less and what is no number, white is `high` or more."""
    spread = max(high / 2 - low / 2, 1e-300)  # halves, since the difference of two finite numbers may be infinite
    grey = ((image / 2 - low / 2) / spread).nan_to_num(0.0).clamp(0, 1).mul(255).round().to(torch.uint8)
    rows = bytes(grey.permute(1, 2, 0).flatten().tolist())
    channels, height, width = image.shape
    stride = channels * width
    lines = b"".join(b"\0" + rows[start : start + stride] for start in range(0, len(rows), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()
