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


DISPLAY = """
import re
from base64 import b64decode
data = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # a GIF of one pixel
with capture_output() as captured:
    shell.run_cell("from IPython.display import Image")
    shell.push({"data": data})
    shell.run_cell("display(Image(data, format='gif', width=240)); display(Image(data, format='gif', alt='A dot'))")
for shown in captured.outputs:
    print(sorted(shown.data), shown.data["text/plain"], re.findall("alt=.+?data:", shown.data["text/html"]))
"""


def test_image_that_came_with_an_answer_is_shown_with_words(run):
    assert run(SHOW + DISPLAY) == [
        "['text/html', 'text/plain'] An image that is 240 pixels wide "
        """['alt="An image that is 240 pixels wide" width="240" style="max-width:100%" src="data:']""",
        """['text/html', 'text/plain'] A dot ['alt="A dot" style="max-width:100%" src="data:']""",
    ]


def test_without_an_image_pillow_is_not_loaded(run):
    assert run(SHOW + "print([name for name in sys.modules if name.startswith('PIL')])")[-1] == "[]"
