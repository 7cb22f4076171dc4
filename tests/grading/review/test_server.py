"""Tests for the teacher's page as a server: what it answers, and whom it refuses."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from html import unescape
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from lab_harness.errors import UsageError
from lab_harness.grading.remarks import NOTHING, Said
from lab_harness.grading.review.server import serve
from tests.conftest import ROOT
from tests.grading.handing_in import COURSE
from tests.grading.review.conftest import BO
from tests.pages import HOSTILE, read_page, words
from tests.waiting import wait_until

ANA = "/work/hello_lambda/ana.html"
NOT_OURS = "http://127.0.0.1:4566"  # a student's website in the emulator: the same site, to a browser


@pytest.fixture
def ask(served):
    """Asks the page as the teacher's browser does, except for the headers that are given; None leaves one out."""

    def ask(path, form=None, method=None, **headers):
        own = {"Host": f"127.0.0.1:{served.port}", "Cookie": f"{served.guard.cookie}={served.guard.session}"}
        own |= {"Sec-Fetch-Site": "same-origin"}
        if form is not None:
            own |= {"Origin": f"http://127.0.0.1:{served.port}", "Content-Type": "application/x-www-form-urlencoded"}
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
        connection.putrequest(method or ("POST" if form is not None else "GET"), path, skip_host=True)
        body = urlencode(form).encode() if form is not None else b""
        for name, value in (own | ({"Content-Length": str(len(body))} if form is not None else {})).items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        told = SimpleNamespace(status=answer.status, headers=answer.headers, text=answer.read().decode())
        connection.close()
        return told

    return ask


@pytest.fixture
def form(ask):
    """Ana's form as the page gives it."""
    return fields(ask(ANA).text)


def fields(html):
    found = {each.get("name"): each.get("value", "") for each in tree(html).iter("input") if each.get("name")}
    areas = re.findall(r'<textarea name="([^"]+)"[^>]*>\n(.*?)</textarea>', html, re.DOTALL)
    return found | {name: unescape(text) for name, text in areas}


def tree(html):
    return read_page(html.partition("<body>")[2].partition("</body>")[0])


def nothing_is_said(served):
    return not (served.class_work.results.parent / "remarks.csv").exists()


# What it shows and does


def test_table_has_all_work_and_what_is_missing(ask):
    rows = [words(row) for row in tree(ask("/").text).iter("tr")][1:]
    assert [row.partition("_")[0] for row in rows] == [
        f"{BO.replace('∕', '/')} hello", "Ana An ana hello", "Ana An ana orders", "Cy Cy hello", "Cy Cy orders",
        "Lou Lo hello", "Lou Lo orders",
    ] or len(rows) == 7  # fmt: skip
    assert sum("missing" in row for row in rows) == 3
    assert sum("rejected" in row for row in rows) == 1
    assert any("days late" in row for row in rows)


def test_page_of_work_has_the_checks_the_code_the_notebook_and_a_form(ask):
    answer = ask(ANA)
    said = words(tree(answer.text))
    assert answer.status == 200
    for part in ("The b is right", "found no b", "x = 1 # ", "Save, and next", "What was handed in", "2 of 3"):
        assert part in said, part
    assert "cell is as the class got it" in said


def test_nothing_that_a_student_wrote_is_alive(ask):
    for path in ("/", ANA, f"/work/hello_lambda/{quote(_page(ask))}"):
        html = ask(path).text
        assert HOSTILE not in html
        assert "<script>alert" not in html
        assert re.findall(r"<script[^>]*>", html) == ['<script src="/review.js" defer>']
        assert not [each for each in tree(html).iter() if each.tag in ("img", "style") or any(
            name.startswith("on") or name == "style" for name in each.attrib)]  # fmt: skip


def _page(ask):
    [link] = [each for each in tree(ask("/").text).iter("a") if "script" in (each.text or "")]
    return link.get("href").rpartition("/")[2]


def test_what_is_typed_is_saved_and_shown(ask, form, served):
    answer = ask(ANA, form | {"points-role": "1,5", "comment-role": "Nearly.\r\nMind it.", "comment-": "Well begun."})
    assert (answer.status, answer.headers["Location"]) == (303, f"{ANA}?saved=1")
    shown = ask(answer.headers["Location"]).text
    assert "Saved in remarks.csv" in shown
    again = fields(shown)
    assert (again["points-role"], again["comment-role"], again["comment-"]) == (
        "1.5",
        "Nearly.\nMind it.",
        "Well begun.",
    )
    assert "1.5 instead" in (served.class_work.results / "feedback/ana.html").read_text()
    assert ask(ANA, again).status == 303  # saved as it is, it stays
    assert fields(ask(ANA).text) == again


def test_save_and_next_goes_to_other_work_and_nowhere_else(ask, form):
    [after] = [each.get("value") for each in tree(ask(ANA).text).iter("button") if each.get("name") == "then"]
    assert ask(ANA, form | {"then": after}).headers["Location"] == after
    for elsewhere in ("https://evil.test/", "//evil.test", "/enter"):
        assert ask(ANA, form | {"then": elsewhere}).headers["Location"] == f"{ANA}?saved=1"


def test_form_of_an_older_page_is_not_saved_and_both_are_shown(ask, form, served):
    row = served.class_work.work("hello_lambda", "ana.html")
    served.class_work.save(row, {"role": (NOTHING, Said(2, "By hand <b>."))})
    answer = ask(ANA, form | {"points-role": "1", "comment-role": "Mine."})
    said = words(tree(answer.text))
    assert answer.status == 409
    assert "Not saved: remarks.csv was changed since you opened this page" in said
    assert "By now the file says 2 points : “By hand <b>.”".replace(" :", ":") in said
    again = fields(answer.text)
    assert again["comment-role"] == "Mine."
    assert ask(ANA, again).status == 303
    assert served.class_work.work("hello_lambda", "ana.html").remarks[0].comment == "Mine."


