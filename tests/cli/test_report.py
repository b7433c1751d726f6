"""judge report: the last attempt as a page."""

from __future__ import annotations


def test_the_last_attempt_becomes_a_page(judge, pack, desk):
    status, _, err = judge("report", "77", "--no-open")
    assert status == 2
    assert err == "judge: there is no attempt at mypack/77-double yet; judge attempt makes one\n"
    (desk / "mine.py").write_text("def double(x):\n    return 3 * x  # not twice\n")
    assert judge("attempt", "77", "mine.py", "--device", "cpu")[0] == 1
    status, _, err = judge("report", "--no-open", "--output", "page.html")
    assert (status, err) == (0, "Wrote page.html\n")
    page = (desk / "page.html").read_text("utf-8")
    assert "You triple." in page
    assert "not twice" in page
    assert "default-src 'none'" in page


def test_code_that_has_changed_since_is_not_shown(judge, pack, desk):
    (desk / "mine.py").write_text("def double(x):\n    return 3 * x\n")
    judge("attempt", "77", "mine.py", "--device", "cpu")
    (desk / "mine.py").write_text("def double(x):\n    return 2 * x  # better\n")
    judge("report", "77", "--no-open", "--output", "page.html")
    assert "better" not in (desk / "page.html").read_text("utf-8")
