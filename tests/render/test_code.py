"""Tests for code in colour."""

from xml.etree import ElementTree

from lab_harness.render.blocks import Note
from lab_harness.render.code import highlighted

CODE = 'import json\n\n\ndef handler(event):  # <b>\n    return "a" if event is None else 1\n'


def parts(code):
    return {each.text: each.get("style") for each in ElementTree.fromstring(f"<pre>{highlighted(code)}</pre>")}


def test_code_stays_letter_by_letter():
    for code in (CODE, "%%writefile a.py\nx = 1", "this is 'no Python", "", "\n\na\n\n"):
        assert "".join(ElementTree.fromstring(f"<pre>{highlighted(code)}</pre>").itertext()) == code


def test_words_of_one_kind_have_one_colour_by_the_theme():
    found = parts(CODE)
    assert found["import"] == found["def"]
    assert "var(--jp-mirror-editor-keyword-color,#00701a)" in found["def"]
    assert "comment" in found["# <b>"]
    assert "string" in found['"a"' if '"a"' in found else '"']
    assert "json" not in found


def test_code_of_a_note_can_be_copied():
    root = ElementTree.fromstring(Note("Solution", code="x = 1").html())
    button = root.find("button")
    assert button.text == "Copy"
    assert "clipboard" in button.get("onclick")
    assert ElementTree.fromstring(Note("Hint").html()).find("button") is None
