"""Notebooks as Jupyter writes them, for tests."""

import json
from typing import Any


def notebook(*cells: str, **changed: Any) -> str:
    """A notebook with these cells of code; one that begins with "MD" is text. changed: fields of the whole."""
    written = []
    for cell in cells:
        about: dict[str, Any] = {"metadata": {}, "source": cell.splitlines(keepends=True)}
        if cell.startswith("MD"):
            written.append({"cell_type": "markdown"} | about)
        else:
            output = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
            written.append({"cell_type": "code", "execution_count": 3, "outputs": [output]} | about)
    about = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    about["language_info"] = {"name": "python", "version": "3.12.1"}
    return json.dumps({"cells": written, "metadata": about, "nbformat": 4, "nbformat_minor": 5} | changed)
