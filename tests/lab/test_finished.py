"""Tests for what a finished lab shows, recorded to be seen at its beginning."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lab_harness.errors import LabError
from lab_harness.lab.finished import FILE, TAG, Shown, record, recorded, shown_by


def executed(*outputs, tags=(TAG,)):
    return new_code_cell("show()", outputs=list(outputs), metadata={"tags": list(tags)})


def test_what_the_tagged_cells_show_is_recorded_in_their_order_and_read_again(tmp_path):
    html = {"text/plain": "a picture", "text/html": '<svg id="lab-0123abcd-2-title"></svg>'}
    cells = [
        executed(new_output("stream", text="sent\n")),
        executed(new_output("display_data", {"text/plain": "left out"}), tags=("other",)),
        executed(
            new_output("display_data", html), new_output("display_data", {"text/plain": "plot", "image/png": "iVBO\n"})
        ),
    ]
    shown = shown_by(new_notebook(cells=cells))
    # Renamed: a learner's own picture of the same may stand on the page, and no two elements share an id.
    picture = Shown("a picture", html='<svg id="lab-0123abcd-recorded-title"></svg>')
    assert shown == [Shown("sent\n"), picture, Shown("plot", png="iVBO")]
    record(tmp_path, shown)
    assert recorded(tmp_path) == shown


def test_of_a_lab_that_shows_nothing_there_is_no_record(tmp_path):
    record(tmp_path, [Shown("once")])
    record(tmp_path, [])
    assert not (tmp_path / FILE).exists()
    assert recorded(tmp_path) == []


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / FILE).write_text('[{"text": 1}]', encoding="utf-8")
    with pytest.raises(LabError, match=r"finished\.json is damaged.*Take it anew"):
        recorded(tmp_path)
