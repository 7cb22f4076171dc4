"""Tests for notes and tables, as text and as HTML."""

from xml.etree import ElementTree

import pytest

from lab_harness.render.blocks import FAILED, FREE, SHORT, TOGETHER, Folded, Link, Note, Recorded, Table
from lab_harness.render.markup import bundle

HOSTILE = "<script>alert(1)</script> <class 'str'> & [bold]text[/bold] :smile:"


def words(block):
    return list(ElementTree.fromstring(block.html()).itertext())


def test_note_is_a_heading_with_sentences_below_it():
    note = Note("Hint 1 of 2", ("A queue has a name.", "Call hint again."))
    assert str(note) == "Hint 1 of 2\n  A queue has a name.\n  Call hint again."
    assert words(note) == ["Hint 1 of 2", "A queue has a name.", "Call hint again."]


def test_what_is_folded_stays_to_be_opened():
    block = Folded("{'a': 1}", "The rest", HOSTILE)
    assert str(block) == "{'a': 1}\n(The rest is left out.)"
    assert list(ElementTree.fromstring(f"<div>{block.html()}</div>").itertext()) == ["{'a': 1}", "The rest", HOSTILE]
    assert str(Folded("", "The rest", "r")) == "(The rest is left out.)"


def test_what_was_recorded_is_shown_in_html_as_a_picture_or_as_it_was_printed():
    block = Recorded("At the end", (("a table\n", "<b>a table</b>", ""), ("a plot", "", "iVBO"), (HOSTILE, "", "")))
    assert str(block) == f"At the end\n\na table\n\na plot\n\n{HOSTILE}"
    assert words(Recorded(HOSTILE, ((HOSTILE, "", ""),))) == [HOSTILE, HOSTILE]
    assert '<b>a table</b><img alt="a plot" style="max-width:100%" src="data:image/png;base64,iVBO">' in block.html()


def test_note_keeps_the_lines_of_its_code():
    code = 'def handler(event, context):\n    return {"a": 1}\n\nprint("[red]")'
    lines = str(Note("Solution", code=code)).splitlines()
    assert lines == [
        "Solution",
        "",
        "    def handler(event, context):",
        '        return {"a": 1}',
        "",
        '    print("[red]")',
    ]
    assert "".join(ElementTree.fromstring(Note("Solution", code=code).html()).find("pre").itertext()) == code


def test_note_wraps_long_sentences_at_the_fixed_width():
    lines = str(Note("Hint", ("word " * 60,))).splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 100
    assert all(line.startswith("  word") for line in lines[1:])


def test_table_lines_up_its_columns():
    table = Table("Tasks", ("task", "so far"), [("queue", "✓ done"), ("a longer one", "0 of 1 checks")])
    assert str(table) == (
        "Tasks\n"
        "  task          so far\n"
        "  queue         ✓ done\n"
        "  a longer one  0 of 1 checks"
    )  # fmt: skip
    assert words(table) == ["Tasks", "task", "so far", "queue", "✓ done", "a longer one", "0 of 1 checks"]


def test_table_heads_its_columns_for_screen_readers():
    root = ElementTree.fromstring(Table("Tasks", ("task",), [("queue",)]).html())
    assert [element.get("scope") for element in root.iter("th")] == ["col"]


def test_table_is_named_by_its_caption():
    root = ElementTree.fromstring(Table("Tasks", ("task",), [("queue",)]).html())
    assert root.find("table/caption").text == "Tasks"


def test_wide_table_scrolls_in_a_frame_of_its_own_and_a_narrow_one_has_none():
    wide = ElementTree.fromstring(Table("Calls", ("a", "b", "c", "d"), [("1", "2", "3", "4")]).html())
    assert wide.find("div[@role='region']").get("aria-label") == "Calls"
    assert wide.find("div[@role='region']/table") is not None
    narrow = ElementTree.fromstring(Table("Calls", ("a", "b", "c"), [("1", "2", "3")]).html())
    assert narrow.find("*[@role]") is None


def test_long_cells_wrap_and_short_ones_stay_together():
    row = ("x" * SHORT, "x" * (SHORT + 1), "a\nb")
    root = ElementTree.fromstring(Table("Log", ("a", "b", "c"), [row]).html())
    assert [cell.get("style").endswith(FREE) for cell in root.iter("td")] == [False, True, True]
    assert [cell.get("style").endswith(TOGETHER) for cell in root.iter("td")] == [True, False, False]


def test_filterable_table_is_marked_with_its_title():
    found = [Table("Log", ("line",), [("a",)], filterable=flag).html() for flag in (True, False)]
    marks = [ElementTree.fromstring(html).find("table").get("data-filterable") for html in found]
    assert marks == ["Log", None]


def test_rows_that_say_of_a_failure_are_tinted():
    root = ElementTree.fromstring(Table("Calls", ("status",), [("200",), ("400",)], failed=frozenset({1})).html())
    assert [row.get("style") for row in root.iter("tr")] == [None, None, FAILED]


def test_note_stands_below_a_table():
    table = Table("Tasks", ("task",), [("queue",)], note="and 3 more")
    assert str(table) == "Tasks\n  task\n  queue\n  and 3 more"
    assert words(table)[-1] == "and 3 more"


def test_cell_that_is_a_link_is_one_in_html_and_its_address_in_words():
    address = "http://localhost:4566/a?b=1&c='\""
    table = Table("APIs", ("address",), [(Link(address),), ("http://localhost:4566/no-link",)])
    links = list(ElementTree.fromstring(table.html()).iter("a"))
    assert [(link.text, link.get("href"), link.get("rel")) for link in links] == [
        (address, address, "noopener noreferrer")
    ]
    assert address in str(table)


def test_table_without_rows_says_so():
    assert str(Table("Inbox", ("to",), [], "No mail yet.")) == "Inbox\n  No mail yet."
    assert words(Table("Inbox", ("to",), [])) == ["Inbox", "Nothing yet."]


@pytest.mark.parametrize(
    "block",
    [
        Note(HOSTILE, (HOSTILE,)),
        Table(HOSTILE, (HOSTILE,), [(HOSTILE,)]),
        Table(HOSTILE, (HOSTILE,), [], HOSTILE),
        Table(HOSTILE, (HOSTILE,), [(HOSTILE,)], note=HOSTILE, filterable=True, failed=frozenset({0})),
        Table(HOSTILE, (HOSTILE,), [(Link(HOSTILE),)]),
    ],
)
def test_every_text_is_shown_as_it_is_and_escaped_in_html(block):
    assert "<script" not in block.html()
    assert "<class" not in block.html()
    assert set(words(block)) == {HOSTILE}
    assert str(block).count("[bold]text[/bold] :smile:") == len(words(block))


def test_blocks_display_as_text_and_html():
    for block in (Note("Title"), Table("Title", ("a",), [("b",)])):
        assert block._repr_mimebundle_(include=None) == bundle(str(block), block.html())
