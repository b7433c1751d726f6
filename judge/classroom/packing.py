"""Zips that the judge makes: the same content gives the same bytes."""

from __future__ import annotations

import zipfile


def add(archive: zipfile.ZipFile, name: str, content: str | bytes, *, executable: bool = False) -> None:
    """Adds a file, with a fixed date and readable by everybody."""
    entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
    entry.external_attr = (0o100755 if executable else 0o100644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
