"""The reference is observed once; the same seed gives the same report."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from judge.grading import Judge
from judge.memory import Memory
from tests.grading.conftest import SEED, verdicts, without_times

NO_SCALING = "torch.matmul(q, k.transpose(-1, -2)) * q.size(-1) ** -0.5", "torch.matmul(q, k.transpose(-1, -2))"
COMPARED = ["keeps_the_shape", "weighs_values_by_scores", "attends_where_it_may", "learns_from_every_weight"]


@pytest.fixture
def forgetful(engine, tmp_path) -> Callable[[], Judge]:
    """A judge that remembers nothing but what is in the folder."""

    def make() -> Judge:
        judge = engine.reseeded(SEED)
        judge.devices = ["cpu"]
        judge.memory = Memory(tmp_path / "cache")
        return judge

    return make


def files(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def forks(judge: Judge) -> int:
    """How many workers there have been; this asks for another one."""
    with judge.nursery("cpu").worker() as worker:
        return int(Path(worker.folder).name.removeprefix("w"))  # each gets a folder of its own


def test_a_second_run_observes_only_the_candidate(forgetful, problem, changed, tmp_path):
    counts = [forks(forgetful())]
    reports = []
    for _ in range(2):
        reports.append(forgetful().judge(problem, changed(), only=COMPARED))
        counts.append(forks(forgetful()))
        kept = files(tmp_path / "cache")
        assert kept
    first, second = (after - before - 1 for before, after in pairwise(counts))
    assert (first, second) == (2, 1)  # candidate and reference; then the candidate alone
    assert files(tmp_path / "cache") == kept
    assert without_times(reports[0]) == without_times(reports[1])


def test_a_damaged_file_is_computed_again(forgetful, problem, changed, tmp_path):
    first = forgetful().judge(problem, changed(), only=COMPARED)
    kept = {path: content for path, (_, content) in files(tmp_path / "cache").items()}
    for number, (path, content) in enumerate(kept.items()):
        damaged = (b"", b"nonsense", content[: len(content) // 2], content[:-1], b"\xff" * len(content))
        path.write_bytes(damaged[number % len(damaged)])
    again = forgetful().judge(problem, changed(), only=COMPARED)
    assert without_times(again) == without_times(first)
    assert set(files(tmp_path / "cache")) == set(kept)
    assert all(len(content) > 8 for _, content in files(tmp_path / "cache").values())


def test_a_cache_that_cannot_be_written_is_left_alone(forgetful, problem, changed, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert forgetful().judge(problem, changed(), only=COMPARED).accepted


def test_the_same_seed_gives_the_same_report_and_another_one_other_inputs(engine, problem, changed):
    solution = changed(*NO_SCALING)
    first, again, other = (
        judge.judge(problem, solution, only=COMPARED[:2])
        for judge in (engine, engine.reseeded(SEED), engine.reseeded(SEED + 1))
    )
    assert without_times(first) == without_times(again)
    assert (first.seed, other.seed) == (SEED, SEED + 1)
    assert verdicts(other) == verdicts(first)
    assert without_times(other) != without_times(first)
    for report in (first, other):
        assert [diagnosis.mistake for diagnosis in report.diagnosis] == ["no_scaling"]
        assert "sqrt(head_dim)" in report.diagnosis[0].text


def test_only_and_fail_fast(engine, problem, changed):
    solution = changed(*NO_SCALING)
    assert list(verdicts(engine.judge(problem, solution, only=["keeps_the_shape"]))) == ["keeps_the_shape"]
    seen = []
    report = engine.judge(problem, solution, only=COMPARED, fail_fast=True, on_check=seen.append)
    assert list(verdicts(report).values()) == ["passed", "wrong", "skipped", "skipped"]
    assert seen == report.checks
