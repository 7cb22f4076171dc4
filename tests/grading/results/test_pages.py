"""Tests for the pages: what they say, that nothing in them is alive, and that everybody can read them."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import msgspec
import pytest

from lab_harness.errors import CourseError
from lab_harness.grading.class_file import Lateness
from lab_harness.grading.grade import CellError, Grade, Status
from lab_harness.grading.results import output
from lab_harness.grading.results.class_view import lab_views, page_name, shared_keys
from lab_harness.grading.results.exports import GradedLab
from lab_harness.grading.results.pages import class_page, student_page
from lab_harness.grading.results.row import Row
from lab_harness.grading.roster import Person
from lab_harness.grading.students import Student
from lab_harness.handing_in.bundle import Attempts, CheckLog, Origin, QuestionLog, TaskLog
from lab_harness.handing_in.released import Released, releases_of
from lab_harness.handing_in.similarity import Pair
from lab_harness.lab.labs import load_lab
from tests.grading.handing_in import COURSE, graded

HOSTILE = "<script>alert('x')</script> & \"quoted\" \x00 {{ 7 * 7 }}"
HELLO = GradedLab("hello_lambda", "The simple Lambda function", 3)


def row(name, reason="", late=False, **outcomes):
    return Row(Student(name, name), graded(name, reason=reason, **outcomes), late)


ROWS = [
    row("ana", a="passed", b="passed", c="passed"),
    row("bo", a="passed", b="failed", c="blocked"),
    row("cy", a="failed", b="failed", c="blocked", late=True),
    row("di", a="passed", b="failed", c="blocked"),
    Row(Student("eve", "eve"), Grade("eve", "hello_lambda", Status.REJECTED, "it is empty")),
    Row(Student("flo", "flo"), Grade("flo", "", Status.REJECTED, "nothing was handed in")),
]
PAIRS = {"hello_lambda": [Pair("hello_lambda", ("bo", "di"), 0.93, 40, same_state=True)]}


def class_html(rows=ROWS, pairs=PAIRS):
    return class_page(lab_views(rows, [HELLO], pairs), rows, {"emulator": "ministack 1"})


def student_html(*rows):
    return student_page(rows, {"hello_lambda": Released(load_lab("hello_lambda", COURSE), COURSE)})


class Tables(HTMLParser):
    """The cells' text of each table."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.inside = [], False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.tables[-1][-1][-1] += data.strip()


def table(html, first):
    """The rows of the table whose first heading is this one's second."""
    return next(found for found in Tables(html).tables if found[0][:2] == first)


def in_bundle(name, key, **outcomes):
    log = Attempts(checks={"a": CheckLog(7)}, tasks={"role": TaskLog(2, True)}, quiz={"q": QuestionLog(1)})
    return replace(row(name, **outcomes), origin=Origin(HOSTILE, datetime(2026, 11, 20, tzinfo=UTC), key, log))


# What the class page says


def test_students_whose_bundles_carry_one_key_are_named_and_others_not():
    rows = [in_bundle("ana", "k1"), in_bundle("bo", "k2"), in_bundle("cy", "k1"), row("di")]
    assert shared_keys(rows) == [["ana", "cy"]]
    assert shared_keys([in_bundle("ana", "k1"), in_bundle("ana", "k1")]) == []  # two labs of one student's
    html = class_html(rows)
    assert re.findall(r">(\w+)</a>", html.partition("one installation")[2].partition("</ul>")[0]) == ["ana", "cy"]
    assert "one installation" not in class_html()


def test_note_to_work_that_was_graded_is_no_alarm():
    html = student_html(row("ana", late=True, a="passed"))
    assert '<p class="note">You handed this in late.</p>' in html
    assert 'class="notice"' not in html
    assert "Your work could not be graded: it is empty" in student_html(ROWS[4])


def test_changed_copy_is_linked_to_its_owner_on_the_class_page_and_shows_no_log_of_hers():
    hers = in_bundle("ana", "k1", a="passed")
    taken = msgspec.structs.replace(hers.origin, intact=False)
    his = Row(Student("bo", "bo"), Grade("bo", "hello_lambda", Status.REJECTED, "changed"), origin=taken)
    assert shared_keys([hers, his]) == [["ana", "bo"]]
    assert "tries" in student_html(hers)
    assert "tries" not in student_html(his)


def test_class_page_says_of_whom_the_median_is():
    assert "1 of 5 complete; median of the 4 that could be graded: 1 of 3 points." in class_html()


def test_attempt_log_is_told_as_what_the_student_says():
    html = student_html(in_bundle("ana", "k1", a="passed"))
    assert "7 tries, 2 hints, solutions shown: role; 0 of 1 answered questions right. Not part of the grade." in html
    assert "<script" not in html
    assert "lab submit" not in student_html(row("ana", a="passed"))


