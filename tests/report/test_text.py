"""Whatever a solution writes, it can neither steer a terminal nor break the layout."""

from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len

from judge.report.text import plain, shorten, wrap

anything = some.text(some.characters(), max_size=300) | some.text(
    "\x1b[]0;31m\x07\x9b\r\n\t中文，。 a\u202e\u0301", max_size=300
)


def test_escapes_and_control_characters_go_and_the_words_stay():
    assert plain("a\x1b[1;31mred\x1b[0m \x1b]0;title\x07b\x00c\r\ne\u202ef\ud800") == "ared bc\nef\ufffd"


def test_long_text_is_cut_in_the_middle_and_long_lines_at_the_end():
    assert plain("\n".join("abcdef"), lines=4) == "a\nb\n... 2 more lines ...\ne\nf"
    assert plain("x" * 1000, longest=10) == "x" * 10 + "..."


@given(anything)
def test_nothing_that_steers_a_terminal_is_left(text):
    assert all(character == "\n" or character.isprintable() or character.isspace() for character in plain(text))
    assert not set(plain(text)) & set("\x1b\x9b\x07\r\x08\u202e\u2028")


@given(anything, some.integers(2, 40))
def test_lines_fit_and_nothing_but_spaces_is_lost(text, width):
    lines = wrap(plain(text), width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(plain(text).split())
    assert cell_len(shorten(plain(text), width)) <= width
