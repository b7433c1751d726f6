"""A worker may send whatever it likes: it is an answer or called Malformed, and costs little either way."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from judge.compare import Difference, cases, names_differ
from judge.observations import Malformed, Observation, decode, encode
from judge.sandbox.channel import MAGIC, PREFIX, Inbox
from judge.subjects import Seen, seen_in
from tests.fuzz.inputs import EXPECTED, FILLED, HONEST, few, many, message, nodes, odd_answers, payload_of

HONEST_MESSAGE = message(HONEST)


def look_at(answer: Observation) -> Seen:
    """The way of an answer after decoding; what comes out of it can be kept and shown."""
    seen = seen_in(answer, "printed")
    json.dumps(msgspec.to_builtins([seen.filled, seen.forbidden, seen.stopped]), allow_nan=False)
    if seen.observation is not None:
        found = [names_differ(seen.filled, FILLED)]
        for device in ("cpu", "sim"):
            found += cases(seen.observation, EXPECTED, EXPECTED, device=device, devices={"plain": "sim:0"}).values()
        assert all(one is None or isinstance(one, Difference) for one in found)
    return seen


def take(stream: bytes, cuts: list[int], cap: int = 1 << 16) -> list[tuple[bytes, bytes]]:
    """The messages in a stream that arrives in pieces."""
    inbox, found = Inbox(cap), []
    edges = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(edges):
        taken = inbox.feed(stream[start:end])
        while taken is not None:
            found.append(taken)
            taken = inbox.feed(b"")
    return found


@some.composite
def changed_messages(draw):
    """One to three honest messages in a row with bits flipped, pieces cut out or put in, or lengths that lie."""
    stream = bytearray(HONEST_MESSAGE * draw(some.integers(1, 3)))
    for _ in range(draw(some.integers(0, 4))):
        at = draw(some.integers(0, max(len(stream) - 1, 0)))
        match draw(some.sampled_from(["flip", "cut", "insert", "end", "repeat", "lie"])):
            case "flip" if stream:
                stream[at] ^= 1 << draw(some.integers(0, 7))
            case "cut":
                del stream[at : at + draw(some.integers(1, 40))]
            case "insert":
                stream[at:at] = draw(some.binary(min_size=1, max_size=8))
            case "end":
                del stream[at:]
            case "repeat":
                stream[at:at] = stream[at : at + draw(some.integers(1, 40))]
            case "lie":
                lengths = draw(some.integers(0, 2**32 - 1)), draw(some.integers(0, 2**64 - 1))
                stream[:16] = PREFIX.pack(MAGIC, *lengths)
    return bytes(stream)


cuts = some.lists(some.integers(0, 3 * len(HONEST_MESSAGE)), max_size=6)


@few
@given(some.binary(max_size=200).map(lambda data: MAGIC + data) | some.binary(max_size=200), cuts)
def test_a_stream_of_nonsense_is_malformed_or_waits_for_more(stream, cuts):
    with suppress(Malformed):
        for header, payload in take(stream, cuts):
            with suppress(Malformed):
                look_at(decode(header, payload))


@many
@given(changed_messages(), cuts)
def test_a_changed_message_is_malformed_or_an_answer(stream, cuts):
    with suppress(Malformed):
        for header, payload in take(stream, cuts):
            with suppress(Malformed):
                look_at(decode(header, payload))


@few
@given(cuts, some.integers(1, 3))
def test_honest_messages_arrive_however_the_stream_is_cut(cuts, count):
    for header, payload in take(HONEST_MESSAGE * count, cuts):
        assert look_at(decode(header, payload)).forbidden
        count -= 1
    assert count == 0


@many
@given(nodes, some.integers(0, 3), some.sampled_from([0, 0, 0, -1, 1]))
def test_any_tree_is_malformed_or_an_observation(tree, seed, off):
    with suppress(Malformed):
        look_at(decode(msgspec.msgpack.encode(tree), payload_of(tree, seed, off)))


@many
@given(odd_answers(), some.integers(0, 3))
def test_whatever_an_answer_holds_it_can_be_judged(tree, seed):
    look_at(decode(msgspec.msgpack.encode(tree), payload_of(tree, seed)))


def test_a_huge_answer_is_told_in_few_words():
    long = b"x" * 100_000
    words = dict.fromkeys(("type", "message", "source"), long.decode()) | {"bases": []}
    asked = [[["str", name.encode()], ["raised", words]] for name in EXPECTED.value]
    unasked = [[["str", long + b"%d" % number], None] for number in range(20)]
    unasked += [[["str", b"%d" % number], None] for number in range(50_000)]
    answer = decode(msgspec.msgpack.encode(["dict", asked + unasked]), b"")
    raised = [answer.value[name] for name in EXPECTED.value]
    assert len(msgspec.json.encode([cases(answer, EXPECTED), raised])) < 50_000


def test_keys_that_all_have_one_hash_are_refused():
    """A dictionary of n of them takes n * n comparisons."""
    keys = [[-1 - (number >> bit & 1) for bit in range(13)] for number in range(1 << 13)]
    with pytest.raises(Malformed, match="too many tuples as keys"):
        decode(msgspec.msgpack.encode(["dict", [[["tuple", key], None] for key in keys]]), b"")
    with pytest.raises(ValueError, match="too many tuples as keys"):
        encode(dict.fromkeys(map(tuple, keys)))


@pytest.mark.parametrize("byte", [b"\x90", b"\x80", b"\xc0", b"\xa0", b"\xc4\x00"])
def test_a_message_up_to_the_cap_takes_a_bounded_amount_of_memory(byte):
    count = (1 << 20) // len(byte)
    stream = MAGIC + (5 + count * len(byte)).to_bytes(4, "big") + bytes(8) + b"\xdd" + count.to_bytes(4, "big")
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            decode(*take(stream + byte * count, [])[0])
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()
