"""What the course is installed from: one lock, by uv or by pip, from the public index."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT

UV = Path(sys.executable).with_name("uv")
LOCK = (ROOT / "uv.lock").read_text(encoding="utf-8")
FILES = ("requirements.txt", "requirements-dev.txt")


def uv(tmp_path, *words):
    """Run uv, offline and without settings of the user's."""
    command = [UV, *words, "--offline", "--no-config", "--project", ROOT, "--cache-dir", tmp_path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_lock_is_that_of_the_project_as_it_stands(tmp_path):
    done = uv(tmp_path, "lock", "--check")
    assert done.returncode == 0, f"make lock has not been run: {done.stderr}"


def test_the_lock_names_the_public_index_alone():
    assert {urlsplit(url).hostname for url in re.findall(r'"(\w+://[^"]+)"', LOCK)} == {
        "pypi.org",
        "files.pythonhosted.org",
    }


@pytest.mark.parametrize("name", FILES)
def test_pip_installs_what_the_lock_names(name, tmp_path):
    text = (ROOT / name).read_text(encoding="utf-8")
    words = re.search(r"^#    uv (.*)", text, re.MULTILINE)[1].partition(" --output-file")[0].split()
    assert uv(tmp_path, *words, "--no-header").stdout == text.partition(name)[2].lstrip("\n")


@pytest.mark.parametrize(
    ("setting", "installs"),
    [("UV=/opt/uv", "/opt/uv sync --quiet --frozen --inexact"), ("UV=", "pip install")],
)
@pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")
def test_make_installs_by_uv_where_it_is_and_by_pip_elsewhere(setting, installs, tmp_path):
    for name in ("Makefile", "pyproject.toml", *FILES):
        shutil.copy(ROOT / name, tmp_path)
    command = ["make", "-n", "setup", setting]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert installs in done.stdout
