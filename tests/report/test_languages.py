"""A report in Chinese: the same data, said in Chinese."""

from __future__ import annotations

import io
import re
import string

import numpy as np
import pytest
import torch
from babel.messages.pofile import read_po
from rich.console import Console

import judge.language
from judge.compare import compare
from judge.language import preferred, translated
from judge.observations import Observation, Raised
from judge.problems import packs
from judge.report import Diagnosis
from judge.report.localised import localised
from judge.report.terminal import render
from tests.report import samples

CATALOGUE = judge.language._CATALOGUES / "zh/LC_MESSAGES/judge.po"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def fields(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


def test_every_translation_has_the_values_of_its_message():
    with CATALOGUE.open("rb") as file:
        messages = [one for one in read_po(file) if one.id]
    assert len(messages) > 100
    for one in messages:
        assert sorted(fields(one.id)) == sorted(fields(one.string)), one.id
        assert len(set(fields(one.id))) == len(fields(one.id)), one.id
        assert CHINESE.search(one.string) or set("、：") & set(one.string), one.id


x = torch.arange(12.0).reshape(3, 4) + 1
WRONG = {
    "sign": (-x, x),
    "swapped": (torch.arange(9.0).reshape(3, 3).T, torch.arange(9.0).reshape(3, 3)),
    "late": (x.roll(1, 1), x),
    "shape": (x.T, x),
    "dtype": (x.double(), x),
    "one": (torch.where(x == 12, 0.0, x), x),
    "nan": (torch.where(x > 3, np.nan, x), x),
    "integers": (x.int(), x.int() + 1),
    "type": ([1.0], x),
    "text": ("abc", "abd"),
    "keys": ({"a": 1}, {"a": 1, "b": 2}),
    "unasked": ({"a": 1, "c": 1}, {"a": 1, "b": 2}),
    "length": ([1, 2, 3], [1, 2]),
    "list": ([x, -x], [x, x]),
    "raised": (Raised("ValueError", (), "no"), x),
    "not raised": (x, Raised("ValueError", (), "")),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_difference_is_told_in_chinese(name):
    got, expected = WRONG[name]
    found = compare(Observation(got, {}), Observation(expected, {}))
    for line in translated(found.message, "zh").split("\n"):
        assert CHINESE.search(line), line
    assert translated(found.message, "en") == found.message


def test_what_nobody_translated_stays_as_it_is():
    assert translated("an idea of its own", "zh") == "an idea of its own"
    assert translated("  is wrong of course\n\nnan", "zh") == "  is wrong of course\n\nnan"
    assert translated("x" * 100_000, "zh") == "x" * 100_000


def test_a_problem_may_bring_its_own_messages():
    own = {"the mask hides {count} tokens": "掩码遮住了 {count} 个词元"}
    assert translated("the mask hides 3 tokens", "zh", own) == "掩码遮住了 3 个词元"


def test_sentences_and_diagnoses_are_the_problems_own():
    problem = packs(()).read("25-self-attention")
    mistake, text = next(iter(problem.messages["mistakes"].items()))
    check = samples.check("attends_where_it_may", verdict="wrong", message="out: The number differs")
    report = samples.report(check, problem=problem.slug, diagnosis=[Diagnosis(mistake, "?", [check.name])])
    page = io.StringIO()
    render(localised(report, problem, "zh"), Console(file=page, width=200), language="zh")
    for words in (problem.title("zh"), problem.messages["checks"]["attends_where_it_may"], text, "数值不同"):
        assert words in page.getvalue()
    assert localised(report, problem, "en") is report
    assert localised(report, None, "zh").checks[0].message == "out：数值不同"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "JUDGE_LANG": "en"}, "en"),
        ({"JUDGE_LANG": "zh_TW"}, "zh"),
        ({"JUDGE_LANG": "fr", "LANG": "de_DE"}, "en"),
    ],
)
def test_the_language_is_the_users(variables, language, monkeypatch):
    for name in ("JUDGE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert preferred() == language


def test_a_word_for_the_head_of_a_table_stays_what_it_is_as_a_name():
    assert translated("mean", "zh") == "平均"
    assert translated("mean has shape (2,), expected (3,)", "zh") == "mean 的形状是 (2,)，应为 (3,)"
