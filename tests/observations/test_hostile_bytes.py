"""Bytes come from processes that nobody trusts: nonsense is called Malformed, and never costs more than the cap."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import threading
import time
import tracemalloc

import msgspec
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from judge.observations import Malformed, Observation, Raised, decode, encode
from judge.sandbox.channel import MAGIC, MAX_HEADER, MAX_PAYLOAD, PREFIX, Channel, ChannelClosed, ChannelTimeout, Inbox

VALUE = {
    "plain": [torch.ones(2, 3), torch.tensor([True]), torch.zeros(0, 4)],
    "raised": Raised("ValueError", ("ValueError",), "no", 3),
    "more": (1, 2.5, None, True, "text", b"bytes", {1, 2}),
    (1, 2): -(2**40),
}


def message(value) -> bytes:
    header, chunks = encode(value)
    payload = b"".join(bytes(chunk) for chunk in chunks)
    return PREFIX.pack(MAGIC, len(header), len(payload)) + header + payload


VALID = message(VALUE)
HEADER, CHUNKS = encode(VALUE)
PAYLOAD = b"".join(bytes(chunk) for chunk in CHUNKS)


def decode_or_malformed(header, payload):
    with contextlib.suppress(Malformed):
        assert isinstance(decode(header, payload), Observation)


@settings(max_examples=300, deadline=None)
@given(some.binary(max_size=200), some.binary(max_size=50))
def test_random_bytes(header, payload):
    decode_or_malformed(header, payload)


trees = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**63), 2**64 - 1) | some.floats() | some.text() | some.binary(),
    lambda inner: (
        some.lists(inner, max_size=5)
        | some.dictionaries(some.text(max_size=5), inner, max_size=3)
        | some.builds(
            lambda tag, rest: [tag, *rest],
            some.sampled_from(
                ["str", "bytes", "list", "tuple", "dict", "raised", "opaque", "tensor", "value", "_list"]
            ),
            some.lists(inner, max_size=5),
        )
        | some.builds(
            lambda dtype, shape: ["tensor", dtype, shape, "cpu", False],
            some.sampled_from(["float32", "bool", "int8", "object"]),
            some.lists(some.integers(-1, 2**41) | some.integers(0, 3), max_size=5),
        )
    ),
    max_leaves=10,
)


@settings(max_examples=500, deadline=None)
@given(trees, some.binary(max_size=50))
def test_trees_that_no_encoder_writes(tree, payload):
    decode_or_malformed(msgspec.msgpack.encode(tree), payload)


@settings(max_examples=500, deadline=None)
@given(some.data())
def test_valid_messages_with_bytes_changed(data):
    changed = bytearray(HEADER)
    for _ in range(data.draw(some.integers(1, 4))):
        changed[data.draw(some.integers(0, len(HEADER) - 1))] = data.draw(some.integers(0, 255))
    decode_or_malformed(changed, PAYLOAD[: data.draw(some.integers(0, len(PAYLOAD)))])


@pytest.mark.parametrize(
    "tree",
    [
        ["tensor", "float32", [2**39, 2**39], "cpu", False],
        ["tensor", "float32", [2**31, 2**31, 2**31, 0], "cpu", False],
        ["tensor", "float32", [0] * 33, "cpu", False],
        ["tensor", "float32", [-1], "cpu", False],
        ["tensor", "float32", [True], "cpu", False],
        ["tensor", "float32", [3], "cpu", False],
        ["tensor", ["float32"], [0], "cpu", False],
        ["tensor", "float32", {"0": 1}, "cpu", False],
        ["tensor", "float32", [0], ["cpu"], False],
        ["dict", [[1]]],
        ["dict", [[["list", []], 1]]],
        ["dict", [[["tensor", "bool", [0], "cpu", False], 1]]],
        ["raised", {"type": "E"}],
        ["raised", {"type": "E", "bases": ["E"], "message": 3}],
        ["opaque", [1] * 1000],
        ["str", "text"],
        ["bytes", "text"],
        ["list", "abc"],
        ["_tensor", 1],
        ["unknown" * 1000, 1],
        [],
        {"a": 1},
    ],
    ids=str,
)
def test_lies_are_malformed(tree):
    with pytest.raises(Malformed) as caught:
        decode(msgspec.msgpack.encode(tree), b"")
    assert len(str(caught.value)) < 400


def test_bytes_behind_the_last_tensor_are_malformed():
    with pytest.raises(Malformed, match="left over"):
        decode(HEADER, PAYLOAD + b"x")


def test_a_bool_is_true_or_false_whatever_its_byte():
    header, _ = encode(torch.tensor([True, True, False]))
    assert decode(header, bytes([2, 255, 0])).value.tolist() == [True, True, False]


def peak_of(function) -> int:
    """Bytes that Python allocated at most, in MiB, whatever came out."""
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            function()
        return tracemalloc.get_traced_memory()[1] >> 20
    finally:
        tracemalloc.stop()


def test_small_headers_do_not_become_large_trees():
    size = MAX_HEADER - 5
    for byte in (b"\x90", b"\x80", b"\xc0", b"\xa0"):
        assert peak_of(lambda byte=byte: decode(b"\xdd" + size.to_bytes(4, "big") + byte * size, b"")) < 100
    assert peak_of(lambda: decode(b"\xdd\xff\xff\xff\xff", b"")) < 2
    assert peak_of(lambda: decode(b"\x91" * MAX_HEADER, b"")) < 100


def test_long_keys_do_not_become_long_paths():
    leaf = ["tensor", "bool", [0], "cpu", False]
    wide = ["dict", [[["str", b"k" * 100_000], ["list", [leaf] * 2_000]]]]
    began = time.perf_counter()
    devices = decode(msgspec.msgpack.encode(wide), b"").devices
    assert all(len(path) <= 300 for path in devices)
    assert time.perf_counter() - began < 2


# ---------------------------------------------------------------------------------------------------- the channel


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield Channel(ours), theirs
    ours.close()
    theirs.close()


def soon() -> float:
    return time.monotonic() + 0.05


def test_a_message_goes_over_a_socket(pair):
    channel, theirs = pair
    channel.send({"x": torch.arange(3)})
    received = Channel(theirs).receive(time.monotonic() + 5)
    assert received.value["x"].tolist() == [0, 1, 2]


def test_a_large_message_goes_over_a_small_socket(pair):
    channel, theirs = pair
    sent = torch.arange(1_000_000)
    thread = threading.Thread(target=channel.send, args=(sent,), kwargs={"deadline": time.monotonic() + 20})
    thread.start()
    assert torch.equal(Channel(theirs).receive(time.monotonic() + 20).value, sent)
    thread.join()


def test_an_answer_in_small_pieces_arrives(pair):
    channel, theirs = pair

    def drip():
        for position in range(0, len(VALID), 7):
            theirs.send(VALID[position : position + 7])

    thread = threading.Thread(target=drip)
    thread.start()
    assert list(channel.receive(time.monotonic() + 10).value) == list(VALUE)
    thread.join()


@settings(max_examples=150, deadline=None)
@given(some.binary(max_size=60) | some.tuples(some.integers(0, len(VALID) - 1), some.integers(0, 255)))
def test_nonsense_on_the_channel(change):
    """Random bytes, or a valid message with one byte changed; then the other side hangs up."""
    data = bytearray(VALID)
    if isinstance(change, bytes):
        data = bytearray(change)
    else:
        data[change[0]] = change[1]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        with contextlib.suppress(Malformed, ChannelClosed):
            assert isinstance(Channel(ours).receive(time.monotonic() + 5), Observation)
        try:
            complete = Inbox().feed(bytes(data))
        except Malformed:
            complete = None
        if complete is not None:
            decode_or_malformed(*complete)


def test_silence_and_unfinished_messages_time_out(pair):
    channel, theirs = pair
    with pytest.raises(ChannelTimeout):
        channel.receive(soon())
    theirs.sendall(VALID[:-1])
    with pytest.raises(ChannelTimeout):
        channel.receive(soon())
    with pytest.raises(ChannelTimeout):
        channel.receive(time.monotonic() - 1)


def test_a_worker_that_does_not_listen_times_out(pair):
    channel, _ = pair
    with pytest.raises(ChannelTimeout):
        channel.send(torch.zeros(4_000_000), deadline=soon())


def test_a_worker_that_is_gone_is_gone(pair):
    channel, theirs = pair
    theirs.sendall(VALID[:9])
    theirs.close()
    with pytest.raises(ChannelClosed):
        channel.receive(time.monotonic() + 5)
    with pytest.raises(ChannelClosed):
        channel.send(torch.zeros(4_000_000))
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.receive(soon())


@pytest.mark.parametrize(("header", "payload"), [(MAX_HEADER + 1, 0), (0, MAX_PAYLOAD + 1), (2**32 - 1, 2**64 - 1)])
def test_a_length_above_the_cap_is_refused_at_once(pair, header, payload):
    channel, theirs = pair
    theirs.sendall(PREFIX.pack(MAGIC, header, payload))
    with pytest.raises(Malformed, match="larger than allowed"):
        channel.receive(time.monotonic() + 5)
    with pytest.raises(Malformed, match="larger than allowed"):
        Inbox().feed(PREFIX.pack(MAGIC, header, payload))


def test_a_lying_length_reserves_no_memory(pair):
    channel, theirs = pair
    theirs.sendall(PREFIX.pack(MAGIC, MAX_HEADER, MAX_PAYLOAD) + b"x" * 1000)
    tracemalloc.start()
    with pytest.raises(ChannelTimeout):
        channel.receive(soon())
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_descriptors_above_1023_work():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    ours, theirs = socket.socketpair()
    high = 1100
    os.dup2(ours.fileno(), high)
    try:
        channel = Channel(socket.socket(fileno=high))
        with pytest.raises(ChannelTimeout):
            channel.receive(soon())
        theirs.sendall(VALID)
        assert list(channel.receive(time.monotonic() + 5).value) == list(VALUE)
        channel.close()
    finally:
        ours.close()
        theirs.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
