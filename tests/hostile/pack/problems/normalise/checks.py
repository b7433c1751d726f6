"""What the hostile solutions are judged on: small, quick, with every way of judging."""

from hypothesis import strategies as some

from judge.checks import at_least, changes, check


@check("values", points=40, cpu_seconds=2, rows=some.integers(1, 4), columns=some.integers(2, 5), examples=4)
def normalises_rows(solution, make, rows, columns):
    """Rows of mean 0 and variance 1; the input unchanged."""
    x = make.normal(rows, columns)
    return {
        "once": lambda: solution.normalise(x),
        "again": lambda: solution.normalise(x),
        "shifted": lambda: solution.normalise(x + 3),
        "unchanged": lambda: changes(lambda: solution.normalise(x), x),
    }


@check("gradient", points=20, cpu_seconds=2)
def has_a_gradient(solution, make):
    """The gradient by the input."""
    x = make.normal(2, 4, requires_grad=True)
    (solution.normalise(x) * make.normal(2, 4)).sum().backward()
    return x.grad


def labels(make):
    x = make.normal(40, 6)
    return x, (x[:, 0] > x.mean(1)).long()


@check("convergence", points=10, cpu_seconds=5, task=labels, judged_by=at_least(0.9, "accuracy"))
def tells_the_sign(solution, make, given):
    """Whether the first number of a row is above the mean of the row."""
    return (solution.normalise(given)[:, 0] > 0).long()


def in_another_process(solution, make):
    return solution.normalise(make.normal(2, 3))


@check("values", points=10, cpu_seconds=2, then=in_another_process)
def starts_afresh(solution, make):
    """In a second process the result is that of new numbers."""
    return solution.normalise(make.normal(2, 3))


@check("shape", points=10, cpu_seconds=2)
def keeps_the_shape(solution, make):
    """Shape and dtype of the result."""
    y = solution.normalise(make.normal(3, 4))
    return y.shape, y.dtype


@check("timing", points=10, limit=8.0, cpu_seconds=5)
def is_vectorised(solution, make):
    """Time for 512 rows, against the reference's."""
    x = make.normal(512, 64)
    return lambda: solution.normalise(x)