def test_heat_map_has_a_line_a_student_and_a_symbol_and_a_word_a_check():
    found = table(class_html(), ["student", "mark"])
    assert found == [
        ["student", "mark", "%", "work", "a", "b", "c"],
        ["ana", "3", "100", "", "✓passed", "✓passed", "✓passed"],
        ["bo", "1", "33", "", "✓passed", "✗failed", "·blocked"],
        ["cy", "0", "0", "", "✗failed", "✗failed", "·blocked"],
        ["di", "1", "33", "", "✓passed", "✗failed", "·blocked"],
        ["eve", "rejected", "", "", "□not graded", "□not graded", "□not graded"],
    ]
    assert 'title="The b is right: failed, found no b"' in class_html()


def test_class_is_stuck_where_most_failed_first():
    assert table(class_html(), ["check", "failed first here"])[1:] == [
        ["The b is right", "2", "3", "75 %"],
        ["The a is right", "1", "1", "25 %"],
    ]


def test_scores_are_counted_in_tenths():
    [view] = lab_views(ROWS, [HELLO], {})
    assert {share: count for share, count in view.distribution if count} == {"0–9 %": 1, "30–39 %": 2, "100 %": 1}
    assert (view.complete, view.median) == (1, 1)


def test_what_needs_a_look_what_was_slow_and_who_is_alike_are_listed():
    html = class_html()
    assert table(html, ["student", "lab"])[1:] == [
        ["cy", "hello_lambda", "graded", "late", ""],
        ["eve", "hello_lambda", "rejected", "it is empty", ""],
        ["flo", "", "rejected", "nothing was handed in", ""],
    ]
    assert [line[0] for line in table(html, ["student", "seconds"])[1:]] == ["ana", "bo", "cy", "di"]
    assert table(html, ["students", "code alike"])[1:] == [["boanddi", "93 %", "the same, and not right"]]


def test_class_page_names_students_as_the_list_does_and_shows_crashes_and_addresses():
    crashed = graded("ana", errors=(CellError("deploy", "KeyError: 'x'"),), a="passed", b="failed")
    ana = Row(Student("ana", "ana"), crashed, person=Person("ana", frozenset({"ana"}), "Ana <An>", "ana@school.test"))
    html = class_html([ana, ROWS[1]], {})
    assert table(html, ["student", "lab"])[1:] == [
        ["Ana <An>ana", "hello_lambda", "graded", "", "deploy: KeyError: 'x'", "ana@school.test"]
    ]
    assert "Ana &lt;An&gt;" in html
    assert "Feedback for Ana &lt;An&gt;" in student_html(ana)


def test_feedback_says_how_late_it_was_and_what_that_costs():
    late = replace(row("bo", a="passed", b="failed"), lateness=Lateness(2, 0.8))
    assert "You handed this in 2 days late, 20 % taken off: your mark is 0.8." in student_html(late)
    assert "You handed this in 1 day late." in student_html(replace(late, lateness=Lateness(1, 1.0)))


def test_class_in_which_nobody_could_be_graded_has_a_page():
    html = class_html(ROWS[4:], {})
    assert "0 of 1 complete" in html
    assert "Who passed what" not in html


# What a student's page says


