"""A statement as one HTML page that needs no network: formulas become MathML, which browsers draw themselves."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.etree import ElementTree

import jinja2
from markdown_it import MarkdownIt

from judge.practice.formulas import CODE_OR_FORMULA, readable
from judge.problems import Problem

# What stands for a formula while the rest is read as Markdown: characters that no statement has.
_OPEN, _CLOSE = "\ue000", "\ue001"
_THIN = "0.167em"
_FUNCTIONS = {
    *("arccos", "arcsin", "arctan", "arg", "cos", "cosh", "deg", "det", "dim", "exp", "gcd", "inf", "ker", "lim", "ln"),
    *("log", "max", "min", "mod", "sin", "sinh", "sup", "tan", "tanh"),
}
_OPERAND = {"mi", "mn", "msub", "msup", "msubsup", "mfrac", "msqrt", "mtext", "mover", "mrow"}
_PALE_STYLE, _DARK_STYLE = "friendly", "github-dark"


def statement_page(problem: Problem, language: str, name: str) -> str:
    """The whole page. name: what to type for the problem."""
    template = jinja2.Environment(
        loader=jinja2.PackageLoader("judge.practice", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    ).get_template("statement.html.jinja")
    return template.render(
        problem=problem,
        title=problem.title(language),
        language=language,
        name=name,
        statement=jinja2.filters.Markup(to_html(problem.text("statement", language))),
        pale_code=_code_style(_PALE_STYLE),
        dark_code=_code_style(_DARK_STYLE),
    )


def to_html(markdown: str) -> str:
    """Markdown with `$...$` and `$$...$$`; HTML in it is shown as text."""
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if match["code"] is not None:
            return match["code"]
        display = match["display"] is not None
        formulas.append(to_mathml(match["display"] if display else match["inline"], display))
        return f"{_OPEN}{len(formulas) - 1}{_CLOSE}"

    html = _markdown().render(CODE_OR_FORMULA.sub(keep, re.sub(f"[{_OPEN}{_CLOSE}]", "", markdown)))
    return re.sub(f"{_OPEN}([0-9]+){_CLOSE}", lambda match: formulas[int(match[1])], html)


def to_mathml(formula: str, display: bool) -> str:
    """LaTeX mathematics as MathML Core; what cannot be read as that in Unicode, as on a terminal."""
    from latex2mathml.converter import convert

    try:
        root = ElementTree.fromstring(convert(formula.strip(), display="block" if display else "inline"))
    except Exception:  # the library has no common class for what it cannot read
        text = readable(formula).replace("&", "&amp;").replace("<", "&lt;")
        return f'<code class="formula">{text}</code>'
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    for element in list(root.iter()):
        _mend(element)
    return ElementTree.tostring(root, encoding="unicode")


def _mend(element: ElementTree.Element) -> None:
    """What MathML Core lacks or leaves to the author: negative spaces by name, spaces around names of functions."""
    if element.tag == "mspace" and element.get("width") == "negativethinmathspace":
        element.set("width", f"-{_THIN}")
    if element.text:
        element.text = element.text.replace("\\_", "_")
    if element.tag in ("math", "mrow", "mtd"):
        previous = None
        for child in element:
            if child.text in ("−", "+") and (
                previous is None or (previous.tag == "mo" and previous.text not in (")", "]", "}"))
            ):
                child.set("form", "prefix")  # a sign: no space behind it
            previous = child
    if element.tag not in ("math", "mrow", "mtd", "msqrt"):
        return
    children, spaced = list(element), []
    for index, child in enumerate(children):
        if index and child.tag in _OPERAND and (_is_function(children[index - 1]) or _is_function(child)):
            before = children[index - 1]
            if before.tag in _OPERAND:
                spaced.append(ElementTree.Element("mspace", width=_THIN))
        spaced.append(child)
    element[:] = spaced


def _is_function(element: ElementTree.Element) -> bool:
    if element.tag in ("msub", "msup", "msubsup", "munder") and len(element):
        return _is_function(element[0])
    return element.tag in ("mi", "mo") and element.text in _FUNCTIONS


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "highlight": _highlighted}).enable("table")


def _highlighted(code: str, language: str, _: Any) -> str:
    """The inside of a block of code; empty leaves it as it is."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return highlight(code, get_lexer_by_name(language), HtmlFormatter(nowrap=True)) if language else ""
    except ClassNotFound:
        return ""


def _code_style(name: str) -> str:
    from pygments.formatters import HtmlFormatter

    return jinja2.filters.Markup(HtmlFormatter(style=name).get_style_defs("pre"))
