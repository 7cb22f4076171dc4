"""Tests for the display of the doctor's findings: text, HTML and JSON."""

from xml.etree import ElementTree

from lab_harness.learner.doctor import Finding
from lab_harness.render.findings import SYMBOLS, Findings
from lab_harness.render.markup import bundle

HOSTILE = "<script>alert(1)</script> <class 'str'> & \"quoted\" [bold]text[/bold]"
READY = Finding("Python", "ok", "3.12.1")
NOTED = Finding("AWS CLI", "note", "not installed", "Install it.")
WRONG = Finding(
    "Disk", "problem", "only 50 MB free, of which there were far more when the day began, and " + "a" * 70, "Make room."
)

TEXT = f"""\
There is 1 problem.
  i note    AWS CLI not installed
                    → Install it.
  ✗ problem Disk    only 50 MB free, of which there were far more when the day began, and
                    {"a" * 70}
                    → Make room."""


def html(found):
    return ElementTree.fromstring(found.html())


def test_text_is_exactly_this():
    assert str(Findings((READY, NOTED, WRONG))) == TEXT


def test_summary_counts_the_problems():
    assert Findings((READY, NOTED)).summary() == "Your machine is ready."
    assert Findings((WRONG, WRONG)).summary() == "There are 2 problems."
    assert (Findings((READY, NOTED)).problems, Findings((WRONG, READY, WRONG)).problems) == (0, 2)


def test_html_says_what_the_text_says():
    found = html(Findings((NOTED, WRONG)))
    for word in " ".join(found.itertext()).split():
        assert word in TEXT


def test_where_all_is_well_one_line_says_so_and_the_rest_is_folded():
    assert str(Findings((READY, READY))) == "Your machine is ready."
    found = html(Findings((READY, READY)))
    assert [each.tag for each in found] == ["strong", "details"]
    assert found.find("details/summary").text == "2 looks found all well"


def test_html_heads_each_row_for_screen_readers():
    heads = [(head.get("scope"), head.text) for head in html(Findings((READY, NOTED, WRONG))).iter("th")]
    assert heads == [("row", "AWS CLI"), ("row", "Disk"), ("row", "Python")]


def test_states_are_told_by_symbol_and_word():
    assert len(set(SYMBOLS.values())) == len(SYMBOLS) == 3
    badges = [span.text for span in html(Findings((READY, NOTED, WRONG))).iter("span")]
    assert badges == ["i note", "✗ problem", "✓ ok"]


def test_every_text_is_shown_as_it_is_and_escaped_in_html():
    found = Findings((Finding(HOSTILE, "note", HOSTILE, HOSTILE),))
    assert list(html(found).itertext()).count(HOSTILE) == 2
    assert "".join(html(found).itertext()).count(HOSTILE) == 3
    assert "<script" not in found.html()
    assert str(found).count("[bold]text[/bold]") == 3


def test_json_has_the_published_keys():
    assert Findings((NOTED,)).to_dict() == {
        "format_version": 1,
        "findings": [{"title": "AWS CLI", "state": "note", "found": "not installed", "fix": "Install it."}],
    }


def test_findings_display_as_text_and_html():
    found = Findings((READY,))
    assert found._repr_mimebundle_(include=None) == bundle(str(found), found.html())
