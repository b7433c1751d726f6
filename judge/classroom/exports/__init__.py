"""What is in the gradebook, for other programs and for students: `judge export`."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from judge.classroom.assignment import UnusableAssignment
from judge.classroom.exports.ci import class_json, github, gradescope, junit
from judge.classroom.exports.lms import UnusableTemplate, fill_canvas, fill_moodle
from judge.classroom.gradebook import Gradebook, UnusableGradebook
from judge.classroom.grades import Grade, Grades, current_grades, known_problems
from judge.classroom.pages import feedback_page
from judge.classroom.results import file_name, replace, student_text
from judge.classroom.sheets import grades_csv
from judge.classroom.status import ALL_GRADED, SOME_LEFT, WRONG_USE, complain, say
from judge.problems import Packs

FILLED = {"canvas": fill_canvas, "moodle": fill_moodle}
WHOLE: dict[str, Callable[[Grades], str]] = {"csv": grades_csv, "junit": junit, "json": class_json}
EACH: dict[str, tuple[str, Callable[[Grade, Grades], str]]] = {
    "gradescope": ("results.json", gradescope),
    "github": ("result.txt", lambda grade, _: github(grade)),
    "feedback": ("feedback.txt", student_text),
}
FORMATS = (*FILLED, *WHOLE, *EACH)
OPEN = ("infra", "ungraded", "unmatched")  # statuses that somebody has to look at


def export(
    what: str,
    out: Path,
    *,
    packs: Packs,
    to: Path | None = None,
    template: Path | None = None,
    column: str | None = None,
    assignment: Path | None = None,
    zipped: bool = False,
) -> int:
    """Writes the class of a gradebook in one of FORMATS.

    to: the file, or the folder for formats that have a file a student; by default stdout, and a folder in `out`.
    template: for canvas and moodle, what the instructor exported there; column: the one to fill. assignment: another
    file than that of the last `judge grade`. zipped: one zip instead of a folder. Returns 0; 1 when somebody has no
    grade, is unknown or has no line; 2 for wrong use.
    """
    try:
        with Gradebook(out, make=False, alone=False) as book:
            grades = current_grades(book, packs, assignment)
            book.remember_overrides(grades.remembered)
            if what in EACH:
                problems = known_problems(grades, packs)
                page = partial(feedback_page, book, grades=grades, problems=problems) if what == "feedback" else None
                _write_each(what, grades, to, out / what, zipped, page)
        notes, trouble = list(grades.notes), list(grades.unknown)
        trouble += [f"{one.student.id}: {_why(one)}" for one in grades.students if one.status in OPEN]
        if what in FILLED:
            if template is None:
                raise UnusableTemplate(f"judge export {what} needs --template FILE, the file that was exported there")
            try:
                filled = FILLED[what](template.read_bytes(), grades, column)
            except UnusableTemplate as error:
                raise UnusableTemplate(f"{template.name}: {error}") from None
            _write(filled.content, to)
            notes, trouble = notes + filled.notes, trouble + filled.trouble
        elif what in WHOLE:
            _write(WHOLE[what](grades).encode("utf-8", "replace"), to)
    except (UnusableGradebook, UnusableAssignment, UnusableTemplate) as error:
        return complain(str(error), WRONG_USE)
    except OSError as error:
        return complain(f"{error.filename or to} cannot be used: {error.strerror}", WRONG_USE)
    for line in [*notes, *trouble]:
        say(line)
    return SOME_LEFT if trouble else ALL_GRADED


def _why(grade: Grade) -> str:
    said = {
        "infra": "no grade, the judge itself failed; run judge grade again",
        "ungraded": "no grade, not everything was judged; run judge grade again",
        "unmatched": "a file was not matched to a problem; see unmatched in results.json",
    }
    return said[grade.status] + (" (the rest is counted)" if grade.final is not None else "")


def _write_each(
    what: str, grades: Grades, to: Path | None, default: Path, zipped: bool, page: Callable[[Grade], str] | None
) -> None:
    """A file for each student in a folder of his own; one student's result goes to stdout unless a place is named.

    page: what makes the HTML to go beside it.
    """
    name, content = EACH[what]
    chosen = [one for one in grades.students if _has_something(one, what)]
    if what != "feedback" and to is None and len(chosen) == 1 and not zipped:
        _write(content(chosen[0], grades).encode("utf-8", "replace") + b"\n", None)
        return

    def files() -> Iterator[tuple[Path, bytes]]:  # one at a time: a class has more pages than fit in memory
        for one in chosen:
            path = Path(file_name(one.student.id)) / name
            yield path, content(one, grades).encode("utf-8", "replace")
            if page is not None and any(mark.report is not None for mark in one.marks.values()):
                yield path.with_suffix(".html"), page(one).encode("utf-8", "replace")

    if zipped:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in files():
                archive.writestr(path.as_posix(), text)
        _write(packed.getvalue(), to or default.with_suffix(".zip"))
        return
    folder = to or default
    for path, text in files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        replace(folder / path, text)
    say(f"{len(chosen)} students: {folder}")


def _has_something(grade: Grade, what: str) -> bool:
    if what == "feedback":
        return any(mark.report is not None or mark.override is not None for mark in grade.marks.values())
    return grade.final is not None  # a missing grade must not be taken for 0


def _write(content: bytes, to: Path | None) -> None:
    if to is not None:
        replace(to, content)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
