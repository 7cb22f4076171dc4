"""Tests for the panel's page: what it says in each state, with controls and without, and that no text breaks it."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from markupsafe import Markup

from lab_harness.errors import EmulatorNotReady
from lab_harness.lab.labs import load_lab
from lab_harness.learner.progress import LabProgress
from lab_harness.notebook import console
from lab_harness.notebook.console import Tab
from lab_harness.notebook.panel.page import PanelState, explained, fragments, look
from lab_harness.notebook.panel.tasks import Outcomes
from lab_harness.render.blocks import Note, Table
from lab_harness.results import CheckResult, Outcome
from tests.pages import HOSTILE, assert_harmless, controls, read_page, words
from tests.per_lab import LABS

ENDPOINT = "http://127.0.0.1:4566"
HELPED = LabProgress(hints={"queue": 2}, solutions=frozenset({"queue"}))


@pytest.fixture
def state(sample_course):
    """The sample lab's panel before anything is known."""
    sample_course("queue")
    return panel_of("queue")


def panel_of(lab_id):
    lab = load_lab(lab_id)
    return PanelState(Outcomes(lab), console.tabs(lab))


def show(state, live=True, progress=None, notices=(), emulator="embedded"):
    """The fragments."""
    where = SimpleNamespace(name=emulator, endpoint=ENDPOINT)
    return fragments(state, where, progress or LabProgress(), notices, live)


def whole(state, **how):
    """The page as one."""
    return "\n".join(show(state, **how).values())


def find(state, outcome, *names, text="none"):
    """Let checks, or all of them, have an outcome."""
    for check in state.lab.all_checks:
        if check.name in names or not names:
            found = CheckResult(check.name, check.title, check.task, Outcome(outcome), check.points, text, text, text)
            state.outcomes.results[check.name] = found


def said(html):
    """What is said to those who hear the page."""
    return [words(each) for each in read_page(html).iter() if each.get("role") in ("status", "alert")]


def button(html, **data):
    """The one control with these data attributes; None where it is not there."""
    wanted = {f"data-{name}": value for name, value in data.items()}
    found = [each for each in controls(html) if wanted.items() <= each.attrib.items()]
    assert len(found) < 2
    return found[0] if found else None


# What it says.


def test_parts_have_names_in_the_order_in_which_they_stand(state):
    assert list(show(state)) == ["head", "bar", "picture", "task queue", "task message", "console", "said"]
    assert all(isinstance(html, str) and not isinstance(html, Markup) for html in show(state).values())


def test_head_says_what_the_lab_is_and_where_the_account_is(state):
    head = show(state)["head"]
    assert "A queue about 5 minutes Send a message to a queue." in words(head)
    assert f"Your AWS account is the embedded emulator on this machine, at {ENDPOINT}: no bill" in words(head)
    assert button(head, do="stop").get("data-ask") == "Stop the emulator? What you built is saved."
    assert button(head, do="start") is None


def test_head_says_that_the_emulator_does_not_run_and_offers_to_start_it(state):
    state.answers = False
    head = show(state)["head"]
    assert "The embedded emulator does not run. What you built is saved." in words(head)
    assert (words(button(head, do="start")), button(head, do="stop")) == ("Start the emulator", None)


@pytest.mark.parametrize("answers", [True, False])
def test_localstack_is_not_the_panels_to_start_or_stop(state, answers):
    state.answers = answers
    head = show(state, emulator="localstack")["head"]
    assert "localstack emulator" in words(head)
    assert controls(head) == []


def test_notices_and_trouble_are_heard(state):
    state.trouble = "There is no way."
    html = show(state, notices=["Your progress could not be saved."])["head"]
    assert said(html) == ["Your progress could not be saved.", "There is no way."]


def test_bar_counts_points_and_says_when_all_is_done(state):
    assert "0 of 3 points" in words(show(state)["bar"])
    find(state, "passed", "queue_exists")
    assert "2 of 3 points" in words(show(state)["bar"])
    assert "all done" not in words(show(state)["bar"])
    find(state, "passed")
    assert "3 of 3 points · ✓ all done" in words(show(state)["bar"])


