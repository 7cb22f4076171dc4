"""What a learner has in hand while fragments change: the view's script in Chromium, with a stand-in for its kernel."""

import re

import pytest

from lab_harness.lab.quiz import Single
from lab_harness.notebook.panel.live import render
from lab_harness.notebook.panel.quiz import QuestionView
from lab_harness.render.blocks import Table
from tests.live_views import show_view

expect = pytest.importorskip("playwright.sync_api").expect

COLUMNS = ("time", "caller", "service", "operation")
# A page that may run no more than anywidget itself needs.
POLICY = {"Content-Security-Policy": "default-src 'none'; script-src blob:; style-src 'unsafe-inline'"}


@pytest.fixture
def show(page, outputs):
    """Shows fragments for the first time, and from then on in place of those before."""
    page.route("http://notebook.test/", lambda route: route.fulfill(body="", content_type="text/html", headers=POLICY))
    page.goto("http://notebook.test/")
    shown = []

    def show(**fragments):
        if shown:
            page.evaluate("window.change", fragments)
        else:
            show_view(page, fragments)
        shown.append(fragments)

    return show


def same(locator):
    """A function that tells whether the locator still finds the element that it finds now."""
    element = locator.element_handle()
    return lambda: locator.evaluate("(now, before) => now === before", element)


def task(state, *buttons):
    """A fragment with a paragraph, and buttons that the learner may press."""
    controls = "".join(f'<button data-do="{name.lower()}" data-task="queue">{name}</button>' for name in buttons)
    return f"<section><p>{state}</p><div>{controls}</div></section>"


def calls(*operations):
    """The table of AWS calls, newest first."""
    rows = [("12:00", "learner", "sqs", operation) for operation in operations]
    return Table("AWS calls", COLUMNS, rows, filterable=True).html()


def question(given=(), right=None):
    """A question of which one answer is right."""
    asked = Single(id="life", text="How long?", right=("a week",), wrong=("a day", "a month"), explanation="So it is.")
    return str(render("quiz_question.html", view=QuestionView(1, asked, given, right), live=True))


def test_focus_stays_on_a_button_while_its_fragment_changes(show, page):
    show(task=task("to do", "Check", "Hint"))
    button = page.get_by_role("button", name="Hint")
    button.focus()
    stays = same(button)
    show(task=task("checking…", "Check", "Solution", "Hint") + "<p>And more.</p>")
    expect(page.get_by_text("And more.")).to_be_visible()
    expect(button).to_be_focused()
    assert stays()
    assert page.evaluate("window.blurred") == 0, "a screen reader would read the button aloud again"


def test_focus_of_a_button_that_has_gone_is_on_the_main_control_of_its_fragment(show, page):
    show(task=task("to do", "Hint"), other=task("other", "Other"))
    page.get_by_role("button", name="Hint").focus()
    show(task=task("to do") + "<button data-do=check data-focus>Check</button>", other=task("other", "Other"))
    expect(page.get_by_role("button", name="Check")).to_be_focused()


def test_text_that_is_typed_into_a_filter_stays_and_goes_on_to_filter(show, page):
    show(console=calls("CreateQueue", "DeleteQueue"))
    field = page.get_by_role("searchbox")
    field.fill("Delete")
    field.press("ArrowLeft")
    show(console=calls("DeleteTable", "CreateTable", "CreateQueue", "DeleteQueue"))
    expect(field).to_have_value("Delete")
    expect(field).to_be_focused()
    assert field.evaluate("each => each.selectionStart") == len("Delet")
    assert page.locator("tbody tr:visible td:last-child").all_inner_texts() == ["DeleteTable", "DeleteQueue"]


def test_what_is_open_stays_open_and_what_is_closed_stays_closed(show, page):
    details = "<details data-key={0}><summary>{0}</summary>{1}</details>"
    show(task=details.format("one", 1) + details.format("two", 2))
    page.get_by_text("one").click()
    show(task="<p>A problem</p>" + details.format("zero", 0) + details.format("two", 22) + details.format("one", 11))
    assert [each.evaluate("each => each.open") for each in page.locator("details").all()] == [False, False, True]
    expect(page.get_by_text("11")).to_be_visible()


