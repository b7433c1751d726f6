"""A grading that was stopped, or lacks something, goes on where it was."""

import signal
import subprocess
import sys
import time

from judge.classroom import ALL_GRADED, INTERRUPTED, JUDGE_FAILED, WRONG_USE

from .classes import RIGHT, SLOW, WRONG, Class, hand_in, reports, tiny_pack


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
    command += ["--jobs", "1", "--device", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not reports(out) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    shown, told = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "what runs is finished" in told
    stopped = Class(folder, out, pack)
    finished, seed = stopped.by_student, stopped.results["seed"]
    assert not stopped.results["finished"]
    assert 2 <= len(finished) < 5  # the fast one, and the one that ran
    assert f"{5 - len(finished)} not reached; the same command goes on with them" in shown
    assert stopped.grade(jobs=4) == ALL_GRADED
    assert stopped.results["finished"]
    assert stopped.results["seed"] == seed
    assert len(stopped.by_student) == 5
    assert {student: stopped.by_student[student] for student in finished} == finished


def test_ctrl_c_again_stops_at_once(tmp_path):
    endless = SLOW.format(3).replace("0.5", "1000")
    folder = hand_in(tmp_path / "class", {"ada/991.py": RIGHT, "ben/991.py": endless})
    out, pack = tmp_path / "out", tiny_pack(tmp_path / "tiny")
    command = [sys.executable, "-m", "judge", "grade", str(folder), "--problems", str(pack), "--out", str(out)]
    command += ["--jobs", "1", "--device", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not reports(out) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert "Ctrl-C again stops at once" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert len(reports(out)) == 1


def test_after_kill_9_the_next_run_goes_on(tmp_path):
    files = {f"s{number}/991.py": SLOW.format(number) for number in range(3, 7)}
    folder, out = hand_in(tmp_path / "class", {"fast/991.py": RIGHT, **files}), tmp_path / "out"
    pack = tiny_pack(tmp_path / "tiny")
    command = [sys.executable, "-m", "judge", "grade", str(folder), "--problems", str(pack), "--out", str(out)]
    process = subprocess.Popen([*command, "--jobs", "1", "--device", "cpu"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not reports(out) and time.monotonic() < deadline:
        time.sleep(0.05)
    second = subprocess.run([*command, "--device", "cpu"], capture_output=True, text=True)
    assert second.returncode == WRONG_USE
    assert "another run of judge is using" in second.stderr
    process.kill()
    process.wait()
    finished = reports(out)
    assert 1 <= len(finished) < 5
    again = Class(folder, out, pack)
    assert again.grade(jobs=4) == ALL_GRADED
    assert len(again.by_student) == 5
    assert finished.items() <= reports(out).items()


def test_only_what_is_new_or_changed_is_judged(tmp_path):
    pack = tiny_pack(tmp_path / "tiny")
    some = Class(hand_in(tmp_path / "class", {"ada/991.py": RIGHT, "ben/991.py": WRONG}), tmp_path / "out", pack)
    assert some.grade() == ALL_GRADED
    before = some.by_student
    hand_in(tmp_path / "class", {"ben/991.py": RIGHT, "cleo/991.py": f"{RIGHT}\n"})
    assert some.grade() == ALL_GRADED
    assert [some.by_student[name]["score"] for name in ("ada", "ben", "cleo")] == [100, 100, 100]
    assert some.by_student["ben"]["started_at"] == before["ada"]["started_at"]  # the same text as ada's
    assert len(reports(tmp_path / "out")) == 3
    settings = pack / "problems" / "991-double" / "problem.toml"
    settings.write_text(settings.read_text() + 'forbids = ["torch.add"]\n')
    assert some.grade() == ALL_GRADED
    assert len(reports(tmp_path / "out")) == 5
