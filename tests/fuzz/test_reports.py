"""Whatever texts are in a report, it can be shown, and it steers neither a terminal nor another program."""

from __future__ import annotations

import io
import json
import unicodedata
from typing import Any

import jsonschema
import msgspec
from hypothesis import example, given
from hypothesis import strategies as some
from rich.cells import cell_len
from rich.console import Console

from judge.report import VERDICTS, CaseResult, CheckResult, Diagnosis, Report
from judge.report.json import SCHEMA, as_data, to_json
from judge.report.terminal import render
from judge.report.text import plain
from tests.fuzz.inputs import few, many, odd_texts
from tests.report import samples

ATTEMPT = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))

maybe = some.none() | odd_texts
verdicts = some.sampled_from(VERDICTS)
points = some.floats(0, 100)
errors = some.none() | some.floats()
curves = some.none() | some.lists(some.floats(), max_size=50)
devices = some.dictionaries(some.sampled_from(["cpu", "sim", "cuda:1"]), verdicts, max_size=3)
cases = some.builds(CaseResult, odd_texts, verdicts, points, points, maybe)
checks = some.builds(
    CheckResult,
    name=odd_texts,
    kind=some.sampled_from(["shape", "values", "gradient", "convergence", "timing"]),
    sentence=odd_texts,
    verdict=verdicts,
    devices=devices,
    points=points,
    max_points=points,
    seconds=points,
    tag=odd_texts,
    part=maybe,
    message=maybe,
    cases=some.none() | some.lists(cases, max_size=3),
    example=maybe,
    location=maybe,
    index=maybe,
    expected=maybe,
    got=maybe,
    error=errors,
    allowed=errors,
    stdout=maybe,
    curve=curves,
    reference_curve=curves,
    failing_device=maybe,
)
reports = some.builds(
    Report,
    problem=some.sampled_from(["25-self-attention", "pack/25-x", "²-x", "٣-x", "9" * 200]) | odd_texts,
    title=odd_texts,
    accepted=some.booleans(),
    score=points,
    verdict=verdicts,
    devices=some.lists(odd_texts, max_size=2),
    seed=some.integers(),
    isolation=some.lists(odd_texts, max_size=2),
    seconds=points,
    checks=some.lists(checks, max_size=2),
    diagnosis=some.lists(
        some.builds(Diagnosis, odd_texts, odd_texts, some.lists(odd_texts), some.booleans()), max_size=2
    ),
    file=maybe,
    sha256=some.none() | some.just("ab" * 32),
    started_at=odd_texts,
    judge_version=odd_texts,
    torch_version=odd_texts,
    message=some.none() | some.none() | odd_texts,
    location=maybe,
    untouched=some.sampled_from([False, False, False, True]),
    hints=some.integers(0, 3),
)


def steering(text: str) -> set[str]:
    """The characters in a text that a terminal would act on instead of showing them."""
    return {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}


@few
@given(
    reports,
    some.sampled_from([1, 40, 80, 200]),
    some.sampled_from(["utf-8", "ascii", "gbk", "utf-16"]),
    some.sampled_from(["en", "zh", "fr"]),
    some.booleans(),
)
@example(samples.report(message="e\u0301" * 100), 80, "ascii", "en", False)
def test_a_terminal_shows_any_report(report, width, encoding, language, handed_out):
    pipe = io.BytesIO()
    file = io.TextIOWrapper(pipe, encoding=encoding, write_through=True)
    render(report, Console(file=file, width=width), language=language, handed_out=handed_out)
    text = pipe.getvalue().decode(encoding)
    assert not steering(text.removeprefix("\ufeff"))
    if width >= 80:
        assert all(cell_len(line) <= width for line in text.split("\n"))
    assert len(text) < 40_000


@few
@given(reports)
def test_colours_are_the_only_escapes_on_a_terminal(report):
    page = io.StringIO()
    render(report, Console(file=page, width=80, force_terminal=True, color_system="standard"))
    styles = page.getvalue().split("\x1b[")
    assert not steering(styles[0])
    for style in styles[1:]:
        colour, end, text = style.partition("m")
        assert end
        assert not set(colour) - set("0123456789;")
        assert not steering(text)


@few
@given(reports)
def test_programs_can_read_any_report(report):
    fields = json.loads(to_json(report), parse_constant=_reject)
    ATTEMPT.validate(fields)
    assert not any(map(steering, _texts(fields)))
    assert msgspec.convert(json.loads(json.dumps(as_data(report))), Report).title == report.title


@many
@given(odd_texts | some.text(some.characters(), max_size=300))
def test_plain_text_is_plain_and_stays_as_it_is(text):
    once = plain(text)
    assert not steering(once)
    assert plain(once) == once


def _reject(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def _texts(fields: Any) -> list[str]:
    if isinstance(fields, dict):
        return [*fields, *(text for value in fields.values() for text in _texts(value))]
    if isinstance(fields, list):
        return [text for value in fields for text in _texts(value)]
    return [fields] if isinstance(fields, str) else []
