"""What a check saw, as plain data that can cross between processes.

An observation is a tree of None, booleans, integers, floats, strings, bytes, lists, tuples, dictionaries and tensors,
and of the structs below. It is written as a msgpack tree in which every container and tensor is tagged, with the
tensors' raw bytes behind it: never pickle, nothing executable. `encode` runs in the sandbox, `decode` in the trusted
process on bytes that may come from an attacker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import msgspec
import torch


class Raised(msgspec.Struct, frozen=True):
    """An exception as an observation: only `bases` (its type and the types above it) are ever compared."""

    type: str
    bases: tuple[str, ...]
    message: str
    line: int | None = None  # the innermost line of the solution on the traceback
    source: str | None = None
    function: str | None = None


class Opaque(msgspec.Struct, frozen=True):
    """Something that is neither data nor a tensor; it equals nothing."""

    type: str


@dataclass(frozen=True)
class Observation:
    """A decoded observation, and where each tensor in it said it lived (by path, such as "plain.weight")."""

    value: Any
    devices: dict[str, str] = field(default_factory=dict)


class Malformed(ValueError):
    """Bytes that are not an encoded observation."""


DTYPES = {
    name: getattr(torch, name)
    for name in (
        "float64 float32 float16 bfloat16 complex64 complex128 int64 int32 int16 int8 uint8 bool "
        "uint16 uint32 uint64 float8_e4m3fn float8_e5m2"
    ).split()
    if hasattr(torch, name)
}
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_DIMENSIONS = 32


def join(path: str, key: object) -> str:
    """The path of an item: "" + "loss" is "loss", "plain" + 0 is "plain[0]"."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


# ---------------------------------------------------------------------------------------------------- encoding


class _Encoder:
    """Walks one value once; tensors go into `chunks` in the order of their nodes."""

    def __init__(self, max_bytes: int) -> None:
        self.chunks: list[Any] = []
        self.bytes_left = max_bytes
        self.nodes_left = MAX_NODES

    def node(self, value: Any, depth: int = 0) -> Any:
        self.nodes_left -= 1
        if self.nodes_left < 0 or depth > MAX_DEPTH:
            raise ValueError("the answer is too deep or has too many parts to be sent")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**63 else ["opaque", "int beyond 64 bits"]
        if kind is float:
            return value
        if kind is str or kind is bytes:
            self._spend(len(value))
            return ["str", value.encode("utf-8", "replace")] if kind is str else ["bytes", value]
        if kind is list:
            return ["list", [self.node(item, depth + 1) for item in value]]
        if kind is torch.Size:
            return ["tuple", [int(item) for item in value]]
        if isinstance(value, tuple):
            return ["tuple", [self.node(item, depth + 1) for item in tuple.__iter__(value)]]
        if isinstance(value, dict):
            pairs = [
                [self.node(key, depth + 1), self.node(item, depth + 1)] for key, item in list(dict.items(value))
            ]
            return ["dict", pairs]
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if kind is torch.dtype:
            return ["str", str(value).encode()]
        if kind is torch.device:
            return ["str", str(value).encode()]
        if isinstance(value, Raised):
            return ["raised", msgspec.to_builtins(value)]
        if isinstance(value, str | int | float) and not isinstance(value, bool):  # subclasses: numpy.float64, IntEnum
            base = next(plain for plain in (str, int, float) if isinstance(value, plain))
            return self.node(base.__new__(base, value), depth)  # type: ignore[call-overload]
        if isinstance(value, set | frozenset):
            return ["opaque", kind.__name__[:200]]
        return ["opaque", f"{kind.__module__}.{kind.__qualname__}"[:200]]

    def _tensor(self, tensor: torch.Tensor) -> Any:
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type == "meta":
            return ["opaque", f"a {tensor.layout} {tensor.device.type} tensor"]
        if tensor.dtype not in DTYPE_NAMES:
            return ["opaque", f"a tensor of {tensor.dtype}"]
        self._spend(tensor.numel() * tensor.element_size())
        plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
        raw = plain.reshape(-1).view(torch.uint8).numpy() if plain.numel() else b""
        self.chunks.append(memoryview(raw))
        return ["tensor", DTYPE_NAMES[tensor.dtype], list(tensor.shape), str(tensor.device), tensor.requires_grad]

    def _spend(self, size: int) -> None:
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise ValueError("the answer is larger than may be sent")


