"""Messages between the judge and a worker, over one end of a socket pair.

A frame is a fixed prefix (magic, length of the header, length of the payload), a msgpack header and the raw bytes of
the tensors in it. Both lengths are checked against caps before anything is read, so a hostile worker can make the
judge allocate no more than the cap.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Any

from judge.observations import Malformed, Observation, decode, encode

PREFIX = struct.Struct("!4sIQ")
MAGIC = b"jdg1"
MAX_HEADER = 1 << 23
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

    def send(self, value: Any, max_bytes: int = MAX_PAYLOAD) -> None:
        """Sends one value; ValueError when it is too large, `ChannelClosed` when nobody is there."""
        header, chunks = encode(value, max_bytes)
        if len(header) > MAX_HEADER:
            raise ValueError("the answer has too many parts to be sent")
        payload = sum(chunk.nbytes for chunk in chunks)
        try:
            self.socket.sendall(PREFIX.pack(MAGIC, len(header), payload) + header)
            for chunk in chunks:
                if chunk.nbytes:
                    self.socket.sendall(chunk)
        except OSError as error:
            raise ChannelClosed(str(error)) from None

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
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                    raise ChannelTimeout("no complete answer in time")
            try:
                part = self.socket.recv(min(size - len(data), 1 << 20))
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if not part:
                raise ChannelClosed("the worker is gone")
            data += part
        return data


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
