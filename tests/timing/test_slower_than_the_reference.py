"""Right solutions pass the time limit on a busy machine, slow ones do not."""

import hashlib
import inspect
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random

import pytest

from judge.timing import TimingStopped, beyond_doubt, measure


def answer(round: int, links: int) -> str:
    digest = b"%d" % round
    for _ in range(links):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()


WORKER = f"""
import hashlib, sys

{inspect.getsource(answer)}
links, times = int(sys.argv[1]), float(sys.argv[2])
for line in sys.stdin:
    print("ready", flush=True)
    sys.stdin.readline()
    answer(int(line), int(links * (times - 1)))  # the wasted part
    print(answer(int(line), links), flush=True)
"""


def links_that_take(seconds: float) -> int:
    """How long a chain of hashes takes about that long on this machine."""

    def fastest(links: int) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            answer(0, links)
            times.append(time.perf_counter() - start)
        return min(times)

    return max(1, int(1000 * seconds / fastest(1000)))


class Worker:
    """A process that hashes; `times` as slow as the reference."""

    def __init__(self, links: int, times: float) -> None:
        self.links = links
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", WORKER, str(links), str(times)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __call__(self, round: int) -> float | None:
        self.process.stdin.write(f"{round}\n")
        assert self.process.stdout.readline() == "ready\n"
        start = time.perf_counter()
        self.process.stdin.write("go\n")
        got = self.process.stdout.readline().strip()
        seconds = time.perf_counter() - start
        return seconds if got == answer(round, self.links) else None

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def workers() -> Iterator[dict[float, Worker]]:
    links = links_that_take(0.0015)
    workers = {times: Worker(links, times) for times in (1.0, 1.0001, 1.3, 3.0, 50.0)}
    yield workers
    for worker in workers.values():
        worker.close()


@pytest.fixture
def _two_busy_neighbours() -> Iterator[None]:
    neighbours = [subprocess.Popen([sys.executable, "-I", "-c", "while True: sum(range(10000))"]) for _ in range(2)]
    yield
    for neighbour in neighbours:
        neighbour.kill()
        neighbour.wait()


@pytest.mark.usefixtures("_two_busy_neighbours")
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("times", "is_slow"), [(1.0001, False), (1.3, False), (3.0, True)])
def test_with_a_limit_of_2_only_the_solution_that_takes_3_times_as_long_is_slow(workers, times, is_slow, seed):
    result = beyond_doubt(workers[times], workers[1.0], 2.0, budget_seconds=6, random=Random(seed))
    if is_slow and result.verdict == "busy":
        pytest.skip("more than the two neighbours of this test are loading the machine")
    assert (result.verdict == "slow") == is_slow, result


@pytest.mark.usefixtures("_two_busy_neighbours")
def test_a_hopeless_solution_is_found_out_after_few_pairs(workers):
    result = measure(workers[50.0], workers[1.0], 2.0, random=Random(0))
    assert result.verdict == "slow"
    assert result.pairs <= 3


class Clock:
    """A stopwatch that shows prepared times; each call really takes `spent` seconds."""

    def __init__(self, shown: Iterator[float], spent: float = 0.0) -> None:
        self.shown, self.spent = shown, spent
        self.rounds: list[int] = []

    def __call__(self, round: int) -> float | None:
        self.rounds.append(round)
        time.sleep(self.spent)
        return next(self.shown)


def noisy(seconds: float, spread: float, seed: int = 0) -> Iterator[float]:
    random = Random(seed)
    while True:
        yield seconds * random.lognormvariate(0.0, spread)


def test_every_call_gets_inputs_that_its_process_has_never_seen_and_both_get_the_same():
    candidate, reference = Clock(noisy(3.0, 0.05, 1)), Clock(noisy(1.0, 0.05, 2))
    assert beyond_doubt(candidate, reference, 2.0, random=Random(1)).verdict == "slow"
    for stopwatch in (candidate, reference):
        assert len(set(stopwatch.rounds)) == len(stopwatch.rounds) > 0
    assert set(candidate.rounds) <= set(reference.rounds)


def test_a_wrong_answer_or_a_dead_worker_stops_the_measuring_at_once():
    right = Clock(itertools.repeat(0.001))
    wrong = Clock(itertools.chain([0.001] * 5, itertools.repeat(None)))
    with pytest.raises(TimingStopped) as stopped:
        measure(wrong, right, 2.0, random=Random(0))
    assert stopped.value.who == "candidate"
    assert len(wrong.rounds) == 6

    def dead(round: int) -> float:
        raise TimingStopped("the worker is gone")

    with pytest.raises(TimingStopped, match="the worker is gone") as stopped:
        measure(right, dead, 2.0, random=Random(0))
    assert stopped.value.who == "reference"


def test_a_time_at_the_limit_counts_for_the_candidate():
    verdicts = {
        beyond_doubt(Clock(noisy(2.0, 0.05, 2 * i)), Clock(noisy(1.0, 0.05, 2 * i + 1)), 2.0, random=Random(i)).verdict
        for i in range(50)
    }
    assert "unclear" in verdicts
    assert "slow" not in verdicts


def test_when_the_reference_itself_varies_by_more_than_a_fifth_nothing_is_said():
    result = measure(Clock(noisy(3.0, 0.8, 1)), Clock(noisy(1.0, 0.8, 2)), 1.5, random=Random(0))
    assert result.verdict == "busy"
    assert result.noise > 0.2


def test_a_long_call_that_is_often_interrupted_is_not_slow():
    interrupted = Clock(itertools.cycle([4.0] * 10 + [8.0] * 9 + [1.8]))
    result = measure(interrupted, Clock(noisy(1.0, 0.01)), 2.0, random=Random(0))
    assert result.low > 2.0
    assert result.verdict == "unclear"


def test_slow_once_is_not_slow():
    recovers = Clock(itertools.chain([3.0] * (3 + 7 * 3), itertools.repeat(1.0)))
    result = beyond_doubt(recovers, Clock(itertools.repeat(1.0)), 2.0, random=Random(0))
    assert result.verdict == "fast"


def test_sleeping_through_the_warm_up_does_not_make_a_case_unclear():
    sleeper = Clock(itertools.chain([0.4] * 3, itertools.repeat(0.004)), spent=0.05)
    result = beyond_doubt(sleeper, Clock(itertools.repeat(0.001)), 2.0, random=Random(0), budget_seconds=0.2)
    assert result.verdict == "slow"


def test_the_number_of_calls_is_bounded_and_does_not_depend_on_the_candidate():
    calls = set()
    for warm_up in (0.001, 5.0):
        candidate = Clock(itertools.chain([warm_up] * 3, noisy(2.0, 0.01, 3)))
        measure(candidate, Clock(noisy(1.0, 0.01, 4)), 2.0, random=Random(0))
        calls.add(len(candidate.rounds))
    assert calls == {3 + 25 * 3}
