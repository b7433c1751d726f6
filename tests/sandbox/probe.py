"""A handler for tests of the sandbox: runs the Python text it is sent, as a solution would run."""

from collections.abc import Iterator
from typing import Any


class Probe:
    """Answers {"op": "run", "code": text} with the value that the text leaves in `answer`."""

    def handle(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """One answer: {"answer": ...}, or {"raised": text}."""
        space: dict[str, Any] = {"answer": None}
        try:
            exec(compile(request["code"], "probe", "exec"), space)
        except Exception as error:
            yield {"raised": f"{type(error).__name__}: {error}"}
            return
        yield {"answer": space["answer"]}
