"""What .dockerignore lets through is all that the image is made of."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LET_THROUGH = re.findall(r"^!(\S+)$", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE)


def test_judge_can_be_built_from_what_is_let_through(tmp_path):
    source = tmp_path / "src"
    for name in LET_THROUGH:
        path = REPOSITORY / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            source.mkdir(exist_ok=True)
            shutil.copyfile(path, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(source)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("judge-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {"judge/cli/__init__.py", "judge/bundled/reference/25-self-attention/solution.py"} <= packed


def test_the_dockerfile_takes_nothing_else():
    text = (REPOSITORY / "Dockerfile").read_text()
    for name in re.findall(r"/src/(\S+)", text):
        assert name in LET_THROUGH
    assert re.search(r"^USER (?!root)\w+$", text, re.MULTILINE)
    assert 'ENTRYPOINT ["judge"]' in text
