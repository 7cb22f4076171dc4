"""Tests for the panel's last part: rehearse the grade, stop that, and make the file to hand in."""

import json
from types import SimpleNamespace

import pytest

from lab_harness.errors import EmulatorNotReady
from lab_harness.handing_in.bundle import unpack
from lab_harness.handing_in.rehearsal import Rehearsal
from lab_harness.lab.labs import load_lab
from lab_harness.learner.progress import LabProgress
from lab_harness.notebook.panel import handing, own_notebook
from lab_harness.notebook.panel.handing import Handing
from lab_harness.notebook.panel.live import render
from lab_harness.notebook.panel.own_notebook import OwnNotebook
from lab_harness.results import LabReport
from tests.grading.handing_in import COURSE, answered, report
from tests.pages import HOSTILE, assert_harmless, words

LAB = load_lab("first_steps", COURSE)


class Stand:
    """Stands for a rehearsal that runs: what it is told to do, and what it tells."""

    def __init__(self, course, lab, notebook, step, ended):
        self.notebook, self.step, self.ended, self.stopped = notebook, step, ended, 0

    def stop(self):
        self.stopped += 1


class Part:
    """The part of a panel, on a notebook of the learner's."""

    def __init__(self, path):
        self.path, self.said, self.begun, self.ran, self.connected = path, [], [], {}, []
        outcomes = report("first_steps", queue_exists="passed", message_waits="failed")
        self.progress = LabProgress(hints={"queue": 2}, solutions=frozenset({"message"}))
        opened = SimpleNamespace(
            lab=LAB,
            progress=SimpleNamespace(of=lambda lab: self.progress),
            connect=lambda: self.connected.append(True),
            runs=SimpleNamespace(interrupt=lambda: None),
            look=lambda: LabReport.from_dict(outcomes),
        )
        self.opened = opened
        own = OwnNotebook(LAB, COURSE, self.ran)
        self.handing = Handing(opened, own, lambda job: job(), lambda: None, self.said.append)

    def act(self, do, **more):
        self.handing.controls[do]({"do": do, **more})
        return self

    @property
    def html(self):
        return str(render("panel_hand_in.html", handing=self.handing))

    @property
    def shown(self):
        return words(self.html)

    def found(self, why_not="", **outcomes):
        """What came of the rehearsal that runs."""
        digest = self.handing.notebook.read().notebook.digest
        result = None if why_not else LabReport.from_dict(report("first_steps", **outcomes))
        self.begun[-1].ended(Rehearsal("first_steps", digest, why_not, report=result))