def test_a_lab_that_is_done_leads_to_the_next_one_and_the_last_one_says_so(state, sample_course):
    assert "Next lab" not in words(show(state)["bar"])
    find(state, "passed")
    assert "This was the last lab" in words(show(state)["bar"])
    sample_course("queue", "apart")
    state.following = load_lab("apart")
    assert "Next lab: 3 · A queue, and no more queue" in words(show(state)["bar"])
    (link,) = (each for each in read_page(show(state)["bar"]).iter("a"))
    assert (link.get("href"), link.get("target")) == ("03_apart.ipynb", "_blank")


def test_lab_that_the_emulator_cannot_do_at_all_is_not_done(state):
    find(state, "unsupported")
    assert "0 of 0 points" in words(show(state)["bar"])
    assert "all done" not in words(show(state)["bar"])


def test_what_has_just_happened_is_a_part_that_holds_nothing_but_text(state):
    state.said = "Task 1 <i>is</i> done."
    assert show(state)["said"] == "Task 1 &lt;i&gt;is&lt;/i&gt; done."


def test_what_is_said_can_be_sent_whatever_it_holds(state):
    state.said = "a \ud800 b"
    assert show(state)["said"] == "a � b"


def test_checking_all_is_possible_when_nothing_is_being_checked(state):
    assert words(button(show(state)["bar"], do="check")) == "Check all"
    assert "aria-disabled" not in button(show(state)["bar"], do="check").attrib
    state.outcomes.awaited = {"message"}
    assert words(button(show(state)["bar"], do="check")) == "Checking…"
    assert button(show(state)["bar"], do="check").get("aria-disabled") == "true"
    assert button(show(state)["task message"], do="check").get("aria-disabled") == "true"
    assert "aria-disabled" not in button(show(state)["task queue"], do="check").attrib


@pytest.mark.parametrize("automatic", [True, False])
def test_bar_shows_whether_it_checks_by_itself(state, automatic):
    state.automatic = automatic
    assert ("checked" in button(show(state)["bar"], do="automatic").attrib) is automatic


def test_lab_with_a_picture_shows_it_as_the_checks_found_it(sample_course):
    sample_course("apart")
    state = panel_of("apart")
    assert "· not looked at yet" in words(show(state)["picture"])
    find(state, "passed", "queue_exists")
    assert "✓ right" in words(show(state)["picture"])


def test_lab_without_a_picture_has_an_empty_place_for_it(state):
    assert show(state)["picture"].strip() == ""


def test_task_shows_its_state_its_points_and_its_checks(state):
    find(state, "passed", "queue_exists")
    task = words(show(state)["task queue"])
    assert task.startswith("1. Create the queue sample-queue ✓ done 2 of 2")
    assert "1 of 1 checks pass" in task
    assert "✓ passed The queue sample-queue exists" in task
    assert "· not looked at yet 0 of 1" in words(show(state)["task message"])
    assert "· not looked at yet A message is in the queue" in words(show(state)["task message"])


@pytest.mark.parametrize(("there", "told"), [(True, "✗ not right yet"), (False, "○ to do")])
def test_task_that_is_not_right_says_what_was_expected_and_found_and_what_to_do(state, there, told):
    state.outcomes.results["queue_exists"] = CheckResult(
        "queue_exists", "The queue sample-queue exists", "queue", Outcome.FAILED, 2,
        expected="queues: sample-queue", found="no queues", next_step="Section 1 shows create_queue.", there=there,
    )  # fmt: skip
    assert ("no queues" in words(show(state)["task queue"])) is there
    state.outcomes.asked.add("queue")
    task = words(show(state)["task queue"])
    assert told in task
    assert "expected queues: sample-queue found no queues next Section 1 shows create_queue." in task


def test_hints_are_offered_until_all_are_taken(state):
    def task(hints):
        return show(state, progress=LabProgress(hints={"queue": hints}))["task queue"]

    assert words(button(task(0), do="hint", task="queue")) == "Hint 1 of 3"
    assert "Hint 1 of 3. A queue needs no more than a name." not in words(task(0))
    assert words(button(task(2), do="hint", task="queue")) == "Hint 3 of 3"
    assert "Hint 1 of 3. A queue needs no more than a name. Hint 2 of 3. create_queue takes it" in words(task(2))
    assert button(task(3), do="hint") is None


def test_solution_is_asked_about_before_it_is_shown_first_and_can_be_hidden(state):
    first = button(show(state)["task queue"], do="solution")
    assert first.get("data-ask") == "Show the answer? Your progress notes it."
    again = button(show(state, progress=HELPED)["task queue"], do="solution")
    assert (words(again), again.get("data-ask")) == ("Solution", None)
    state.solutions["queue"] = "sqs.create_queue()"
    task = show(state, progress=HELPED)["task queue"]
    assert "sqs.create_queue()" in words(task)
    assert words(button(task, do="solution")) == "Hide the solution"


