"""The contract with other programs."""

import json
import math

import jsonschema
import pytest

from judge.report import CaseResult, CheckResult, Diagnosis, Report
from judge.report.json import SCHEMA, to_json

from .samples import HOSTILE, WRONG, check, report

ATTEMPT = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
PROMISED = {
    "": "problem accepted score verdict devices seed isolation seconds checks diagnosis schema_version judge_version "
    "torch_version file sha256 started_at",
    "check": "name kind verdict devices points max_points seconds message cases example location expected got error "
    "allowed stdout",
    "diagnosis": "mistake text checks",
}


def reject(constant):
    raise AssertionError(f"{constant} is not JSON")


@pytest.mark.parametrize(
    "sample",
    [
        WRONG,
        HOSTILE,
        report(check("a")),
        report(message="the file is empty", score=0, sha256=None, file=None, verdict="error"),
        report(check("a", verdict="infra"), verdict="infra"),
        report(check("a", verdict="wrong", error=math.nan, allowed=math.inf, got="\ud800")),
    ],
    ids=["wrong", "hostile", "accepted", "unreadable", "infra", "not finite"],
)
def test_a_report_is_one_json_object_that_the_schema_describes(sample):
    ATTEMPT.validate(json.loads(to_json(sample), parse_constant=reject))


def test_numbers_that_are_not_finite_are_null():
    fields = json.loads(to_json(report(check("a", verdict="wrong", error=math.nan, curve=[1.0, math.inf]))))
    assert fields["checks"][0]["error"] is None
    assert fields["checks"][0]["curve"] == [1.0, None]


def test_a_failure_of_the_judge_is_not_a_zero():
    assert json.loads(to_json(report(verdict="infra", score=0)))["score"] is None


def test_the_schema_names_every_field_and_no_other():
    schema = json.loads(SCHEMA.read_text())
    for part, struct in (("", Report), ("check", CheckResult), ("case", CaseResult), ("diagnosis", Diagnosis)):
        described = schema["$defs"][part] if part else schema
        names = set(struct.__struct_fields__)
        assert set(described["properties"]) == names == set(described["required"])
        assert set(PROMISED.get(part, "").split()) <= names


def test_the_schema_rejects_what_is_no_report():
    good = json.loads(to_json(WRONG))
    for wrong in (good | {"score": 101}, good | {"verdict": "fine"}, {k: v for k, v in good.items() if k != "seed"}):
        assert not ATTEMPT.is_valid(wrong)