@pytest.fixture
def part(tmp_path, monkeypatch):
    path = tmp_path / "00_start.ipynb"
    path.write_text(json.dumps(answered("00_start.ipynb", queue="x = 1", message="y = 1")), encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    made = Part(path)

    def begin(*arguments):
        made.begun.append(Stand(*arguments))
        return made.begun[-1]

    monkeypatch.setattr(handing, "Rehearsing", begin)
    monkeypatch.setattr(own_notebook, "SAVING", 0.0)  # nobody saves it here
    return made


# Rehearsing


def test_rehearsal_shows_its_steps_and_what_it_found(part):
    assert "Rehearse the grade" in part.shown
    assert "It takes as long as the cells and the checks" in part.shown
    part.act("rehearse")
    assert part.begun[0].notebook == part.path
    assert "Stop the rehearsal" in part.shown
    part.begun[0].step("Cell 3 of 9…")
    assert "Rehearsing: Cell 3 of 9…" in part.shown
    part.found(a="passed", b="failed")
    assert "Rehearse the grade" in part.shown
    assert "The rehearsal. Run in an empty account, as for the grade: 1 of 2 checks pass, 1 of 2 points." in part.shown
    assert part.said == ["Run in an empty account, as for the grade: 1 of 2 checks pass, 1 of 2 points."]


def test_second_click_stops_it_and_what_was_known_stays(part):
    part.act("rehearse").found(a="passed")
    part.act("rehearse").act("rehearse")
    assert part.begun[1].stopped == 1
    part.begun[1].ended(None)
    assert part.said[-1] == "The rehearsal was stopped."
    assert "1 of 1 checks pass" in part.shown
    assert len(part.act("rehearse").begun) == 3


def test_rehearsal_of_a_notebook_that_has_changed_since_says_so(part):
    part.act("rehearse").found(a="passed")
    part.path.write_text(json.dumps(answered("00_start.ipynb", queue="x = 23", message="y = 1")), encoding="utf-8")
    assert "The rehearsal, of the notebook before you changed it." in part.shown


def test_notebook_that_was_not_saved_is_not_rehearsed(part):
    [cell] = [each.id for each in part.handing.notebook.read().notebook.cells if each.task == "queue"]
    part.ran[cell] = "x = 2", part.path.stat().st_mtime + 5
    part.act("rehearse")
    assert part.begun == []
    assert (
        "You ran the cell of the task 'queue', and have not saved the notebook since: save it (Ctrl-S)." in part.shown
    )


def test_notebook_that_cannot_be_read_is_a_message(part):
    part.path.write_text("no json", encoding="utf-8")
    part.handing.notebook.course = SimpleNamespace(notebooks=part.path.parent, labs=COURSE.labs, home=part.path.parent)
    part.act("rehearse")
    assert part.begun == []
    assert "00_start.ipynb is no notebook" in part.shown


def test_rehearsal_that_could_not_be_run_says_why_and_hinders_nothing(part):
    part.act("rehearse").found("that needs Linux.")
    assert "The grade could not be rehearsed: that needs Linux." in part.shown
    part.act("hand_in").act("submit", values=["Ana"])
    assert (part.path.parent / "first_steps-ana.zip").is_file()


# Handing in


def test_what_is_sent_is_shown_before_it_is(part):
    part.act("hand_in")
    assert 'name="value" value=""' in part.html
    assert "tells your teacher" in part.shown
    assert "hints: 2 for" in part.shown
    assert not list(part.path.parent.glob("*.zip"))
    assert "tells your teacher" not in part.act("hand_in").shown  # a second click closes it


def test_file_stands_beside_the_notebook_and_is_rehearsed(part):
    part.act("hand_in").act("submit", values=[" Ana  Example "])
    file = part.path.parent / "first_steps-ana-example.zip"
    found = unpack(file.read_bytes())
    assert found.manifest.student == "Ana Example"
    assert (found.attempts.hints, found.attempts.solutions) == (2, ["message"])
    assert f"Hand in {file}" in part.shown
    assert (len(part.begun), part.connected) == (1, [True])
    part.found(a="failed")
    part.act("hand_in")
    assert 'value="Ana Example"' in part.html
    part.act("submit", values=["Ana Example"])
    assert len(part.begun) == 1  # it is known already


def test_notebook_that_seems_not_to_be_saved_is_handed_in_only_when_asked_again(part):
    part.progress = LabProgress(passed={"queue_exists": part.path.stat().st_mtime + 300})
    part.act("hand_in").act("submit", values=["Ana"])
    assert not list(part.path.parent.glob("*.zip"))
    assert "Is the notebook saved? It was saved 5 minutes before you passed the last check." in part.shown
    assert "Hand it in as it is" in part.shown
    part.act("submit", values=["Ana"])
    assert (part.path.parent / "first_steps-ana.zip").is_file()


@pytest.mark.parametrize(("do", "more"), [("submit", {"values": [" "]}), ("submit", {"values": "Ana"}), ("submit", {})])
def test_without_a_name_nothing_is_made(part, do, more):
    assert "Say who you are" in part.act("hand_in").act(do, **more).shown
    assert not list(part.path.parent.glob("*.zip"))


def test_emulator_that_cannot_be_reached_is_a_message(part):
    def fail():
        raise EmulatorNotReady("It does not answer.")

    part.opened.connect = fail
    assert "It does not answer." in part.act("hand_in").act("submit", values=["Ana"]).shown
    assert not part.handing.makes


def test_no_text_breaks_the_page(part):
    part.act("hand_in")
    part.handing.name = part.handing.trouble = part.handing.step = HOSTILE
    part.handing.doubts = [HOSTILE]
    part.handing.rehearsal = Rehearsal(HOSTILE, "d", HOSTILE)
    assert_harmless(part.html)
