"""Tests for the Python code of templates: laid out as ruff does, with the imports that it uses."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab_harness.authoring.scaffold.code import call, collection, without_unused_imports

TITLE = '"The table of all orders is there, and has the key"'


@pytest.mark.parametrize("needs", range(1, 5))
@pytest.mark.parametrize("length", [3, 8, 12, 20, 34, 60])
def test_calls_and_tuples_are_laid_out_as_ruff_lays_them_out(tmp_path, needs, length):
    names = [f"{'n' * length}{number}" for number in range(needs)]
    argument = f"needs={names[0]}" if needs == 1 else ("needs=", names)
    text = call("@check", TITLE, f'task="{names[0]}"', argument) + "\ndef there(): ...\n\n\n"
    text += collection("FIRST = ", [f'"{name}"' for name in names], "{}", "  # what fails first") + "\n"
    path = tmp_path / "checks.py"
    path.write_text(text, encoding="utf-8")
    ruff = [Path(sys.executable).with_name("ruff"), "format", "--isolated", "--line-length", "120", "--diff", path]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_imports_that_nothing_uses_are_taken_out():
    code = '"""Code."""\n\nimport json\nimport re\nimport urllib.parse\n\nimport boto3\n\nfrom a import b, c, d\n\n\n'
    code += 'print(re, "json", urllib.parse, c)\n'
    assert without_unused_imports(code) == (
        '"""Code."""\n\nimport re\nimport urllib.parse\n\nfrom a import c\n\n\nprint(re, "json", urllib.parse, c)\n'
    )


def test_where_nothing_is_imported_no_gap_stays():
    assert without_unused_imports("import json\n\n\nprint(1)\n") == "print(1)\n"
    assert without_unused_imports('"""Code."""\n\nimport json\n\n\nx = 1\n') == '"""Code."""\n\n\nx = 1\n'
