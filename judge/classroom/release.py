"""What students get of an assignment to practise with, without reference or mistakes: `judge release hw3.toml`.

hw3/README.md                                   what to type
hw3/problems/25-self-attention/                 problem.toml, statement, stub.py, checks.py, hints if asked for
hw3/observations/25-self-attention/SEED/CHECK   what the reference was seen to do (judge/frozen.py)

The reference is judged by the finished package before anybody else is.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from judge.classroom.assignment import Assignment
from judge.classroom.packing import add
from judge.classroom.results import replace
from judge.frozen import can_be_frozen, write
from judge.grading import Judge, Solution
from judge.problems import OBSERVATIONS, BrokenProblem, Pack, Packs, Problem
from judge.progress import Shown
from judge.report import Report
from judge.sandbox.host import SandboxBroken

NAME = re.compile(r"[A-Za-z0-9][\w-]*")  # of a pack, so that it can be typed in front of a problem: hw3/25
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
README = "README.md"


class Unreleasable(ValueError):
    """A package cannot be made of this assignment; the message says why."""


def release(
    assignment: Assignment, packs: Packs, to: Path, *, judge: Judge, seeds: Sequence[int], hints: bool, jobs: int
) -> None:
    """Writes the package, a .zip or a new folder; raises Unreleasable, and OSError where it cannot be written.

    judge: what it has been opened for, seed, secret and devices, is what the references are run with.
    """
    name = to.stem if to.suffix == ".zip" else to.name
    if not NAME.fullmatch(name):
        raise Unreleasable(f"'{name}' cannot be the name of a package: use letters, digits, - and _, such as hw3.zip")
    if to.suffix != ".zip" and to.exists():
        raise Unreleasable(f"{to} is there already; choose another name or remove it")
    if not to.absolute().parent.is_dir():
        raise Unreleasable(f"there is no folder {to.parent} to put {to.name} into")
    problems = [packs.read(slug) for slug in assignment.points]
    _refuse(problems, judge)
    with tempfile.TemporaryDirectory(dir=None if to.suffix == ".zip" else to.absolute().parent) as around:
        root = Path(around) / name
        for problem in problems:
            _copy(problem, root / "problems" / _folder(problem), hints)
        (root / README).write_text(_readme(name, assignment, problems, judge, seeds), encoding="utf-8")
        _freeze(problems, root, judge, seeds, jobs)
        if to.suffix == ".zip":
            replace(to, _zipped(root))
        else:
            shutil.move(root, to)


def _folder(problem: Problem) -> str:
    return problem.slug.rpartition("/")[2]


def _refuse(problems: Sequence[Problem], judge: Judge) -> None:
    """Raises Unreleasable for what cannot be released, before anything is run."""
    folders: dict[str, str] = {}
    for problem in problems:
        other = folders.setdefault(_folder(problem), problem.slug)
        if other != problem.slug:
            raise Unreleasable(f"{other} and {problem.slug} have one name; they cannot be in one package")
        if not problem.reference.strip():  # raises NotReleased for what is a package already
            raise Unreleasable(f"{problem.slug}: its reference is empty")
        try:
            checks = judge.checks(problem)
        except Exception as error:
            raise BrokenProblem(f"{problem.folder / 'checks.py'}: {type(error).__name__}: {error}") from error
        if missing := sorted({package for check in checks for package in check.needs if find_spec(package) is None}):
            raise Unreleasable(f"{problem.slug} needs {', '.join(missing)} to run its reference; install that first")


# ----------------------------------------------------------------------------------------------------------- the texts


def _copy(problem: Problem, folder: Path, hints: bool) -> None:
    """The half of a problem that candidates may see, without what tells of the mistakes."""
    folder.mkdir(parents=True)
    patterns = ("statement*.md", "stub.py", "checks.py", *(["hints*.md"] if hints else []))
    for path in sorted(path for pattern in patterns for path in problem.folder.glob(pattern)):
        shutil.copyfile(path, folder / path.name)
    settings = tomllib.loads((problem.folder / "problem.toml").read_text(encoding="utf-8"))
    settings.pop("mistakes", None)
    (folder / "problem.toml").write_text(_toml(settings), encoding="utf-8")
    said = {name: texts for name, texts in problem.messages.items() if name != "mistakes"}
    (folder / "messages.zh.toml").write_text(_toml(said), encoding="utf-8")


def _toml(table: dict[str, Any]) -> str:
    return "".join(f"{entry}\n" for entry in _toml_entries(table))


def _toml_entries(table: dict[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield f"{key if BARE_KEY.fullmatch(key) else json.dumps(key)} = {_toml_value(value)}"


def _toml_value(value: Any) -> str:
    """Text, numbers, lists and tables; JSON writes all but the tables as TOML does."""
    if isinstance(value, dict):
        return f"{{ {', '.join(_toml_entries(value))} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _readme(name: str, assignment: Assignment, problems: Sequence[Problem], judge: Judge, seeds: Sequence[int]) -> str:
    first = f"{name}/{_short(problems[0])} --problems {name}"
    lines = [
        f"# {assignment.title or name}",
        "",
        f"Problems to practise with judge. In the folder that has `{name}/` in it:",
        "",
        "```sh",
        *(
            f"judge {command:{len(first) + 8}}   # {what}"
            for command, what in (
                (f"list {name} --problems {name}", "what there is"),
                (f"show {first}", "what the problem asks; --lang zh for Chinese"),
                (f"attempt {first}", "the first time: writes a file for you to fill in, which it names"),
                (f"attempt {first}", "from then on: judges what you wrote there"),
            )
        ),
        "```",
        "",
        "`JUDGE_PROBLEMS` with the path of this folder in it spares you the `--problems`.",
        "",
        "| problem | points | type |",
        "| --- | --- | --- |",
        *(
            f"| {problem.title().replace('|', '/')} | {assignment.points[problem.slug]:g} | {name}/{_short(problem)} |"
            for problem in problems
        ),
        "",
    ]
    if assignment.due is not None:
        lines += [f"Due: {assignment.due:%Y-%m-%d %H:%M %Z}", ""]
    lines += [
        f"The references are not here, but what they gave for the seeds {_listed(seeds)} (`--seed`).",
        "Grades come from other seeds: an answer that only knows these gets nothing.",
    ]
    unfrozen = [
        f"{name}/{_short(problem)} ({', '.join(dict.fromkeys(check.kind for check in left))})"
        for problem in problems
        if (left := [check for check in judge.checks(problem) if not can_be_frozen(check)])
    ]
    if unfrozen:
        lines += ["", f"Not judged here, since it takes the reference beside your solution: {', '.join(unfrozen)}."]
    return "\n".join(lines) + "\n"


def _listed(seeds: Sequence[int]) -> str:
    texts = [str(seed) for seed in seeds]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _short(problem: Problem) -> str:
    return str(problem.number) if problem.number is not None else _folder(problem)


# ----------------------------------------------------------------------------------------------------- the observations


def _freeze(problems: Sequence[Problem], root: Path, judge: Judge, seeds: Sequence[int], jobs: int) -> None:
    """Writes what the references do, and sees to it that they are accepted by that."""
    with ThreadPoolExecutor(jobs) as pool, Shown("releasing", len(problems) * len(seeds)) as shown:
        steps = [
            pool.submit(_freeze_one, problem, root, judge.reseeded(seed)) for problem in problems for seed in seeds
        ]
        try:
            for step in as_completed(steps):
                shown.take(step.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _freeze_one(problem: Problem, root: Path, judge: Judge) -> Report:
    reference = Solution.from_text(problem.reference)
    try:
        write(root / OBSERVATIONS / _folder(problem) / str(judge.seed), judge.attempt(problem, reference).freeze())
    except (SandboxBroken, ValueError) as error:  # ValueError: an observation that is too large, say
        raise Unreleasable(f"{problem.slug}, seed {judge.seed}: {error}") from None
    released = Packs([Pack(root.name, root)]).read(f"{root.name}/{_folder(problem)}")
    report = judge.judge(released, reference)
    if not report.accepted:
        failed = [f"{check.name}: {check.message}" for check in report.checks if check.verdict in ("wrong", "error")]
        why = "; ".join(failed) or report.message or report.verdict
        raise Unreleasable(f"{problem.slug}, seed {judge.seed}: the package would reject the reference: {why}")
    return report


def _zipped(root: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            add(archive, path.relative_to(root.parent).as_posix(), path.read_bytes())
    return packed.getvalue()
