"""Coverage-guided fuzzing of what a worker may send: the channel's decoder and the way of an answer behind it.

    pip install atheris
    python benchmarks/fuzz_channel.py -max_total_time=600 [CORPUS]

Whatever comes is an answer or `Malformed`; another exception ends the run with the bytes that caused it, in a file. The
options are libFuzzer's. The tests in tests/fuzz look at the same with Hypothesis.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))
with atheris.instrument_imports(include=["judge.observations", "judge.sandbox.channel", "judge.subjects"]):
    from judge.observations import Malformed, decode
    from judge.sandbox.channel import MAGIC, PREFIX
    from tests.fuzz.test_channel import HONEST_MESSAGE, look_at, take

CAP = 1 << 16


def whatever_comes(data: bytes) -> None:
    """The bytes as a stream; as a header and its payload, with true lengths in front."""
    cut = data[0] * len(data) // 256 if data else 0
    header, payload = data[1:][:cut], data[1:][cut:]
    framed = PREFIX.pack(MAGIC, len(header), len(payload)) + header + payload
    for stream in (data, framed):
        with suppress(Malformed):
            for message in take(stream, [cut], CAP):
                look_at(decode(*message))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / "honest").write_bytes(HONEST_MESSAGE)
        atheris.Setup([sys.argv[0], f"-max_len={2 * len(HONEST_MESSAGE)}", *sys.argv[1:], corpus], whatever_comes)
        atheris.Fuzz()