def test_frame_stays_scrolled_while_its_table_grows(show, page):
    small = "overflow:auto;width:150px;height:60px"
    show(console=calls("CreateQueue", "DeleteQueue").replace("overflow-x:auto", small))
    frame = page.get_by_role("region", name="AWS calls")
    frame.evaluate("each => each.scrollTo(30, 10)")
    grown = calls("CreateQueue", "DeleteQueue", "ListQueues").replace("overflow-x:auto", small)
    show(console=f"<p>A note above.</p>{grown}")
    expect(page.get_by_text("A note above.")).to_be_attached()
    assert frame.evaluate("each => [each.scrollLeft, each.scrollTop]") == [30, 10]


def test_chosen_answer_stays_while_its_question_changes(show, page):
    show(question=question())
    chosen = page.get_by_role("radio", name="a month")
    chosen.check()
    show(question=question() + "<p>You have answered this right before.</p>")
    expect(page.get_by_text("right before")).to_be_visible()
    expect(chosen).to_be_checked()


def test_answer_that_was_given_elsewhere_is_shown_in_place_of_the_chosen_one(show, page):
    show(question=question())
    page.get_by_role("radio", name="a month").check()
    show(question=question(given=("a day",), right=False))
    expect(page.get_by_text("Not right.")).to_be_visible()
    expect(page.get_by_role("radio", name="a day")).to_be_checked()


def test_box_that_the_learner_has_just_cleared_stays_so_while_the_kernel_does_not_know_it(show, page):
    ticked = '<label><input type="checkbox" data-do="automatic" checked>By itself</label>'
    show(bar=ticked)
    box = page.get_by_role("checkbox")
    box.uncheck()
    show(bar=f"<p>Something else.</p>{ticked}")
    expect(page.get_by_text("Something else.")).to_be_visible()
    expect(box).not_to_be_checked()
    show(bar=ticked.replace(" checked", ""))
    show(bar=ticked)
    expect(box).to_be_checked()


def test_fragments_in_another_order_keep_what_the_learner_has_in_hand(show, page):
    field = '<label>Name <input data-key="name"></label>'
    show(one=field, two=task("two", "Two"), three=task("three", "Three"))
    typed = page.get_by_role("textbox", name="Name")
    typed.fill("Ana")
    button = page.get_by_role("button", name="Three")
    button.focus()
    stays = same(button)
    show(three=task("now first", "Three"), two=task("two", "Two"), one=f"<p>last</p>{field}")
    order = page.locator("[data-fragment]").evaluate_all("all => all.map(each => each.dataset.fragment)")
    assert order == ["three", "two", "one"]
    expect(button).to_be_focused()
    expect(typed).to_have_value("Ana")
    assert stays()


def test_controls_in_another_order_stay_themselves(show, page):
    show(task=task("to do", "Check", "Hint", "Solution"))
    solution = page.get_by_role("button", name="Solution")
    solution.focus()
    stays = same(solution)
    show(task=task("to do", "Solution", "Check", "Hint"))
    assert page.get_by_role("button").all_inner_texts() == ["Solution", "Check", "Hint"]
    expect(solution).to_be_focused()
    assert stays()


def test_fragments_come_and_go(show, page):
    show(one="<p>1</p>", two="<p>2</p>")
    show(two="<p>2</p>", three="<p>3</p>")
    assert page.locator("[data-fragment]").all_inner_texts() == ["2", "3"]


