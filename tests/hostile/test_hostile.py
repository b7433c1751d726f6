"""Every hostile solution fails closed: not accepted, with a sensible verdict, in time, and nothing of it is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.trial import FILES, wrong_with


def test_there_are_many():
    assert len(FILES) >= 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_fails_closed(engine, problem, place, family, path: Path):
    assert wrong_with(path, engine, problem, place, family) == []
