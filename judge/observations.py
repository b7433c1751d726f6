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
    """A decoded observation, and where each tensor in it said it lived (by path, such as "plain.weight": "cuda:0")."""

    value: Any
    devices: dict[str, str] = field(default_factory=dict)


class Malformed(ValueError):
    """Bytes that are not an encoded observation."""


DTYPES = {
    name: getattr(torch, name)
    for name in (
        *("float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2", "complex64", "complex128"),
        *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"),
    )
    if hasattr(torch, name)
}
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_DIMENSIONS = 32
MAX_PATH = 300  # characters: keys come from an attacker, and every tensor's path is kept
MAX_TUPLE_KEYS = 1000  # -1 and -2 have one hash, so any number of tuples may, and a dictionary of those gets slow
MAX_NAME = 200  # characters of a type's name, and of a line of code
MAX_MESSAGE = 2000
MAX_CONTAINERS = 4 * MAX_NODES  # a node is at most its tag's list, its items' list and a pair

# Every byte that can start a msgpack array or map, so that they can be counted before any of them is built.
_CONTAINER_BYTES = bytes([*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF])


def join(path: str, key: object) -> str:
    """The path of an item: "" + "loss" is "loss", "plain" + 0 is "plain[0]"; cut after 300 characters.

    Keys that are words, not a name, are told apart by a comma: "moved file, rows that differ".
    """
    if isinstance(key, int):
        return f"{path}[{key}]"[:MAX_PATH] if -(2**64) < key < 2**64 else f"{path}[a huge number]"[:MAX_PATH]
    text = str(key[:MAX_PATH]) if isinstance(key, str | bytes | tuple) else str(key)
    between = ", " if " " in text or " " in path else "."
    return (f"{path}{between}{text}" if path else text)[:MAX_PATH]


# ---------------------------------------------------------------------------------------------------- encoding


class _Encoder:
    """Walks one value once; tensors go into `chunks` in the order of their nodes."""

    def __init__(self, max_bytes: int) -> None:
        self.chunks: list[Any] = []
        self.bytes_left = max_bytes
        self.nodes_left = MAX_NODES
        self.tuple_keys_left = MAX_TUPLE_KEYS

    def node(self, value: Any, depth: int = 0) -> Any:
        self.nodes_left -= 1
        if self.nodes_left < 0 or depth > MAX_DEPTH:
            raise ValueError("the answer is too deep or has too many parts to be sent")
        kind = type(value)  # never isinstance or a method of the value: both may run the solution's code
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
        if issubclass(kind, tuple):
            return ["tuple", [self.node(item, depth + 1) for item in tuple.__iter__(value)]]
        if issubclass(kind, dict):
            pairs = list(dict.items(value))
            return ["dict", [[self._key(key, depth + 1), self.node(item, depth + 1)] for key, item in pairs]]
        if issubclass(kind, torch.Tensor):
            return self._tensor(value)
        if kind is torch.dtype or kind is torch.device:
            return ["str", str(value).encode()]
        if kind is Opaque:
            return ["opaque", _clean(value.type)]
        if kind is Raised:
            return ["raised", _clean(msgspec.to_builtins(value))]
        if issubclass(kind, str):  # subclasses of plain values: StrEnum, IntEnum, numpy.float64
            return self.node(str.__str__(value), depth)
        if issubclass(kind, int):
            return self.node(int.__int__(value), depth)
        if issubclass(kind, float):
            return self.node(float.__float__(value), depth)
        return ["opaque", _type_name(kind)]

    def _key(self, key: Any, depth: int) -> Any:
        kind = type(key)
        if issubclass(kind, tuple):
            self.tuple_keys_left -= 1
            if self.tuple_keys_left < 0:
                raise ValueError("the answer has too many tuples as keys to be sent")
            return ["tuple", [self._key(item, depth + 1) for item in tuple.__iter__(key)]]
        plain = key is None or issubclass(kind, str | bytes | int | float)
        return self.node(key, depth) if plain else ["opaque", _type_name(kind)]

    def _tensor(self, tensor: torch.Tensor) -> Any:
        # A subclass must not answer for itself. The simulated accelerator's tensors act below torch functions.
        with torch._C.DisableTorchFunctionSubclass():
            strange = tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested
            if strange or tensor.device.type == "meta":
                return ["opaque", f"a {tensor.layout} {tensor.device.type} tensor"]
            if tensor.dtype not in DTYPE_NAMES:
                return ["opaque", f"a tensor of {tensor.dtype}"]
            self._spend(tensor.numel() * tensor.element_size())
            try:
                plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
                count = plain.numel()
                # A single number may have any stride, and then cannot be viewed as bytes.
                raw: Any = plain.as_strided((count,), (1,)).view(torch.uint8).numpy() if count else b""
            except (RuntimeError, TypeError) as error:
                raise ValueError(f"a tensor that cannot be read: {error}") from None
            self.chunks.append(memoryview(raw))
            shape = [int(size) for size in plain.shape]
            return ["tensor", DTYPE_NAMES[plain.dtype], shape, str(tensor.device), tensor.requires_grad]

    def _spend(self, size: int) -> None:
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise ValueError("the answer is larger than may be sent")


