"""Pages for the browser: where they are written, and opening them."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

from judge.cli.options import WrongUse, say
from judge.history import cache_folder
from judge.practice.desk import shown


def write_page(html: str, name: str, output: Path | None) -> Path:
    """Writes a page to `output`, or under its name where pages are kept; a home that is read-only hinders nobody."""
    if output is not None:
        try:
            output.write_text(html, encoding="utf-8")
        except OSError as error:
            raise WrongUse(f"--output: cannot write {output}: {error.strerror}") from None
        return output.absolute()
    kept = cache_folder() / "pages" / name
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(html, encoding="utf-8")
    except OSError:
        kept = Path(tempfile.mkdtemp(prefix="judge-")) / Path(name).name
        kept.write_text(html, encoding="utf-8")
    return kept.absolute()


def show_page(page: Path, no_open: bool) -> None:
    """Opens a page in the browser, and says where it is in any case."""
    if no_open:
        say(f"Wrote {shown(page)}")
    elif webbrowser.open(page.as_uri()):
        say(f"Opened {shown(page)}")
    else:
        say(f"Wrote {shown(page)}: no browser could be started here, open it yourself.")
