"""Tests for the teacher's page in Chromium: it is used by mouse and keys, and what is hostile can do nothing in it."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.grading.review.conftest import BO
from tests.pages import HOSTILE
from tests.serving import Quiet, serving

ANA = "/work/hello_lambda/ana.html"


@pytest.fixture
def shown(page, served):
    """The table of the class in the browser, which the address has let in, and what must not happen in it."""
    happened = []
    page.on("dialog", lambda dialog: (happened.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: happened.append(str(error)))
    page.on("console", lambda message: happened.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: happened.append(asked.url) if f":{served.port}/" not in asked.url else None)
    page.goto(served.guard.address)
    page.wait_for_selector("#class")
    yield page
    assert happened == []


def names(page):
    return page.locator("#class tbody tr:not([hidden]) th").all_inner_texts()


def remarks(served):
    file = served.class_work.results.parent / "remarks.csv"
    return file.read_text(encoding="utf-8").splitlines()[1:] if file.exists() else []


def test_table_is_sorted_and_filtered_by_mouse(shown, served):
    assert shown.url == f"http://127.0.0.1:{served.port}/"
    assert shown.locator("output").inner_text() == "7 pieces of work"
    shown.select_option("#flag", "missing")
    assert names(shown) == ["Cy Cy", "Lou Lo", "Lou Lo"]
    shown.select_option("#lab", "hello_lambda")
    assert names(shown) == ["Lou Lo"]
    shown.select_option("#flag", "")
    shown.get_by_role("button", name="%").click()
    shown.get_by_role("button", name="%").click()
    assert shown.locator("th[aria-sort]").inner_text() == "%"
    assert names(shown)[-1] in ("Cy Cy cy", "Lou Lo")
    shown.fill("#find", "keyerror")
    assert sorted(names(shown)) == sorted(["Ana An ana", BO])


def test_work_is_marked_by_keys_and_next_follows_the_table(shown, served):
    shown.select_option("#lab", "hello_lambda")
    shown.get_by_role("button", name="student").click()  # the other way round
    shown.get_by_role("link", name="Ana An").click()
    shown.wait_for_selector("#said")
    assert shown.locator("#place").inner_text() == "2 of 3"
    shown.locator("[name=points-role]").fill("1.5")
    shown.locator("[name=comment-role]").fill("Nearly.\nMind it.")
    shown.keyboard.press("Control+Enter")
    shown.wait_for_selector("text=Saved in remarks.csv")
    assert remarks(served) == ['ana,hello_lambda,role,1.5,"Nearly.', 'Mind it."']
    assert shown.locator("[name=comment-role]").input_value() == "Nearly.\nMind it."
    shown.get_by_label("Comment on the lab").fill("Well begun.")
    shown.get_by_role("button", name="Save, and next").click()
    shown.wait_for_url("**/work/hello_lambda/script*")
    assert "ana,hello_lambda,,,Well begun." in remarks(served)
    assert shown.locator("#then").is_disabled()  # the last of the table
    shown.go_back()
    shown.get_by_role("link", name="← The class").click()
    shown.wait_for_selector("#class")
    assert len(names(shown)) == 4  # filtered as it was


def test_what_students_wrote_is_text(shown):
    shown.goto(shown.url.rstrip("/") + ANA)
    assert HOSTILE in shown.locator("#notebook").inner_text()
    assert shown.locator("#notebook script, #notebook img").count() == 0
    shown.goto(shown.url.partition("/work")[0] + "/")
    shown.get_by_role("link", name=BO).first.click()
    shown.wait_for_selector("#said")
    assert shown.locator(".who").inner_text() == BO
    assert shown.title().startswith(BO)


def test_static_page_of_a_hostile_notebook_runs_and_loads_nothing(page, served):
    served.class_work.save(served.class_work.work("hello_lambda", "ana.html"), {})
    served.class_work.write()
    happened = []
    page.on("dialog", lambda dialog: (happened.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda asked: happened.append(asked.url))
    page.goto((served.class_work.results / "index.html").as_uri())
    page.get_by_role("link", name="what Ana An handed in").first.click()
    page.wait_for_selector("text=What Ana An handed in")
    assert HOSTILE in page.locator("main").inner_text()
    assert all(url.startswith(served.class_work.results.as_uri()) for url in happened), happened


@contextmanager
def website(html):
    """A page on another port of this machine, as a student's is in the emulator."""

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

    with serving(Handler) as endpoint:
        yield f"{endpoint}/"


def test_page_of_another_origin_changes_and_reads_nothing(page, served):
    page.goto(served.guard.address)
    page.wait_for_selector("#class")
    target = f"http://127.0.0.1:{served.port}{ANA}"
    fields = {"key": "x", "before": "{}", "points-role": "4"}
    inputs = "".join(f"<input name='{name}' value='{value}'>" for name, value in fields.items())
    with website(f"<form method=post action='{target}'>{inputs}<button>go</button></form>") as elsewhere:
        page.goto(elsewhere)
        read = "url => fetch(url, {credentials: 'include'}).then(each => each.text()).catch(error => 'refused')"
        assert page.evaluate(read, target) == "refused"
        with page.expect_navigation() as gone:
            page.click("button")
        assert gone.value.status == 403
    assert page.get_by_text("Another page has asked for this.").is_visible()
    assert remarks(served) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_can_be_read_by_everybody(shown, scheme):
    shown.emulate_media(color_scheme=scheme)
    for path in ("/", ANA):
        shown.goto(shown.url.partition("/work")[0].rstrip("/") + path)
        found = Axe().run(shown).response["violations"]
        assert [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found] == []