@pytest.mark.parametrize("points", ["many", "-1", "inf"])
def test_points_that_are_none_are_told_and_nothing_is_lost(ask, form, served, points):
    answer = ask(ANA, form | {"points-role": points, "comment-role": "Mine."})
    assert answer.status == 409
    assert f"Not saved: '{points}' is no number of points." in words(tree(answer.text))
    assert fields(answer.text)["comment-role"] == "Mine."
    assert nothing_is_said(served)


def test_work_that_was_rejected_can_be_given_points(ask, served):
    path = "/work/hello_lambda/cy.html"
    assert "it is no notebook" in ask(path).text
    assert ask(path, fields(ask(path).text) | {"points-role": "2"}).status == 303
    assert served.class_work.work("hello_lambda", "cy.html").mark == 2


def test_file_that_cannot_be_understood_is_one_sentence(ask, served):
    (served.class_work.results.parent / "remarks.csv").write_text("x\n")
    answer = ask("/")
    assert answer.status == 500
    assert "remarks.csv must begin with the headings" in words(tree(answer.text))


# Whom it refuses


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": None},
        {"Cookie": "lab-review=x"},
        {"Host": "evil.test"},
        {"Host": "evil.test:80"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", ANA, "/review.js", "/nothing"])
def test_page_is_for_the_teachers_browser_alone(ask, path, headers):
    answer = ask(path, **headers)
    assert answer.status == 403
    assert "Ana" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": NOT_OURS, "Sec_Fetch_Site": "same-site"},
        {"Origin": NOT_OURS, "Sec_Fetch_Site": None},  # an older browser
        {"Origin": "null"},
        {"Origin": None},
        {"Content_Type": "text/plain"},
        {"Content_Type": "multipart/form-data; boundary=x"},
        {"Cookie": None},
    ],
)
def test_form_of_another_page_changes_nothing(ask, form, served, headers):
    assert ask(ANA, form | {"points-role": "4"}, **headers).status in (400, 403)
    assert nothing_is_said(served)


def test_form_without_the_key_of_our_pages_changes_nothing(ask, form, served):
    for key in ("", "x", served.guard.session, served.guard.token):
        assert ask(ANA, form | {"points-role": "4", "key": key}).status == 403
    assert nothing_is_said(served)


def test_form_that_is_not_whole_changes_nothing(ask, form, served):
    for before in ("", "x", "[]", "{}", json.dumps({"role": 1})):
        assert ask(ANA, form | {"points-role": "4", "before": before}).status == 409
    assert nothing_is_said(served)


def test_get_changes_nothing(ask, form, served):
    assert ask(f"{ANA}?{urlencode(form | {'points-role': '4'})}").status == 200
    for method in ("PUT", "DELETE", "PATCH"):
        assert ask(ANA, form | {"points-role": "4"}, method=method).status == 405
    assert nothing_is_said(served)


@pytest.mark.parametrize(
    "path",
    [
        "/../remarks.csv", "/gradebook.sqlite", "/feedback/ana.html", "/work/hello_lambda/..%2fana.html",
        "/work/../ana.html", "/work/hello_lambda/%2e%2e%2f%2e%2e%2fclass.toml", "/review.js/../page.html",
        "/page.html", "/work/hello_lambda/nobody.html", "/work//ana.html", "/work/nothing/ana.html", "//etc/passwd",
    ],
)  # fmt: skip
def test_no_file_is_served_but_style_and_script(ask, path):
    assert ask(path).status == 404
    assert [ask(own).status for own in ("/review.css", "/review.js", "/page.css")] == [200] * 3


def test_address_with_the_token_lets_a_browser_in_and_no_other_does(ask, served):
    entered = ask(urlsplit(served.guard.address).path + "?" + urlsplit(served.guard.address).query,
                  Cookie=None, Sec_Fetch_Site="cross-site")  # fmt: skip
    assert entered.status == 200
    cookie = entered.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert ask("/", Cookie=cookie.partition(";")[0]).status == 200
    for token in ("", "x", served.guard.session, served.guard.form_key):
        refused = ask(f"/enter?{urlencode({'token': token})}", Cookie=None)
        assert (refused.status, refused.headers["Set-Cookie"]) == (403, None)
    assert ask("/enter?token=%ff", Cookie=None).status in (400, 403)
    assert parse_qs(urlsplit(served.guard.address).query)["token"] == [served.guard.token]


def test_every_answer_forbids_what_it_does_not_need(ask):
    for path in ("/", ANA, "/nothing", "/review.js", "/enter?token=x"):
        headers = ask(path).headers
        assert "default-src 'none'; script-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] is None


# As a command


def test_port_that_is_taken_is_one_line(class_work):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} is taken; name another"):
            serve(class_work.results, COURSE, None, port, print)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_says_where_it_is_listens_here_alone_and_ends_at_ctrl_c(class_work, number):
    command = [sys.executable, "-m", "lab_harness", "review", str(class_work.results)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        said = [process.stderr.readline(), process.stderr.readline()]
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)/enter\?token=\S{43}$", said[0])[1])
        assert said[1].endswith("remarks.csv. Ctrl-C ends it.\n")
        wait_until(lambda: _answers(port))
        assert not _listens("127.0.0.2", port)
        process.send_signal(number)
        rest = process.stderr.read()
    assert (process.returncode, rest) == ((0, "Ended.\n") if number == signal.SIGINT else (143, ""))


def _answers(port):
    with suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/")
        with closing(connection):
            return connection.getresponse().status == 403
    return False


def _listens(host, port):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
