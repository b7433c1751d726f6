"""A report as one JSON object, the contract with other programs; schema.json beside this file describes it."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import msgspec

from judge.report import Report
from judge.report.text import plain

SCHEMA = Path(__file__).with_name("schema.json")
RESULTS_SCHEMA = Path(__file__).with_name("results-schema.json")


def to_json(report: Report, *, indent: int | None = None) -> str:
    """The report as one JSON object; null stands for what does not apply and for numbers that are not finite."""
    return json.dumps(to_fields(report), ensure_ascii=True, allow_nan=False, indent=indent)


def to_fields(report: Report) -> dict[str, Any]:
    """The report as dictionaries, lists, strings, numbers and None; without a score where the judge itself failed."""
    fields = _clean(as_data(report))
    if report.verdict == "infra":
        fields["score"] = None
    return fields


def as_data(report: Report) -> Any:
    """The report as dictionaries, lists and what they hold, exactly as it is, nan included."""
    return msgspec.to_builtins(report, enc_hook=str)  # str: torch's version is of a subclass of str


def to_exact(report: Report) -> str:
    """The report as JSON that `from_exact` reads back as it was, nan included; not for other programs."""
    return json.dumps(as_data(report))


def from_exact(text: str | bytes) -> Report:
    """Raises ValueError for what is no report of this judge."""
    with contextlib.suppress(ValueError, RecursionError):  # numbers that are not finite are read by json only
        return msgspec.json.decode(text, type=Report)
    return msgspec.convert(json.loads(text), Report)


def _clean(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return plain(value, longest=None)
    if isinstance(value, dict):
        return {plain(key, longest=None): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list | tuple) else value
