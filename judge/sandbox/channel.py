"""Messages between the judge and a worker, over one end of a socket pair.

A frame is a fixed prefix (magic, length of the header, length of the payload), a msgpack header and the raw bytes of
the tensors in it. Both lengths are checked against caps before anything is read, so a hostile worker can make the
judge allocate no more than the cap.
"""

from __future__ import annotations

import math
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from judge.observations import Malformed, Observation, decode, encode

PREFIX = struct.Struct("!4sIQ")
MAGIC = b"jdg1"
MAX_HEADER = 1 << 22  # text, names and numbers outside tensors; in memory they take up to 20 times as much
MAX_PAYLOAD = 1 << 26


class ChannelClosed(ConnectionError):
    """The other side is gone."""


class ChannelTimeout(TimeoutError):
    """No complete message came in time."""


class Channel:
    """Sends and receives values over a stream socket; see `judge.observations` for what a value may be."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock

    def fileno(self) -> int:
        return self.socket.fileno()

    def close(self) -> None:
        self.socket.close()

    def send(self, value: Any, max_bytes: int = MAX_PAYLOAD, deadline: float | None = None) -> None:
        """Sends one value.

        `deadline` is a `time.monotonic()` instant: a hostile worker may stop reading, and then the socket fills up.
        Raises ValueError when the value is too large, `ChannelClosed` when nobody is there, `ChannelTimeout`.
        """
        header, chunks = encode(value, max_bytes)
        if len(header) > MAX_HEADER:
            raise ValueError("the answer has too many parts to be sent")
        payload = sum(chunk.nbytes for chunk in chunks)
        self._write(memoryview(PREFIX.pack(MAGIC, len(header), payload) + header), deadline)
        for chunk in chunks:
            self._write(chunk, deadline)

    def receive(self, deadline: float | None = None, max_bytes: int = MAX_PAYLOAD) -> Observation:
        """One decoded value.

        `deadline` is a `time.monotonic()` instant. Raises `ChannelTimeout`, `ChannelClosed`, or `Malformed` for
        bytes that no honest worker sends; after `Malformed` the channel must not be read again.
        """
        header, payload = self.receive_raw(deadline, max_bytes)
        return decode(header, payload)

    def receive_raw(self, deadline: float | None = None, max_bytes: int = MAX_PAYLOAD) -> tuple[bytearray, bytearray]:
        """Header and payload of one message, undecoded."""
        magic, header_size, payload_size = PREFIX.unpack(self._read(PREFIX.size, deadline))
        if magic != MAGIC:
            raise Malformed("not a message")
        if header_size > MAX_HEADER or payload_size > max_bytes:
            raise Malformed("a message larger than allowed")
        return self._read(header_size, deadline), self._read(payload_size, deadline)

    def _read(self, size: int, deadline: float | None) -> bytearray:
        # Grows with what really arrives, so a lying prefix costs nothing.
        data = bytearray()
        while len(data) < size:
            part = self._attempt(deadline, "POLLIN", self.socket.recv, min(size - len(data), 1 << 20))
            if not part:
                raise ChannelClosed("the worker is gone")
            data += part
        return data

    def _write(self, data: memoryview, deadline: float | None) -> None:
        # With a deadline a send must not wait by itself, for room that never comes.
        flags = 0 if deadline is None else getattr(socket, "MSG_DONTWAIT", 0)
        while data.nbytes:
            try:
                sent = self._attempt(deadline, "POLLOUT", self.socket.send, data[: 1 << 20], flags)
            except BlockingIOError:
                continue
            data = data[sent:]

    def _attempt(self, deadline: float | None, event: str, operation: Callable[..., Any], *arguments: Any) -> Any:
        """Waits until the socket is ready for the operation, and tries it once."""
        try:
            if deadline is not None and not _ready(self.socket, event, deadline - time.monotonic()):
                raise ChannelTimeout("no complete message in time")
            return operation(*arguments)
        except (ChannelTimeout, BlockingIOError):
            raise
        except (OSError, ValueError) as error:  # ValueError: the socket was closed on this side
            raise ChannelClosed(str(error)) from None


def _ready(sock: socket.socket, event: str, seconds: float) -> bool:
    if seconds <= 0:
        return False
    if not hasattr(select, "poll"):  # Windows
        reading, writing = ([sock], []) if event == "POLLIN" else ([], [sock])
        return any(select.select(reading, writing, [], seconds))
    poll = select.poll()  # select() cannot look at descriptors from 1024 on
    poll.register(sock, getattr(select, event))
    return bool(poll.poll(math.ceil(seconds * 1000)))


class Inbox:
    """Takes a stream of bytes apart into messages, never holding more than the caps allow."""

    def __init__(self, max_bytes: int = MAX_PAYLOAD) -> None:
        self._data = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Adds bytes; header and payload of the next complete message, or None.

        Call it with b"" to see whether another message is already here. Raises `Malformed`.
        """
        self._data += data
        if len(self._data) < PREFIX.size:
            return None
        magic, header_size, payload_size = PREFIX.unpack_from(self._data)
        if magic != MAGIC:
            raise Malformed("not a message")
        if header_size > MAX_HEADER or payload_size > self._max_bytes:
            raise Malformed("a message larger than allowed")
        middle = PREFIX.size + header_size
        end = middle + payload_size
        if len(self._data) < end:
            return None
        header, payload = bytes(self._data[PREFIX.size : middle]), bytes(self._data[middle:end])
        del self._data[:end]
        return header, payload
