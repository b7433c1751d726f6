"""Formulas of a statement can be read on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from judge.practice.formulas import readable, with_readable_formulas


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\text{softmax}\left(\frac{QK^T}{\sqrt{d_k}}\right) V", "softmax(QKᵀ/√dₖ) V"),
        (r"\hat{x} = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}", "x̂ = (x − μ)/(√(σ² + ε))"),
        (r"\min(1, \frac{c}{\|g\| + 10^{-6}})", "min(1, c/(‖g‖ + 10⁻⁶))"),
        (r"\frac{1}{2}\left(\mu^2 - \log\sigma^2\right)", "1/2 (μ² − log σ²)"),
        (r"\mathbb{E}_{q(z|x)}[\log p(x \mid z)]", "E_(q(z|x))[log p(x | z)]"),
        (r"2\times n", "2 × n"),
        (r"\sum_{i=1}^{n} x_i", "∑ᵢ₌₁ⁿ xᵢ"),
        (r"\unknown{x}", "unknownx"),
    ],
)
def test_latex_in_unicode(formula, text):
    assert readable(formula) == text


def test_only_formulas_are_changed():
    text = "It costs $5 or $6; `$x_i$` stays.\n\n```python\ny = '$x_i$'\n```\n"
    assert with_readable_formulas(text) == text
    assert with_readable_formulas("for $x_i * y_i$ and $a$") == "for `xᵢ ∗ yᵢ` and `a`"
    assert with_readable_formulas("over\ntwo $a +\nb$ lines") == "over\ntwo `a + b` lines"
    assert with_readable_formulas("It costs $5\n\nor 6$.") == "It costs $5\n\nor 6$."
    assert with_readable_formulas("$$\na^2\n$$").strip() == "```text\na²\n```"


@given(some.text(alphabet=r"\{}^_&$ abfrac", max_size=40))
def test_no_formula_is_too_broken_to_be_shown(formula):
    readable(formula)
    with_readable_formulas(formula)
