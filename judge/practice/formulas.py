"""Formulas for a terminal: `$\\frac{q k^\\top}{\\sqrt{d_k}}$` in a statement becomes q kᵀ / √dₖ."""

from __future__ import annotations

import re
from collections.abc import Iterator

CODE_OR_FORMULA = re.compile(
    r"(?P<code>^ *(?P<fence>```+|~~~+).*?^ *(?P=fence)|`+[^`]+`+)"
    r"|\$\$(?P<display>.+?)\$\$"
    r"|(?<![\\\w$])\$(?P<inline>(?=\S)(?:[^$`\n]|\n(?!\s*\n))*?[^\s\\$`])\$(?![\d$])",
    re.MULTILINE | re.DOTALL,
)


def with_readable_formulas(markdown: str) -> str:
    """The Markdown with its `$...$` and `$$...$$` in Unicode, as code: no `_` or `*` in them is read as markup."""
    return CODE_OR_FORMULA.sub(_replace, markdown)


def _replace(match: re.Match[str]) -> str:
    if match["display"] is not None:
        return f"\n```text\n{readable(match['display'])}\n```\n"
    return match["code"] if match["inline"] is None else f"`{readable(match['inline'].replace(chr(10), ' '))}`"


def readable(formula: str) -> str:
    r"""LaTeX mathematics in Unicode, as far as one line of text can show it; unknown `\commands` keep their name."""
    lines = _Reader(formula).read().split("\n")
    return "\n".join(re.sub(r" {2,}", " ", line).strip() for line in lines).strip("\n")


_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)


class _Reader:
    """Reads a formula from left to right; a group in braces is read by itself."""

    def __init__(self, formula: str) -> None:
        self.tokens: list[str] = _TOKEN.findall(formula)
        self.position = 0

    def read(self) -> str:
        """Up to the end, or to the brace that closes this group."""
        return "".join(self._pieces())

    def _pieces(self) -> Iterator[str]:
        while (token := self._next()) not in ("", "}"):
            yield self._meaning(token)

    def _next(self) -> str:
        self.position += 1
        return self.tokens[self.position - 1] if self.position <= len(self.tokens) else ""

    def _argument(self) -> str:
        """The next group, or the next single token."""
        while (token := self._next()).isspace():
            pass
        return self._meaning(token)

    def _meaning(self, token: str) -> str:
        if token == "{":
            return self.read()
        if token in ("^", "_"):
            return _raised(self._argument()) if token == "^" else _lowered(self._argument())
        if token.isspace() or token in ("&", "~"):
            return " "
        return self._command(token[1:].rstrip("*")) if token.startswith("\\") else _SIGNS.get(token, token)

    def _command(self, name: str) -> str:
        if name in ("frac", "dfrac", "tfrac"):
            fraction = f"{_bracketed(self._argument())}/{_bracketed(self._argument())}"
            return f"{fraction} " if self._next_is(r"\w|\(|\\left|\\big") else fraction
        if name == "sqrt":
            return f"√{_bracketed(self._argument())}"
        if name in _ACCENTS:
            letter = self._argument()
            return letter + _ACCENTS[name] if len(letter) == 1 else f"{name}({letter})"
        if name in ("left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr"):
            delimiter = self._argument()
            return "" if delimiter == "." else delimiter
        if name in ("begin", "end"):
            self._argument()
            return ""
        if name in _TRANSPARENT:
            return self._argument()
        if name in _BETWEEN:
            return f" {_BETWEEN[name]} "
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        return f"{name} " if self._next_is(r"\w|\\[A-Za-z]") else name

    def _next_is(self, pattern: str) -> bool:
        return self.position < len(self.tokens) and bool(re.match(pattern, self.tokens[self.position]))


def _bracketed(text: str) -> str:
    """In round brackets, unless it is one thing already."""
    return text if len(text) == 1 or re.fullmatch(r"√?[\w.]+[⁰-₟ᵀ-ᶿ]*|\([^()]*\)", text) else f"({text})"


def _script(text: str, table: dict[str, str], sign: str) -> str:
    if text and all(character in table for character in text):
        return "".join(table[character] for character in text)
    return f"{sign}{text}" if re.fullmatch(r"\w+|\([^()]*\)", text) else f"{sign}({text})"


def _raised(text: str) -> str:
    return "′" if text == "′" else _script(text.replace("⊤", "T"), _SUPERSCRIPTS, "^")


def _lowered(text: str) -> str:
    return _script(text, _SUBSCRIPTS, "_")


_SUPERSCRIPTS = dict(
    zip("0123456789+-−=()abcdehijklmnoprstuvxyT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛˣʸᵀ", strict=True)
)
_SUBSCRIPTS = dict(zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_SIGNS = {"-": "−", "'": "′", "*": "∗"}
_ACCENTS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "bar": "\u0304",
    "overline": "\u0304",
    "tilde": "\u0303",
    "vec": "\u20d7",
}
_TRANSPARENT = {
    *("text", "mathrm", "operatorname", "mathbf", "mathbb", "mathcal", "mathit", "mathsf", "boldsymbol", "textbf"),
    *("textit", "texttt", "mathtt", "bm", "underline", "limits"),
}


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


# What stands between two things, and is set off by spaces.
_BETWEEN = _pairs("""
cdot · times × div ÷ pm ± mp ∓ odot ⊙ otimes ⊗ oplus ⊕ ast ∗ star ⋆ circ ∘ mid | land ∧ lor ∨ cup ∪ cap ∩
le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ ll ≪ gg ≫ approx ≈ equiv ≡ sim ~ propto ∝ in ∈ notin ∉ subset ⊂
to → rightarrow → leftarrow ← gets ← mapsto ↦ Rightarrow ⇒ iff ⇔
""")
_SYMBOLS = {
    **_pairs("""
    alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ
    pi π rho ρ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω ell ℓ
    Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω
    infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ dots … ldots … cdots ⋯ forall ∀ exists ∃ neg ¬ emptyset ∅
    bullet • top ⊤ prime ′ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ langle ⟨ rangle ⟩
    vert | lvert | rvert | Vert ‖ lVert ‖ rVert ‖ | ‖ { { } } % % _ _ & & # # $ $
    """),
    **dict.fromkeys((",", ";", ":", " ", "quad", "qquad", "displaystyle"), " "),
    **{"!": "", "\\": "\n"},
}
