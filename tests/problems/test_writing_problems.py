"""docs/writing-problems.md: the problem on that page is complete, and proven by the commands it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/writing-problems.md"


def test_the_problem_on_the_page_is_proven(tmp_path):
    files = dict(re.findall(r"^`([\w./]+)`\n```\w+\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    (tmp_path / "layernorm.py").write_text(files.pop("layernorm.py"))

    def judge(*arguments):
        command = [sys.executable, "-m", "judge", *arguments]
        environment = os.environ | {"JUDGE_DATA": str(tmp_path / "data")}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)

    assert judge("new", "mycourse/layernorm", "--from", "layernorm.py").returncode == 0
    assert "step 1 of 6" in judge("verify", "layernorm", "--problems", "mycourse").stdout
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    proof = judge("verify", "layernorm", "--problems", "mycourse", "--seeds", "2", "--out", "tables.md")
    assert (proof.returncode, proof.stderr) == (0, "")
    assert re.search(r"layernorm +2 +yes +3 +\S+ +ok", proof.stdout), proof.stdout
    assert "| mycourse/layernorm | 2 | yes | 3 |" in (tmp_path / "tables.md").read_text()
    right = judge("verify", "layernorm", "--problems", "mycourse", "--seeds", "4", "--only-right")
    assert (right.returncode, right.stderr) == (0, "")
    assert re.search(r"4 seeds .*layernorm +2 +yes +0 +\S+ +ok", right.stdout, re.DOTALL), right.stdout
    assert judge("verify", "layernorm", "--problems", "mycourse", "--only-right", "--mutants").returncode == 2