def test_what_was_done_before_is_said(state):
    before = LabProgress(passed={"queue_exists": 1.0})
    find(state, "failed", "queue_exists")
    assert "You have done this before; it is not so in the account now." in words(
        show(state, progress=before)["task queue"]
    )
    find(state, "passed", "queue_exists")
    assert "done this before" not in words(show(state, progress=before)["task queue"])


def test_task_that_stands_apart_says_so(sample_course):
    sample_course("apart")
    assert "This task undoes the lab, so it counts apart." in words(show(panel_of("apart"))["task clean_up"])


# The console.


def test_console_has_the_labs_tabs_and_shows_none_at_first(state):
    html = show(state)["console"]
    tabs = [each for each in controls(html) if each.get("role") == "tab"]
    assert [each.get("data-tab") for each in tabs] == [tab.id for tab in state.tabs]
    assert {each.get("aria-selected") for each in tabs} == {"false"}
    assert [each.get("tabindex") for each in tabs] == ["0", *["-1"] * (len(tabs) - 1)]  # one stop for the Tab key
    assert not [each for each in read_page(html).iter() if each.get("role") == "tabpanel"]


def test_open_tab_is_the_one_selected_and_shows_its_blocks(state):
    state.tab, state.blocks = state.tabs[1], (Markup(Note("Here", ("it is",)).html()),)
    html = show(state)["console"]
    tabs = [each for each in controls(html) if each.get("role") == "tab"]
    assert [each.get("aria-selected") for each in tabs][:3] == ["false", "true", "false"]
    assert [each.get("tabindex") for each in tabs][:3] == ["-1", "0", "-1"]
    (panel,) = (each for each in read_page(html).iter() if each.get("role") == "tabpanel")
    shown = "Show what the checks have done, too Here it is"
    assert (panel.get("aria-label"), words(panel)) == (state.tabs[1].title, shown)


def test_looking_gives_a_tabs_blocks_as_html():
    tab = Tab("mine", "Mine", lambda clients: [Note("First"), Table("Second", ("a",), [(clients,)])])
    first, second = look(tab, "<b>")
    assert words(first) == "First"
    assert "<b>" in words(second)
    assert "<b>" not in second


NO_SUCH = ClientError({"Error": {"Code": "NoSuch", "Message": "It went."}}, "GetIt")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (EmulatorNotReady("The emulator stopped answering."), "The emulator stopped answering."),
        (NO_SUCH, "ClientError: An error occurred (NoSuch) when calling the GetIt operation: It went."),
        (KeyError("name"), "KeyError: 'name'"),
        (RuntimeError(HOSTILE), f"RuntimeError: {HOSTILE}"),
    ],
)
def test_tab_that_raises_shows_why(error, shown):
    def fail(clients):
        yield Note("Shown before it failed")
        raise error

    (block,) = look(Tab("mine", "Mine", fail), None)
    assert_harmless(block)
    assert words(block) == words(Note("This cannot be shown now.", (shown,)).html())
    assert explained(error) == shown


# What is heard.


def test_what_became_of_tasks_is_said_until_there_is_other_news(state):
    find(state, "passed", "queue_exists")
    state.say({"queue"}, LabProgress())
    assert state.said == "Task 1, Create the queue sample-queue: done, 2 of 2 points."
    state.say((), LabProgress())
    assert state.said.startswith("Task 1")
    assert state.done(LabProgress()) == {"queue"}


def test_emulator_that_comes_and_goes_is_said_when_it_does(state):
    state.trouble = "It does not answer."
    state.found()
    assert (state.said, state.trouble) == ("", "")  # it was there
    state.lost("It is stopped.")
    assert (state.answers, state.said) == (False, "It is stopped.")
    state.found()
    assert (state.answers, state.said) == (True, "The emulator runs.")


# Snapshots.


def full(state):
    """A panel with everything in it that it can show."""
    find(state, "failed", text="evidence")
    state.outcomes.asked |= {task.id for task in state.lab.tasks}
    state.tab, state.blocks = state.tabs[0], (Markup(Note("In the tab").html()),)
    state.solutions["queue"] = "answer()"
    state.said, state.trouble = "It is said.", "There is trouble."
    return state


