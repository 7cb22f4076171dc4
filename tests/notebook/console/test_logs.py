"""Tests for the tab of log lines."""

import json
import time
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

from lab_harness import load_lab
from lab_harness.aws import Clients
from lab_harness.notebook.console.logs import UNTOLD, log_table
from tests.waiting import wait_until

from .helpers import HOSTILE, Partly, Refusing, look, rows, words

LABS = ["hello_lambda"]
GROUP, EDGE = "/aws/lambda/hello-world", "/aws/lambda/us-east-1.hello-world"
ID = "ccb215d3-db5a-4846-90c7-736f0e9a897f"
OTHER = "0db4ae1a-db5a-4846-90c7-736f0e9a897f"
REPORT = "REPORT RequestId: {}\tDuration: 2.50 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB"


@pytest.fixture
def logs(account):
    """A client, with no log of hello-world's left."""
    for group in (GROUP, EDGE):
        with suppress(ClientError):
            account["logs"].delete_log_group(logGroupName=group)
    return account["logs"]


def write(logs, *lines, stream="a", ago=60, group=GROUP):
    """Write lines into a log, the function's unless named, so many seconds ago."""
    with suppress(ClientError):
        logs.create_log_group(logGroupName=group)
    with suppress(ClientError):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [{"timestamp": int((time.time() - ago) * 1000), "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def invocation(request, *lines, report=REPORT):
    """What an invocation logs."""
    end = [f"END RequestId: {request}\n", report.format(request) + "\n"]
    return [f"START RequestId: {request} Version: $LATEST\n", *lines, *end]


def shown(clients):
    [table] = look("hello_lambda", "logs", clients)
    return table


def messages(clients):
    return [row["message"] for row in rows(shown(clients))]


def test_log_of_a_real_invocation_has_its_lines_and_its_cost(account, logs):
    load_lab("hello_lambda").solve(account)
    function = {"FunctionName": "hello-world", "Payload": json.dumps({"key1": HOSTILE}).encode()}
    account["lambda"].invoke(**function)

    def lines():
        return [row for block in look("hello_lambda", "logs", account) for row in rows(block)]

    [printed] = wait_until(lambda: [row for row in lines() if "onerror" in row["message"]])
    report = next(row for row in lines() if row["request"] == printed["request"] and row["billed ms"])
    assert (printed["function"], len(printed["request"]), printed["billed ms"]) == ("hello-world", 8, "")
    assert int(report["billed ms"]) >= 1
    assert int(report["memory used MB"]) >= 1
    assert report["message"].startswith("REPORT Duration: ")
    assert "<img" not in shown(account).html()


def test_invocations_by_checks_are_left_out_and_marked_where_they_are_asked_for(account, emulator):
    if emulator.deeds() is None:
        pytest.skip("this emulator does not tell whose doing an invocation was")
    load_lab("hello_lambda").solve(account)
    for clients, name in ((account, "mine"), (Clients(emulator), "probe")):
        clients["lambda"].invoke(FunctionName="hello-world", Payload=json.dumps({"key1": name}).encode())

    def shown(**how):
        [table] = look("hello_lambda", "logs", account, **how)
        found = {row["request"].partition(" ")[2] for row in rows(table) if "probe" in row["message"]}
        return found, any("mine" in row["message"] for row in rows(table)), table.note

    assert shown() == (set(), True, "Left out: 1 invocation by the checks. The box above shows them.")
    assert shown(checks=True) == ({"(a check's)"}, True, "")


def test_emulator_that_does_not_tell_whose_doing_an_invocation_was_says_so(account, logs, monkeypatch):
    monkeypatch.setattr(type(account.emulator), "runs", lambda self, function: None)
    write(logs, *invocation(ID, "one"))
    assert shown(account).note == UNTOLD


def test_platforms_lines_are_left_out_and_its_figures_have_columns(account, logs):
    write(logs, *invocation(ID, "one\n", "  two\n"))
    assert [tuple(row.values())[2:] for row in rows(shown(account))] == [
        ("ccb215d3", "one", "", ""),
        ("ccb215d3", "  two", "", ""),
        ("ccb215d3", "REPORT Duration: 2.50 ms, Memory Size: 128 MB", "3", "30"),
    ]


def test_newest_invocation_comes_first_its_lines_in_their_order(account, logs):
    write(logs, *invocation(ID, "old 1", "old 2"), stream="b", ago=60)
    write(logs, *invocation(OTHER, "new 1", "new 2"), stream="a", ago=30)
    assert [message for message in messages(account) if "REPORT" not in message] == ["new 1", "new 2", "old 1", "old 2"]


def test_invocations_of_one_environment_are_told_apart(account, logs):
    write(logs, "printed while it began", *invocation(ID, "first"), *invocation(OTHER, "second"))
    found = [(row["request"], row["message"]) for row in rows(shown(account)) if "REPORT" not in row["message"]]
    assert sorted(found) == [
        ("0db4ae1a", "second"),
        ("ccb215d3", "first"),
        ("ccb215d3", "printed while it began"),
    ]


def test_invocation_that_has_no_report_is_shown(account, logs):
    write(logs, f"START RequestId: {ID} Version: $LATEST", "cut off", *invocation(OTHER, "next"))
    found = {row["message"]: row["request"] for row in rows(shown(account))}
    assert (found["cut off"], found["next"]) == ("ccb215d3", "0db4ae1a")


def test_invocation_whose_start_is_missing_is_named_by_its_report(account, logs):
    write(logs, *invocation(ID, "one")[1:])
    assert {row["request"] for row in rows(shown(account))} == {"ccb215d3"}


@pytest.mark.parametrize(
    "line",
    [
        "[ERROR] ValueError: no number",
        "[ERROR]\t2026-11-21T10:00:00.000Z\tccb215d3\tno number",
        "[CRITICAL]\t2026-11-21T10:00:00.000Z\tccb215d3\tno number",
        "Traceback (most recent call last):",
        f"RequestId: {ID} Error: Runtime exited without providing a reason",
        f"2026-11-21T10:00:00.000Z {ID} Task timed out after 3.00 seconds",
    ],
)
def test_errors_are_marked_by_symbol_and_word(account, logs, line):
    write(logs, *invocation(ID, "all is well, no [ERROR] yet", line))
    assert messages(account)[:2] == ["all is well, no [ERROR] yet", f"✗ error: {line}"]
    assert shown(account).failed == {1}


def test_report_of_a_timeout_is_marked(account, logs):
    write(logs, *invocation(ID, report=REPORT + "\tStatus: timeout"))
    assert messages(account) == ["✗ error: REPORT Duration: 2.50 ms, Memory Size: 128 MB, Status: timeout"]
    assert rows(shown(account))[0]["billed ms"] == "3"


def test_traceback_below_its_error_is_not_marked_again(account, logs):
    write(logs, *invocation(ID, "[ERROR] ValueError: no number", "Traceback (most recent call last):"))
    assert messages(account)[:2] == ["✗ error: [ERROR] ValueError: no number", "Traceback (most recent call last):"]


def test_last_200_lines_are_shown_and_long_ones_cut(account, logs):
    write(logs, *invocation(ID, *(f"old {number}" for number in range(150))), ago=60)
    write(logs, *invocation(OTHER, "x" * 3000, *(f"new {number}" for number in range(99))), ago=30)
    table = shown(account)
    assert (len(table.rows), table.note) == (200, "The newest 200 lines; lab.logs(name) shows a whole log.")
    assert messages(account)[0] == "x" * 2000 + "… (1,000 more characters)"
    assert messages(account)[100:102] == ["REPORT Duration: 2.50 ms, Memory Size: 128 MB", "old 0"]
    assert table.filterable


def test_of_one_endless_invocation_the_end_is_shown(account, logs):
    write(logs, *invocation(ID, *(f"line {number}" for number in range(300))))
    assert (messages(account)[0], messages(account)[-1][:6]) == ("line 101", "REPORT")


def test_a_function_has_its_log_at_the_edge_too(account, logs):
    write(logs, *invocation(ID, "in its Region"))
    write(logs, *invocation(OTHER, "at the edge"), group=EDGE, ago=30)
    assert [message for message in messages(account) if "REPORT" not in message] == ["at the edge", "in its Region"]
    assert {row["function"] for row in rows(shown(account))} == {"hello-world"}
    told = [row["message"] for row in rows(log_table(account, "hello-world"))]
    assert [message for message in told if "REPORT" not in message] == ["at the edge", "in its Region"]
    logs.delete_log_group(logGroupName=GROUP)
    assert "at the edge" in [row["message"] for row in rows(log_table(account, "hello-world"))]


def test_function_without_a_log_has_no_lines(account, logs):
    assert words(look("hello_lambda", "logs", account))[0] == "Nothing yet."
    logs.create_log_group(logGroupName=GROUP)
    assert words(look("hello_lambda", "logs", account))[0] == "Nothing yet."


@pytest.mark.parametrize("operation", ["describe_log_streams", "filter_log_events"])
def test_log_that_is_deleted_meanwhile_has_no_lines(account, logs, operation):
    write(logs, *invocation(ID, "one"))
    gone = Partly(account, logs=Refusing(logs, operation, "ResourceNotFoundException"))
    assert words(look("hello_lambda", "logs", gone))[0] == "Nothing yet."
