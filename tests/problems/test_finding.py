"""A problem is found by what a person would type; a near miss suggests."""

import pytest

from judge.problems import Pack, Packs, UnknownProblem, packs

SLUGS = ["05-multi-gpu-training", "24-attention", "25-self-attention", "26-resnet", "27-gan-training", "33-vae"]


@pytest.fixture
def known(add_problem) -> Packs:
    for slug in SLUGS:
        root = add_problem(slug)
    return Packs([Pack("", root)])


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("25", "25-self-attention"),
        ("5", "05-multi-gpu-training"),
        ("033", "33-vae"),
        ("25-self-attention", "25-self-attention"),
        ("25-self", "25-self-attention"),
        ("self", "25-self-attention"),
        ("Self Attention", "25-self-attention"),
        ("self_attention", "25-self-attention"),
        ("attention", "24-attention"),  # exact without its number, although another one contains it
        ("gpu", "05-multi-gpu-training"),
    ],
)
def test_found_by_number_slug_beginning_or_part(known, name, slug):
    assert known.find(name).slug == slug


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("atention", "no problem called 'atention'; did you mean 24-attention or 25-self-attention?"),
        ("resnt", "no problem called 'resnt'; did you mean 26-resnet?"),
        ("training", "'training' may mean 05-multi-gpu-training or 27-gan-training"),
        ("2", "no problem called '2'; `judge list` shows them all"),
        ("", "no problem called ''; `judge list` shows them all"),
        ("zzz", "no problem called 'zzz'; `judge list` shows them all"),
        ("../26-resnet", "no problem called '../26-resnet'; did you mean 26-resnet?"),
    ],
)
def test_a_name_that_fits_none_or_several_says_what_to_type(known, name, message):
    with pytest.raises(UnknownProblem) as caught:
        known.find(name)
    assert str(caught.value) == message


def test_problems_of_other_packs_carry_its_name_and_are_found_without_it(add_problem):
    root = add_problem("77-double-it")
    found = packs([root])
    assert "mypack/77-double-it" in found.names
    for name in ("mypack/77-double-it", "77-double-it", "77", "mypack/77", "double-it", "mypack/double"):
        assert found.find(name).slug == "mypack/77-double-it"


def test_packs_come_from_the_environment_too_each_once(add_problem, monkeypatch):
    root = add_problem("77-double-it")
    monkeypatch.setenv("JUDGE_PROBLEMS", str(root))
    assert packs([root]).names == packs().names
    assert packs().find("77").number == 77


def test_two_packs_of_one_name_are_refused(add_problem, tmp_path):
    first = add_problem("77-double-it")
    second = add_problem("77-double-it", pack="other/mypack")
    with pytest.raises(ValueError, match="two packs of problems are called 'mypack'"):
        packs([first, second])


def test_a_folder_without_problems_is_no_pack(tmp_path):
    with pytest.raises(ValueError, match="it has no folder problems/"):
        packs([tmp_path])


def test_the_bundled_problems_are_known():
    assert packs().find("25").slug == "25-self-attention"