def _clean(fields: Any) -> Any:
    """Lone surrogates cannot be written as UTF-8, and an exception's message may hold any."""
    if isinstance(fields, str):
        return fields.encode("utf-8", "replace").decode()
    if isinstance(fields, list | tuple):
        return [_clean(item) for item in fields]
    return {key: _clean(item) for key, item in fields.items()} if isinstance(fields, dict) else fields


def _type_name(kind: type) -> str:
    name = type.__dict__["__qualname__"].__get__(kind)  # what a metaclass of the solution says does not count
    module = type.__dict__["__module__"].__get__(kind)
    return str(_clean(name if module == "builtins" else f"{module}.{name}"))[:MAX_NAME]


def encode(value: Any, max_bytes: int = 1 << 26) -> tuple[bytes, list[Any]]:
    """The header and the tensors' bytes of a value; ValueError when it is too large, too deep, cyclic or unreadable.

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
        self.tuple_keys_left = MAX_TUPLE_KEYS

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
        except Malformed:
            raise
        except Exception as error:  # whatever torch, msgspec or Python say to nonsense
            raise Malformed(f"a broken {tag}: {str(error)[:200]}") from None

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
            key = self._key(key_node, depth + 1)
            result[key] = self.value(node, join(path, key), depth + 1)
        return result

    def _key(self, node: Any, depth: int) -> Any:
        if isinstance(node, list) and node and node[0] == "tuple" and depth <= MAX_DEPTH:
            self.tuple_keys_left -= 1
            if self.tuple_keys_left < 0:
                raise Malformed("too many tuples as keys")
            return tuple(self._key(item, depth + 1) for item in node[1])
        if isinstance(node, list) and node and node[0] not in ("str", "bytes", "opaque"):
            raise Malformed("a key that cannot be one")
        return self.value(node, "", depth)

    def _raised(self, path: str, depth: int, fields: dict[str, Any]) -> Raised:
        told = msgspec.convert(fields, Raised)
        return msgspec.structs.replace(
            told,
            type=told.type[:MAX_NAME],
            message=told.message[:MAX_MESSAGE],
            source=told.source and told.source[:MAX_NAME],
            function=told.function and told.function[:MAX_NAME],
        )

    def _opaque(self, path: str, depth: int, name: str) -> Opaque:
        if type(name) is not str:
            raise Malformed("a name that is no name")
        return Opaque(name[:MAX_NAME])

    def _tensor(
        self, path: str, depth: int, dtype_name: str, shape: list[int], device: str, requires_grad: bool
    ) -> torch.Tensor:
        dtype = DTYPES[dtype_name]
        if type(shape) is not list or len(shape) > MAX_DIMENSIONS or type(device) is not str:
            raise Malformed("an impossible tensor")
        if not all(type(size) is int and 0 <= size < 2**40 for size in shape):
            raise Malformed("an impossible shape")
        size = math.prod(shape) * dtype.itemsize
        if size > len(self.payload) - self.position:
            raise Malformed("a tensor longer than its bytes")
        raw = self.payload[self.position : self.position + size]
        self.position += size
        self.devices[path] = device[:40]
        if size == 0:
            return torch.empty(shape, dtype=dtype)
        data = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
        if dtype is torch.bool:
            return (data != 0).reshape(shape)  # a bool that is neither 0 nor 1 is undefined behaviour in torch
        return data.view(dtype).reshape(shape)


_TAGS = {"str", "bytes", "list", "tuple", "dict", "raised", "opaque", "tensor"}


def decode(header: bytes | bytearray | memoryview, payload: bytes | bytearray | memoryview) -> Observation:
    """The observation of an encoded value; `Malformed` for bytes that `encode` cannot have written."""
    header = bytes(header)
    if len(header) - len(header.translate(None, _CONTAINER_BYTES)) > MAX_CONTAINERS:
        raise Malformed("too many parts")  # an empty list is one byte here and 64 in memory
    try:
        tree = msgspec.msgpack.decode(header)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Malformed(f"not msgpack: {str(error)[:200]}") from None
    decoder = _Decoder(memoryview(payload))
    value = decoder.value(tree)
    if decoder.position != len(decoder.payload):
        raise Malformed("bytes left over behind the last tensor")
    return Observation(value, decoder.devices)
