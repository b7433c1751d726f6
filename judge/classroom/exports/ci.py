"""One student's result in the forms of Gradescope and GitHub Classroom, and a class as JUnit XML and as JSON.

Formats: https://gradescope-autograders.readthedocs.io/en/latest/specs/, the runners of GitHub Classroom's autograding
actions, and the JUnit XML that continuous-integration systems read.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from judge.classroom.grades import Grade, Grades, Mark
from judge.classroom.results import student_text
from judge.report import CheckResult
from judge.report.json import to_fields
from judge.report.text import plain

LONGEST = 20_000  # characters of one output
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FAILURES = ("wrong", "slow", "forbidden")
SKIPPED = ("skipped", "not judged")


# ---------------------------------------------------------------------------------------------------------- gradescope


def gradescope(grade: Grade, grades: Grades) -> str:
    """Gradescope's results.json; texts are declared as such, so nothing in them is read as markup."""
    reports = [mark.report for mark in grade.marks.values() if mark.report is not None]
    content = {
        "score": grade.final,
        "execution_time": round(math.fsum(report.seconds for report in reports), 3),
        "output": student_text(grade, grades)[:LONGEST],
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [test for number, mark in enumerate(grade.marks.values(), 1) for test in _tests(number, mark)],
    }
    return as_json(content)


def _tests(number: int, mark: Mark) -> Iterator[dict[str, Any]]:
    for position, (name, status, score, possible, output, _) in enumerate(_parts(mark), 1):
        yield {
            "number": f"{number}.{position}",
            "name": name,
            "score": score,
            "max_score": possible,
            "status": "passed" if status == "pass" else "failed",
            "output": output[:LONGEST],
            "output_format": "text",
            "name_format": "text",
            "visibility": "visible",
        }


# ---------------------------------------------------------------------------------------------------- github classroom


def github(grade: Grade) -> str:
    """What a runner of GitHub Classroom hands to its reporter: base64 of a JSON object."""
    tests = [test for mark in grade.marks.values() for test in _github_tests(mark)]
    if grade.penalty:
        tests.append(_github_test(f"late: {grade.days_late} days", "fail", -grade.penalty, ""))
    passed = all(test["status"] == "pass" for test in tests)
    content = {
        "version": 1,
        "status": "pass" if passed else "fail",
        "max_score": round(math.fsum(mark.possible for mark in grade.marks.values())),
        "tests": tests,
    }
    return base64.b64encode(as_json(content).encode()).decode()


def _github_tests(mark: Mark) -> Iterator[dict[str, Any]]:
    file_name = mark.entry.path.rpartition("/")[2] if mark.entry is not None else ""
    for name, status, score, _, output, check in _parts(mark):
        line = re.match(r"line (\d+)", (check.location if check else None) or "")
        test = _github_test(name, status, score, "" if status == "pass" else output)
        test |= {"filename": plain(file_name), "line_no": int(line[1]) if line else 0}
        test |= {"duration": round(1000 * check.seconds) if check else 0}
        yield test


def _github_test(name: str, status: str, score: float, message: str) -> dict[str, Any]:
    about = {"name": name, "status": status, "score": score, "message": message[:LONGEST], "test_code": ""}
    return about | {"filename": "", "line_no": 0, "duration": 0}


def _parts(mark: Mark) -> Iterator[tuple[str, str, float, float, str, CheckResult | None]]:
    """What a mark is made of: name, pass, fail or error, points, possible points, evidence, the check.

    Possible points add up to exactly what the problem counts: Gradescope refuses an upload otherwise.
    """
    problem = plain(mark.problem)
    judged = [check for check in mark.report.checks if check.verdict != "not judged"] if mark.report else []
    whole = math.fsum(check.max_points for check in judged)
    if mark.override is not None:
        yield f"{problem}: given by your instructor", "pass", mark.override.score, mark.possible, "", None
    elif mark.report is None:
        yield problem, "fail", 0.0, mark.possible, "Nothing was handed in.", None
    elif not whole:
        yield problem, "error", mark.points or 0.0, mark.possible, plain(mark.report.message or ""), None
    else:
        before = shared = 0.0
        for check in judged:
            before += check.max_points
            share = round(round(mark.possible * before / whole, 4) - shared, 4)
            shared = round(shared + share, 4)
            score = round(mark.possible * check.points / whole, 4)
            status = {"passed": "pass"}.get(check.verdict, "fail" if check.verdict in FAILURES else "error")
            said = evidence(check, mark.report.message)
            yield f"{problem}: {plain(check.name)}", status, min(score, share), share, said, check


# --------------------------------------------------------------------------------------------------------------- junit