def encode(value: Any, max_bytes: int = 1 << 26) -> tuple[bytes, list[Any]]:
    """The header and the tensors' bytes of a value; ValueError when it is too large, too deep or cyclic.

    Tensors are copied to the CPU, subclasses become plain tensors, and what is neither data nor a tensor becomes
    `Opaque`.
    """
    encoder = _Encoder(max_bytes)
    header = msgspec.msgpack.encode(encoder.node(value))
    return header, encoder.chunks


# ---------------------------------------------------------------------------------------------------- decoding


class _Decoder:
    def __init__(self, payload: memoryview) -> None:
        self.payload = payload
        self.position = 0
        self.devices: dict[str, str] = {}
        self.nodes_left = MAX_NODES

    def value(self, node: Any, path: str = "", depth: int = 0) -> Any:
        self.nodes_left -= 1
        if depth > MAX_DEPTH or self.nodes_left < 0:
            raise Malformed("too deep or too many parts")
        if node is None or isinstance(node, bool | int | float):
            return node
        if not isinstance(node, list) or not node or not isinstance(node[0], str):
            raise Malformed("an untagged node")
        tag, *rest = node
        try:
            return getattr(self, f"_{tag}")(path, depth, *rest) if tag in _TAGS else self._unknown(tag)
        except (TypeError, AttributeError, KeyError, UnicodeDecodeError, msgspec.ValidationError) as error:
            raise Malformed(f"a broken {tag}: {error}") from None

    def _unknown(self, tag: str) -> Any:
        raise Malformed(f"an unknown tag {tag[:40]!r}")

    def _str(self, path: str, depth: int, raw: bytes) -> str:
        return bytes.decode(raw, "utf-8", "replace")

    def _bytes(self, path: str, depth: int, raw: bytes) -> bytes:
        if type(raw) is not bytes:
            raise Malformed("bytes that are not bytes")
        return raw

    def _list(self, path: str, depth: int, items: list[Any]) -> list[Any]:
        if type(items) is not list:
            raise Malformed("a list that is not a list")
        return [self.value(item, join(path, index), depth + 1) for index, item in enumerate(items)]

    def _tuple(self, path: str, depth: int, items: list[Any]) -> tuple[Any, ...]:
        return tuple(self._list(path, depth, items))

    def _dict(self, path: str, depth: int, pairs: list[Any]) -> dict[Any, Any]:
        result = {}
        for key_node, node in pairs:
            key = self.value(key_node, path, depth + 1)
            if not isinstance(key, str | int | float | bool | None):
                key = str(key)
            result[key] = self.value(node, join(path, key), depth + 1)
        return result

    def _raised(self, path: str, depth: int, fields: dict[str, Any]) -> Raised:
        return msgspec.convert(fields, Raised)

    def _opaque(self, path: str, depth: int, name: str) -> Opaque:
        return Opaque(str(name)[:200])

    def _tensor(
        self, path: str, depth: int, dtype_name: str, shape: list[int], device: str, requires_grad: bool
    ) -> torch.Tensor:
        dtype = DTYPES[dtype_name]
        if len(shape) > MAX_DIMENSIONS or not all(type(size) is int and 0 <= size < 2**40 for size in shape):
            raise Malformed("an impossible shape")
        size = math.prod(shape) * dtype.itemsize
        if size > len(self.payload) - self.position:
            raise Malformed("a tensor longer than its bytes")
        raw = self.payload[self.position : self.position + size]
        self.position += size
        self.devices[path] = str(device)[:40]
        if size == 0:
            if max(shape, default=0) > 2**31:
                raise Malformed("an impossible shape")
            return torch.empty(shape, dtype=dtype)
        data = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
        if dtype is torch.bool:
            return (data != 0).reshape(shape)  # a bool that is neither 0 nor 1 is undefined behaviour in torch
        return data.view(dtype).reshape(shape)


_TAGS = {"str", "bytes", "list", "tuple", "dict", "raised", "opaque", "tensor"}


def decode(header: bytes | memoryview, payload: bytes | memoryview) -> Observation:
    """The observation of an encoded value; `Malformed` for bytes that `encode` cannot have written."""
    try:
        tree = msgspec.msgpack.decode(header)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Malformed(f"not msgpack: {error}") from None
    decoder = _Decoder(memoryview(payload))
    value = decoder.value(tree)
    if decoder.position != len(decoder.payload):
        raise Malformed("bytes left over behind the last tensor")
    return Observation(value, decoder.devices)
