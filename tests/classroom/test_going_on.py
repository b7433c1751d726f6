"""A grading that was stopped, or lacks something, goes on where it was."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from judge.classroom import ALL_GRADED, INTERRUPTED, JUDGE_FAILED

from .classes import RIGHT, SLOW, Class, hand_in, tiny_pack


def test_what_the_judge_failed_to_judge_is_tried_again_and_the_rest_is_kept(tmp_path):
    pack = tiny_pack(tmp_path / "tiny")
    lost = Class(hand_in(tmp_path / "class", {"ada/992.py": RIGHT, "ben/991.py": RIGHT}), tmp_path / "out", pack)
    assert lost.grade() == JUDGE_FAILED
    seed, ben = lost.results["seed"], lost.by_student["ben"]
    (pack / "reference" / "992-lost" / "solution.py").write_text(RIGHT)
    assert lost.grade() == ALL_GRADED
    assert lost.by_student["ada"]["score"] == 100
    assert lost.by_student["ben"] == ben
    assert lost.results["seed"] == seed


def test_ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on(tmp_path):
    files = {f"s{number}/991.py": SLOW.format(number) for number in range(3, 7)}
    folder, out = hand_in(tmp_path / "class", {"fast/991.py": RIGHT, **files}), tmp_path / "out"
    pack = tiny_pack(tmp_path / "tiny")
    command = [sys.executable, "-m", "judge", "grade", str(folder), "--problems", str(pack), "--out", str(out)]
    process = subprocess.Popen([*command, "--jobs", "1", "--device", "cpu"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not _lines(out / "finished.jsonl") and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == INTERRUPTED
    stopped = Class(folder, out, pack)
    finished, seed = stopped.by_student, stopped.results["seed"]
    assert not stopped.results["finished"]
    assert 1 <= len(finished) < 5
    assert stopped.grade(jobs=4) == ALL_GRADED
    assert stopped.results["finished"]
    assert stopped.results["seed"] == seed
    assert len(stopped.by_student) == 5
    assert {student: stopped.by_student[student] for student in finished} == finished


def _lines(path: Path) -> int:
    return len(path.read_bytes().splitlines()) if path.exists() else 0