def junit(grades: Grades) -> str:
    """The class as JUnit XML: a suite for each student and problem; points are properties, JUnit has none."""
    root = ElementTree.Element("testsuites", name=_xml(grades.assignment.title or "judge"))
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for grade in grades.students:
        for mark in grade.marks.values():
            for name, count in _suite(root, grade, mark).items():
                totals[name] += count
    for name, count in totals.items():
        root.set(name, str(count))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(root: ElementTree.Element, grade: Grade, mark: Mark) -> dict[str, int]:
    name = f"{grade.student.id}: {mark.problem}"
    suite = ElementTree.SubElement(root, "testsuite", name=_xml(name))
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in (("points", mark.points), ("max_points", mark.possible), ("state", mark.state)):
        text = f"{value:g}" if isinstance(value, float) else str(value if value is not None else "")
        ElementTree.SubElement(properties, "property", name=key, value=text)
    checks: Sequence[CheckResult | None] = mark.report.checks if mark.report and mark.report.checks else [None]
    counts = {"tests": len(checks), "failures": 0, "errors": 0, "skipped": 0}
    for check in checks:
        case = ElementTree.SubElement(suite, "testcase", name=_xml(check.name if check else "handed in"))
        case.set("classname", _xml(f"{grade.student.id}.{mark.problem}"))
        case.set("time", f"{check.seconds if check else 0:.3f}")
        if check is None:
            verdict = mark.report.verdict if mark.report else "wrong" if mark.state == "missing" else "skipped"
            message = (mark.report.message if mark.report else None) or mark.state
        else:
            verdict, message = check.verdict, evidence(check, mark.report.message if mark.report else None)
        kind = _kind(verdict)
        if kind is not None:
            counts[{"failure": "failures", "error": "errors", "skipped": "skipped"}[kind]] += 1
            result = ElementTree.SubElement(case, kind, message=_xml(message.partition("\n")[0]))
            if kind != "skipped":
                result.set("type", verdict)
                result.text = _xml(message)
        if check is not None and check.stdout:
            ElementTree.SubElement(case, "system-out").text = _xml(check.stdout)
    for key, count in counts.items():
        suite.set(key, str(count))
    suite.set("time", f"{mark.report.seconds:.3f}" if mark.report else "0")
    return counts


def _kind(verdict: str) -> str | None:
    if verdict == "passed":
        return None
    return "skipped" if verdict in SKIPPED else "failure" if verdict in FAILURES else "error"


def _xml(text: str) -> str:
    return NOT_XML.sub("", plain(text, longest=None))


# ---------------------------------------------------------------------------------------------------------------- json


def class_json(grades: Grades) -> str:
    """The class's grades with every report, for programs."""
    assignment = grades.assignment
    content = {
        "title": plain(assignment.title),
        "due": assignment.due.isoformat() if assignment.due else None,
        "possible": assignment.possible,
        "problems": assignment.points,
        "students": [_student(grade) for grade in grades.students],
    }
    return as_json(content, indent=1) + "\n"


def _student(grade: Grade) -> dict[str, Any]:
    student = grade.student
    about = {"id": student.id, "name": student.name, "email": student.email, "lms_id": student.lms_id}
    about["group"] = student.group
    return {
        **{key: plain(value) if value is not None else None for key, value in about.items()},
        "submitted_at": grade.submitted_at.isoformat() if grade.submitted_at else None,
        "late_days": grade.days_late,
        "raw": grade.raw,
        "penalty": grade.penalty,
        "override": grade.override,
        "final": grade.final,
        "status": grade.status,
        "problems": {problem: _problem(mark) for problem, mark in grade.marks.items()},
    }


def _problem(mark: Mark) -> dict[str, Any]:
    override = mark.override
    return {
        "state": mark.state,
        "points": mark.points,
        "possible": mark.possible,
        "machine": mark.machine,
        "override": {"score": override.score, "reason": plain(override.reason)} if override else None,
        "override_outdated": mark.changed,
        "report": to_fields(mark.report) if mark.report else None,
    }


# ------------------------------------------------------------------------------------------------------------- helpers


def as_json(content: Any, indent: int | None = None) -> str:
    return json.dumps(content, allow_nan=False, indent=indent)


def evidence(check: CheckResult, otherwise: str | None) -> str:
    """Why a check failed, in a few lines of text. otherwise: what is said of a solution that was not run at all."""
    lines = [check.sentence]
    if check.verdict != "passed":
        message = check.message or otherwise
        lines += [message] if message else []
        lines += [f"Smallest failing input: {check.example}"] if check.example else []
        if check.expected is not None or check.got is not None:
            lines.append(f"{check.index or ''}  expected {check.expected}  got {check.got}".strip())
        lines += [check.location] if check.location else []
        lines += [f"It printed:\n{check.stdout}"] if check.stdout else []
    return plain("\n".join(lines))
