"""Tests for Pillow's images in a lab's notebook, in a process of their own, as those for figures."""

from tests.notebook.test_figures import run

__all__ = ["run"]
SHOW = """
from lab_harness.notebook.photos import show_photos
show_photos(shell)
"""
DRAW = """
with capture_output() as captured:
    shell.run_cell("from PIL import Image; display(Image.new({mode!r}, (128, 96)))").raise_error()
(shown,) = captured.outputs
print(sorted(shown.data), shown.data["text/plain"], "alt=" in shown.data["text/html"])
"""


def test_image_is_shown_once_with_its_size_in_words(run):
    script = SHOW + "".join(DRAW.format(mode=mode) for mode in ("RGB", "RGBA", "L"))
    assert run(script) == ["['text/html', 'text/plain'] An image of 128 × 96 pixels True"] * 3


def test_image_that_no_png_can_hold_is_told_in_words(run):
    assert run(SHOW + DRAW.format(mode="HSV")) == ["['text/html', 'text/plain'] An image of 128 × 96 pixels True"]


def test_without_an_image_pillow_is_not_loaded(run):
    assert run(SHOW + "print([name for name in sys.modules if name.startswith('PIL')])")[-1] == "[]"