def text_of(html):
    """What a page says, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main>")[2]).split())


def test_feedback_says_by_task_what_was_expected_found_and_next():
    html = student_html(row("bo", a="passed", b="failed"))
    assert "You have 1 of 2 points" in html
    assert "1. Create the execution role hello-world-role 1 of 2 points" in text_of(html)
    assert re.findall(r"<dt>(\w+)</dt><dd>([^<]+)</dd>", html) == [
        ("expected", "a b"),
        ("found", "no b"),
        ("next", "Section 1 shows it."),
    ]
    assert html.count("✓") == html.count("✗") == 1


def test_feedback_begins_with_the_error_that_came_first_and_shows_it_beside_its_task():
    errors = (
        CellError("role", "NameError: name 'x' is not defined", "line 1\nline 2"),
        CellError("deploy", "KeyError"),
    )
    html = student_html(Row(Student("bo", "bo"), graded("bo", errors=errors, a="failed", b="blocked")))
    first, _, rest = text_of(html).partition("What comes after may only follow from that.")
    assert "Look at this first: Create the execution role hello-world-role . Its cell ended with NameError" in first
    assert 'href="#lab-1-task-1"' in html and 'id="lab-1-task-1"' in html
    outside, _, task = rest.partition("1. Create the execution role")
    assert "Cells outside the tasks that ended in an error The cell deploy ended with KeyError" in outside
    assert "The cell role ended with NameError: name &#39;x&#39; is not defined line 1 line 2 ✗ failed" in task


def test_feedback_without_an_error_begins_with_the_first_check_that_failed():
    said = text_of(student_html(row("bo", a="passed", b="failed", c="failed")))
    assert "Look at this first: Create the execution role hello-world-role . Section 1 shows it." in said
    assert said.count("Look at this first") == 1
    assert "All is right. Well done." in text_of(student_html(row("ana", a="passed")))


def test_what_waits_for_something_else_is_one_line():
    html = student_html(row("bo", a="failed", b="blocked", c="blocked"))
    folded = re.search(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", html, re.DOTALL)
    assert text_of("<main>" + folded[1]) == "· blocked 2 more wait until what they need is right"
    assert text_of("<main>" + folded[2]) == "The b is right The c is right"
    assert html.count("· ") == 1 or html.count("blocked</span>") == 1


def test_feedback_says_which_file_was_looked_at_and_when():
    moment = datetime(2026, 11, 20, 12, 30).astimezone()
    html = student_html(replace(row("bo", a="passed"), file="bo/<i>.ipynb", graded=moment.timestamp()))
    assert f"What you handed in: bo/&lt;i&gt;.ipynb. Looked at on 20 November 2026, 12:30 {moment:%Z}." in html


@pytest.mark.parametrize(
    ("status", "reason", "says", "advice"),
    [
        ("limited", "20 s were over", "Your notebook was stopped: 20 s were over", "a loop that does not end"),
        ("broken", "a check crashed", "Your work is not graded yet: a check crashed", "not your fault"),
        (
            "rejected",
            "x.zip: manifest.json was changed after `lab submit` made the bundle",
            "",
            "Run `lab submit` again",
        ),
        ("rejected", "two claims on one name: …", "", "ask your teacher"),
        ("rejected", "nothing was handed in", "", "Hand in your notebook"),
        ("rejected", "a.ipynb: wrong lab: it opens 'x'", "", "the notebook of the lab that you were asked for"),
        (
            "rejected",
            "a.ipynb: it is empty",
            "could not be graded: a.ipynb: it is empty",
            "Open the notebook in JupyterLab",
        ),
    ],
)
def test_who_is_limited_or_rejected_is_told_what_to_do(status, reason, says, advice):
    html = text_of(student_html(Row(Student("bo", "bo"), Grade("bo", "hello_lambda", Status(status), reason))))
    assert says in html
    assert advice in html.partition("What to do: ")[2]


def test_feedback_on_a_file_of_no_lab_says_so():
    assert "Not a notebook of the course" in student_html(ROWS[5])


# Safe, alone, and for everybody


def test_everything_is_escaped_and_nothing_runs():
    error = CellError(HOSTILE, HOSTILE, HOSTILE)
    hostile = graded(HOSTILE, reason=HOSTILE, errors=(error,), a="failed")
    for check in hostile.report["checks"]:
        check.update(dict.fromkeys(("name", "title", "found", "expected", "next_step"), HOSTILE))
    rows = [Row(Student(HOSTILE, HOSTILE), hostile, note=HOSTILE), *ROWS]
    pair = Pair("hello_lambda", (HOSTILE, "bo"), 1.0, 20)
    for html in (class_html(rows, {"hello_lambda": [pair]}), student_html(rows[0])):
        assert "<script" not in html
        assert "\x00" not in html
        assert "{{ 7 * 7 }}" in html
        assert html.count("&lt;script&gt;alert(&#39;x&#39;)") >= 3


def test_pages_fetch_nothing_and_forbid_scripts():
    for html in (class_html(), student_html(ROWS[1])):
        assert not re.search(r"https?://|src=|@import|url\(", html)
        assert "default-src 'none'" in html


def test_each_student_has_a_page_of_a_harmless_name():
    names = ["ana", "Ana", "a/../../b", "a_b", "a b", "con", "x" * 300, "", "ö", "<b>", "..", "José", "JOSE\u0301"]
    pages = [page_name(name) for name in names]
    assert len({page.casefold() for page in pages}) == len(names)
    assert all(re.fullmatch(r"[\w-]{1,80}\.html", page) and page != "con.html" for page in pages)
    assert page_name("ana") == "ana.html"


def test_page_of_a_long_name_fits_a_folder_and_no_name_is_another_students_page():
    assert len(page_name("😀" * 60).encode()) <= 255
    taken = page_name("Ana")
    assert page_name(taken.removesuffix(".html")) != taken
    assert re.fullmatch(r"Ana-[0-9a-f]{32}\.html", taken)


def test_two_students_who_would_share_a_page_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(output, "page_name", lambda student: "one.html")
    with pytest.raises(CourseError, match=r"ana and bo would share the page one\.html"):
        output.write_results(tmp_path, ROWS, releases_of(COURSE), {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(page, tmp_path, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme)
    error = CellError("role", "NameError: x", "line 1")
    bo = Row(
        Student("bo", "bo"),
        graded("bo", errors=(error,), a="passed", b="failed", c="blocked", d="unsupported", e="broken"),
    )
    for html in (class_html([*ROWS, bo]), student_html(bo)):
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        page.goto((tmp_path / "page.html").as_uri())
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
