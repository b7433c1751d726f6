"""What an expression over constant strings can be: "ctc_" + "loss", f"{kind}_loss", "_".join(["ctc", "loss"])."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterable, Sequence

LONGEST = 200  # no name that anybody forbids is longer
MOST = 16  # strings that one expression can be; more are forgotten

Texts = Iterable[str]
TextOf = Callable[[ast.expr], Texts]


def fold(node: ast.expr, text_of: TextOf) -> frozenset[str]:
    """The strings that `node` can be, where `text_of` tells it for the expressions in it; empty when unknown."""
    match node:
        case ast.Constant(value=str(text)):
            return _limited([text])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return added([text_of(left), text_of(right)])
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            return _filled(text_of(left), "%s", right.elts if isinstance(right, ast.Tuple) else [right], text_of)
        case ast.JoinedStr(values=parts):
            return added([_formatted(part, text_of) for part in parts])
        case ast.Subscript(value=value, slice=ast.Slice() as cut):
            return _limited(text[_slice(cut)] for text in text_of(value))
        case ast.Call(func=ast.Attribute(value=value, attr=method), args=arguments, keywords=[]):
            return _called(text_of(value), method, arguments, text_of)
    return frozenset()


def added(parts: Sequence[Texts]) -> frozenset[str]:
    """Every way to put the parts together, one string of each."""
    found = frozenset({""})
    for part in parts:
        found = _limited(start + end for start, end in itertools.product(found, part))
    return found


def _formatted(part: ast.expr, text_of: TextOf) -> Texts:
    if isinstance(part, ast.FormattedValue):
        return text_of(part.value) if part.conversion in (-1, ord("s")) and part.format_spec is None else ()
    return text_of(part)


def _called(texts: Texts, method: str, arguments: Sequence[ast.expr], text_of: TextOf) -> frozenset[str]:
    match method, arguments:
        case "join", [ast.List(elts=parts) | ast.Tuple(elts=parts)]:
            glued = [added(_with_glue([text_of(part) for part in parts], glue)) for glue in texts]
            return _limited(itertools.chain(*glued))
        case "format", _:
            return _filled(texts, "{}", arguments, text_of)
        case "replace", [old, new]:
            return _limited(t.replace(o, n) for t, o, n in itertools.product(texts, text_of(old), text_of(new)) if o)
        case (("lower" | "upper" | "strip"), []):
            return _limited(getattr(text, method)() for text in texts)
    return frozenset()


def _with_glue(parts: Sequence[Texts], glue: str) -> list[Texts]:
    return [part for each in parts for part in ([glue], each)][1:]


def _filled(templates: Texts, hole: str, arguments: Sequence[ast.expr], text_of: TextOf) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for template in templates:
        pieces = template.split(hole)
        if len(pieces) == len(arguments) + 1:
            filling = [text_of(argument) for argument in arguments]
            between = itertools.chain.from_iterable(zip(([piece] for piece in pieces), [*filling, [""]], strict=True))
            found |= added(list(between))
    return found


def _slice(cut: ast.Slice) -> slice:
    def bound(node: ast.expr | None) -> int | None:
        try:
            value = None if node is None else ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError, MemoryError):  # {[]: 1} is written as a constant and is none
            return 0
        return value if value is None or isinstance(value, int) else 0

    return slice(bound(cut.lower), bound(cut.upper), bound(cut.step) or None)


def _limited(texts: Texts) -> frozenset[str]:
    return frozenset(itertools.islice((text for text in texts if len(text) <= LONGEST), MOST))
