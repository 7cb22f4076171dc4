"""Tests for what stays alive in a notebook: templates, fragments, what the learner does there, and snapshots."""

import hashlib
import json
import re
import threading
import time

import jinja2
import pytest

from lab_harness.notebook.panel import live
from lab_harness.notebook.panel.live import ASSETS, WIDGET_VIEW, LiveView, render
from tests.pages import HOSTILE, assert_harmless, controls, read_page, words
from tests.waiting import PATIENCE, in_thread, wait_until


@pytest.fixture
def acts():
    return []


@pytest.fixture
def view(acts, outputs):
    return LiveView(acts.append, lambda live: page(live, acts), lambda: "in words")


def page(live, acts):
    """Two fragments that say how much the learner has done, one of them with a control where it is live."""
    return {"head": f"<p>{len(acts)} acts</p>", "task": "<button>Check</button>" if live else ""}


def timers():
    """What will be done in a moment."""
    return [thread for thread in threading.enumerate() if thread.name == "lab-soon"]


def send(view, content):
    """Let a message from the browser come in."""
    view._received(view, content, [])


# Templates.


@pytest.mark.parametrize("template", sorted(path.name for path in ASSETS.glob("*.html")))
def test_template_that_lacks_a_value_is_an_error_and_not_an_empty_place(template):
    with pytest.raises(jinja2.UndefinedError):
        render(template)


def test_texts_are_escaped_and_markup_is_not():
    html = render("snapshot.html", css="</style>", body=HOSTILE, first="")
    assert_harmless(html)
    assert HOSTILE in "".join(read_page(html).itertext())
    assert "<b>bold</b>" in render("snapshot.html", css="", body=live.Markup("<b>bold</b>"), first="")


def test_what_no_page_can_carry_is_shown_as_missing():
    html = render("snapshot.html", first="", css="", body="a\x00b\x1b[31m\ud83dc\ufffed")
    assert "a�b�[31m�c�d" in html
    assert html.encode("utf-8")


# The view.


def test_view_has_its_script_its_style_and_fragments_that_the_browser_gets(view):
    state = view.get_state()
    assert "export default" in state["_esm"]
    assert ".lab-live" in state["_css"]
    assert list(state["fragments"].items()) == [("head", "<p>0 acts</p>"), ("task", "<button>Check</button>")]
    assert json.dumps(state["fragments"])


def test_script_is_one_module_that_asks_for_no_other(view):
    script = view.get_state()["_esm"]
    assert "Idiomorph.morph(el, page" in script
    assert not re.search(r"(?m)^\s*import\b|\bimport\(", script)
    assert re.findall(r"(?m)^export .*", script) == ["export {Idiomorph};", "export default { render };"]


def test_library_is_the_published_one():
    digest = hashlib.sha256((ASSETS / "idiomorph" / "idiomorph.esm.js").read_bytes()).hexdigest()
    assert digest in (ASSETS / "idiomorph" / "README.md").read_text(encoding="utf-8")


def test_what_the_learner_does_is_told(view, acts):
    send(view, {"do": "hint", "task": "queue"})
    send(view, {"do": "alive", "view": "a"})
    assert acts == [{"do": "hint", "task": "queue"}, {"do": "alive", "view": "a"}]


def test_message_comes_in_from_the_browser_by_the_widgets_own_channel(view, acts):
    view._handle_msg({"content": {"data": {"method": "custom", "content": {"do": "hint"}}}, "buffers": []})
    assert acts == [{"do": "hint"}]


@pytest.mark.parametrize("content", [None, 7, "hint", [], {}, ["do"], {"do": None}, {"do": ["hint"]}, {"do": {}}])
def test_message_that_asks_for_nothing_is_told_to_nobody(view, acts, content):
    send(view, content)
    assert acts == []


# Updates.


def test_update_shows_what_is_so_now(view, acts, outputs):
    acts.append("something")
    assert "0 acts" in view.fragments["head"]
    view.update()
    assert "1 acts" in view.fragments["head"]