@pytest.mark.parametrize("answers", [True, False])
def test_snapshot_has_no_controls_and_the_live_page_has(state, answers):
    full(state).answers = answers
    assert controls(whole(state, live=True, progress=HELPED))
    assert controls(whole(state, live=False, progress=HELPED)) == []


def test_snapshot_says_in_words_what_the_live_page_shows(state):
    shown = words(whole(full(state), live=False, progress=HELPED, notices=["A notice."]))
    for text in (
        "A queue", "Your AWS account is the embedded emulator", "A notice.", "There is trouble.", "0 of 3 points",
        "1. Create the queue sample-queue ✗ not right yet", "expected evidence", "0 of 1 checks pass",
        "Hint 2 of 3.", "answer()", "In the tab",
    ):  # fmt: skip
        assert text in shown, text
    assert ENDPOINT not in shown  # it is another one tomorrow, or somewhere else
    assert "It is said." not in shown  # and this was said for the moment


def test_snapshot_of_a_panel_with_no_open_tab_does_not_speak_of_the_console(state):
    assert "What is in the account" not in words(whole(state, live=False))


# No text breaks the page.


@pytest.fixture
def hostile(sample_course):
    """A lab whose every text is hostile, with a diagram."""
    course, text = sample_course("apart"), json.dumps(HOSTILE)
    path = course.labs / "apart" / "lab.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    names = ("title", "goal", "label", "kind")
    lines = [f"{line.split()[0]} = {text}" if line.startswith(names) else line for line in lines]
    lines = [f"hints = [{text}, {text}]" if line.startswith("hints") else line for line in lines]
    path.write_text("\n".join(lines), encoding="utf-8")
    return panel_of("apart")


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_hostile_texts_are_shown_as_they_are(hostile, outcome, live):
    find(hostile, outcome, text=HOSTILE)
    hostile.outcomes.asked = {"queue", "job", "clean_up"}
    hostile.tab = hostile.tabs[0]
    hostile.blocks = (Markup(Table(HOSTILE, (HOSTILE,), [(HOSTILE,)], note=HOSTILE, filterable=True).html()),)
    hostile.solutions["queue"] = hostile.said = hostile.trouble = HOSTILE
    html = whole(hostile, live=live, progress=LabProgress(hints={"queue": 2}), notices=[HOSTILE], emulator=HOSTILE)
    assert_harmless(html)
    text = "".join(read_page(html).itertext())
    evidence = 3 * 3 if outcome in (Outcome.FAILED, Outcome.BROKEN) else 0
    assert text.count(HOSTILE) >= 10 + evidence
    assert "49" not in text  # no template in a template


def test_texts_that_no_message_can_carry_are_shown_as_missing(state):
    find(state, "broken", text="a\x00b\x1b[31m\ud83dc")
    assert "a�b�[31m�c" in whole(state)
    assert json.dumps(show(state), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("outcome", [None, *Outcome])
@pytest.mark.parametrize("lab", LABS)
def test_every_lab_has_a_well_formed_page_in_every_state(lab, outcome, live):
    state = panel_of(lab)
    if outcome:
        find(state, outcome)
    assert_harmless(whole(state, live=live))
    for html in show(state, live=live).values():
        read_page(html)  # each stands alone


# What a grade would say of it.


class Handing:
    """Stands for the part in which the grade is rehearsed."""

    step = trouble = name = ""
    asks = makes = outdated = False
    doubts, found, sent, file = (), (), (), None
    how_long = "It takes a minute."

    def notes(self):
        return {"queue": HOSTILE, "message": "The cell is empty."}


def test_task_that_is_done_but_not_by_its_cell_says_so_and_no_other(state):
    state.handing = Handing()
    find(state, "passed", "queue_exists")
    html = show(state)
    assert "✓ done" in words(html["task queue"])
    assert HOSTILE in words(html["task queue"])
    assert "The cell is empty." not in words(html["task message"])
    assert_harmless(html["task queue"])


def test_grade_is_rehearsed_and_handed_in_between_tasks_and_console_and_not_in_a_saved_notebook(state):
    state.handing = Handing()
    find(state, "passed")
    assert list(show(state))[-3:] == ["hand in", "console", "said"]
    assert button(show(state)["hand in"], do="rehearse") is not None
    assert "hand in" not in show(state, live=False)
    assert "The cell is empty." not in whole(state, live=False)
