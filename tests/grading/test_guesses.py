"""Where nothing can be compared, a mistake that is only meant for what failed is offered as a guess."""

from judge.grading import Solution
from judge.problems import packs


def test_a_mistake_that_only_training_shows_is_guessed(engine):
    problem = packs().find("47")
    source = next(one.source for one in problem.mistakes if one.name == "bayesian_in_name_only")
    report = engine.judge(problem, Solution.from_text(source))
    assert {check.name for check in report.checks if check.verdict == "wrong"} == {"beats_random_search"}
    (guess,) = report.diagnosis
    assert (guess.mistake, guess.certain) == ("bayesian_in_name_only", False)