def test_updates_that_come_fast_are_shown_together_and_the_last_one_is_not_lost(view, acts, outputs):
    shown = []
    view.observe(lambda change: shown.append(change["new"]["head"]), "fragments")
    for _ in range(50):
        acts.append("something")
        view.update_soon()
    wait_until(lambda: "50 acts" in view.fragments["head"])
    assert len(shown) < 5


def test_whoever_asks_for_an_update_does_not_wait_for_it(acts, outputs):
    go = threading.Event()
    view = LiveView(acts.append, lambda live: {"head": f"{go.is_set()}"}, str)
    view._page = lambda live: {"head": f"{go.wait(PATIENCE)}"}
    began = time.monotonic()
    view.update_soon()
    assert time.monotonic() - began < PATIENCE / 2
    assert view.fragments == {"head": "False"}
    go.set()
    wait_until(lambda: view.fragments == {"head": "True"})


def test_page_that_took_long_does_not_take_the_place_of_a_newer_one(view, acts, outputs):
    began, go = threading.Event(), threading.Event()

    def slow(live):
        found = page(live, acts)
        began.set()
        go.wait(PATIENCE)
        return found

    view._page = slow
    first = in_thread(view.update)
    assert began.wait(PATIENCE)
    acts.append("something")
    second = in_thread(view.update)
    go.set()
    first.result(PATIENCE)
    second.result(PATIENCE)
    assert "1 acts" in view.fragments["head"]


def test_snapshot_follows_the_updates_by_itself_and_only_where_something_changed(view, acts, outputs):
    view.update()
    acts.append("something")
    for _ in range(5):
        view.update()
    wait_until(lambda: outputs)
    wait_until(lambda: not timers())
    ((snapshot, how),) = outputs
    assert how["update"]
    assert "1 acts" in words(snapshot["text/html"])


# In the notebook.


def test_view_is_shown_with_its_snapshot_below(view, outputs):
    view.show()
    (shown, how), (snapshot, kept_as) = outputs
    assert shown == {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": view.model_id}}
    assert how == {"raw": True}  # no text beside it, which would stand there where the view cannot
    assert snapshot["text/plain"] == "in words"
    assert "0 acts" in words(snapshot["text/html"])
    assert controls(snapshot["text/html"]) == []
    assert kept_as == {"raw": True, "display_id": view.model_id}


def test_kept_snapshot_takes_the_old_ones_place(view, acts, outputs):
    view.show()
    send(view, {"do": "hint"})
    view.keep()
    snapshot, how = outputs[-1]
    assert "1 acts" in words(snapshot["text/html"])
    assert how == {"raw": True, "display_id": view.model_id, "update": True}


def test_snapshot_brings_its_style_and_is_hidden_beside_the_view(view, outputs):
    view.show()
    page = read_page(outputs[1][0]["text/html"])
    style = page.find(".//style").text
    assert (ASSETS / "live.css").read_text(encoding="utf-8") in style
    assert ":has(.lab-live) .lab-snapshot { display: none; }" in style
    assert page.find(".//div[@class='lab-snapshot']") is not None


def test_saved_view_says_that_it_is_one_and_how_to_go_on(view, outputs):
    view.show()
    assert "Saved view; run the cell above to go on." in words(outputs[1][0]["text/html"])
    assert "Saved view" not in "".join(map(words, view.fragments.values()))


def test_browser_is_told_that_it_was_heard_once_that_is_done(view, acts, monkeypatch):
    sent = []
    monkeypatch.setattr(view, "send", lambda content: sent.append((len(acts), content)))
    send(view, {"do": "hint", "ask": "a 1"})
    send(view, {"do": "alive"})
    assert sent == [(1, {"heard": "a 1"})]
    send(view, {"do": "hint", "ask": "a 1"})  # sent again, before it was heard that it was heard
    assert (len(acts), len(sent)) == (2, 1)


def test_browser_is_told_that_it_was_heard_also_where_that_went_wrong(outputs, monkeypatch):
    view, sent = LiveView(lambda action: 1 / 0, lambda live: {}, str), []
    monkeypatch.setattr(view, "send", sent.append)
    with pytest.raises(ZeroDivisionError):
        send(view, {"do": "hint", "ask": "a 1"})
    assert sent == [{"heard": "a 1"}]
