"""%%judge in a notebook."""

import re

import nbclient
import nbformat

from judge.history import History

WRONG = "%%judge 77\ndef double(x):\n    print('<b>hello</b>')\n    return 3 * x\n"
ELSEWHERE = re.compile(r"^ *(:root|body|main|html)\b.*{", re.MULTILINE)  # rules for the page around the report


def test_a_marked_cell_is_judged_and_the_report_is_shown(pack, desk):
    cells = ["%load_ext judge", WRONG, WRONG.replace("3 *", "2 *"), "%%judge nothing\nx = 1", "double"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True).execute()
    loading, wrong, right, unknown, defined = (cell.outputs for cell in notebook.cells)
    assert loading == []
    (output,) = wrong
    assert "40/100   not accepted" in output.data["text/plain"]
    page = output.data["text/html"]
    assert re.search(r">40</strong><span[^>]*>/100<", page)
    assert "You triple." in page
    assert "<b>hello" not in page
    assert [rule for rule in ELSEWHERE.findall(page) if rule != "main"] == []
    assert "100/100   accepted" in right[0].data["text/plain"]
    (told,) = unknown
    assert told.text.startswith("UsageError: no problem called 'nothing'")
    assert told.text.count("\n") == 1
    assert defined[0].ename == "NameError"  # it was judged, not run
    with History() as history:
        assert history.solved("mypack/77-double")