def test_text_that_is_selected_in_a_row_stays_selected_when_rows_come_above_it(show, page):
    show(console=calls("CreateQueue"))
    page.get_by_role("cell", name="CreateQueue").select_text()
    show(console=calls("DeleteQueue", "CreateQueue"))
    expect(page.get_by_role("cell", name="DeleteQueue")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "CreateQueue"


def test_fragment_that_has_not_changed_is_not_touched(show, page):
    show(one="<p>1</p>", two=task("two", "Two"))
    page.evaluate("""() => {
      window.changes = 0;
      const watch = new MutationObserver((records) => { window.changes += records.length; });
      const fragment = document.querySelector("[data-fragment=two]");
      watch.observe(fragment, { subtree: true, childList: true, attributes: true });
    }""")
    show(one="<p>other</p>", two=task("two", "Two"))
    expect(page.get_by_text("other")).to_be_visible()
    assert page.evaluate("window.changes") == 0


def test_question_before_a_deed_is_answered_once(show, page):
    reset = '<button data-do="reset" data-ask="Remove all?" data-yes="Yes, remove it">Reset</button>'
    show(bar=reset)
    page.get_by_role("button", name="Reset").click()
    show(bar=f"<p>changed</p>{reset}")
    expect(page.get_by_role("button", name="Yes, remove it")).to_be_focused()
    page.get_by_role("button", name="No").click()
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Yes, remove it").click()
    expect(page.get_by_role("group")).to_have_count(0)
    expect(page.get_by_role("button", name="Reset")).to_be_focused()
    told = {(message["ask"], message["do"]) for message in page.evaluate("window.sent")}  # again and again, until heard
    assert sorted(do for _, do in told) == ["alive", "reset"]


def test_code_of_a_solution_is_copied_without_its_colours(show, page):
    clipboard = "{ writeText: async text => { window.copied = text; } }"
    page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{ value: {clipboard} }})")
    show(task="<div><button data-copy>Copy</button><pre><span>import</span> json\nx = 1</pre></div>")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("window.copied") == "import json\nx = 1"


# What Python has not heard yet.

PRESS = """control => {
  const before = performance.now();
  control.click();
  const ring = getComputedStyle(control, "::after");
  return { busy: control.getAttribute("aria-busy"), ring: ring.animationName, width: parseFloat(ring.width),
           took: performance.now() - before };
}"""


def asks(page):
    """What was asked for, by the numbers of the asks, without a view's sign of life."""
    return page.evaluate("[...new Set(window.sent.filter(each => each.do !== 'alive').map(each => each.ask))]")


def test_click_is_acknowledged_at_once_and_until_python_has_heard_it(show, page):
    show(task=task("to do", "Check", "Hint"), other="<p>1</p>")
    check, hint = page.get_by_role("button", name="Check"), page.get_by_role("button", name="Hint")
    pressed = check.evaluate(PRESS)
    assert (pressed["busy"], pressed["ring"]) == ("true", "lab-turn")
    assert pressed["width"] > 5
    assert pressed["took"] < 100
    show(task=task("done", "Check", "Hint"), other="<p>2</p>")  # of which something else was the cause
    expect(page.get_by_text("done")).to_be_visible()
    expect(check).to_have_attribute("aria-busy", "true")
    expect(page.locator(".lab-live")).to_have_class(re.compile(r"\blab-waiting\b"))  # the kernel is said to be busy
    hint.click()
    for ask, control in zip(asks(page), (check, hint), strict=True):
        expect(page.locator(".lab-waiting")).to_have_count(1)
        page.evaluate("ask => window.hear({ heard: ask })", ask)
        expect(control).not_to_have_attribute("aria-busy", "true")
    expect(page.locator(".lab-waiting")).to_have_count(0)


@pytest.fixture
def clock(page):
    """The page's clock, which the test turns."""
    page.clock.install()
    return page.clock


def test_what_is_asked_for_is_told_until_python_has_heard_it(clock, show, page):
    """What is sent before JupyterLab has a way around running cells waits for their end; that may take a minute."""
    show(task=task("to do", "Check"))
    told = "what => window.sent.filter(each => each.do === what).length"
    page.get_by_role("button", name="Check").click()
    for what, ask in (("check", asks(page)[0]), ("alive", page.evaluate("window.sent[0].ask"))):
        clock.run_for(60_000)
        before = page.evaluate(told, what)
        clock.run_for(6_000)
        assert page.evaluate(told, what) > before
        page.evaluate("ask => window.hear({ heard: ask })", ask)
        before = page.evaluate(told, what)
        clock.run_for(15_000)
        assert page.evaluate(told, what) <= before + 1  # a sign of life comes every 20 seconds anyway
    assert len(asks(page)) == 1  # Python does it once


def test_what_was_asked_of_a_kernel_that_has_ended_is_told_nobody_any_more(clock, show, page):
    show(task=task("to do", "Check"))
    page.get_by_role("button", name="Check").click()
    page.evaluate("window.die()")
    before = page.evaluate("window.sent.length")
    clock.run_for(15_000)
    assert page.evaluate("window.sent.length") == before
