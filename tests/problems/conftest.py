"""Small packs of problems made for a test."""

from collections.abc import Callable
from pathlib import Path

import pytest

SETTINGS = """
title = "A title"
title_zh = "标题"
source = "A.1"
tags = ["attention"]
difficulty = "easy"
minutes = 10
requires = ["double"]
forbids = ["torch.mul"]
"""


@pytest.fixture
def settings() -> str:
    """A right problem.toml."""
    return SETTINGS


@pytest.fixture
def add_problem(tmp_path: Path) -> Callable[..., Path]:
    """add_problem("01-double") writes one below tmp_path / "mypack" and returns the pack's folder."""

    def add(slug: str, settings: str = SETTINGS, pack: str = "mypack") -> Path:
        root = tmp_path / pack
        folder, hidden = root / "problems" / slug, root / "reference" / slug
        folder.mkdir(parents=True)
        hidden.mkdir(parents=True)
        (folder / "problem.toml").write_text(settings, encoding="utf-8")
        (folder / "checks.py").write_text("")
        (folder / "stub.py").write_text("def double(x): raise NotImplementedError\n")
        (hidden / "solution.py").write_text("def double(x): return 2 * x\n")
        return root

    return add
