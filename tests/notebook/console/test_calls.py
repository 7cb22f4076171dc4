"""Tests for the tab of AWS calls."""

from dataclasses import replace

from lab_harness.emulators.base import NO_CALL_LOG, Call
from lab_harness.notebook.console.calls import call_table

from .helpers import Partly, look, rows, words

LABS = ["hello_lambda"]


class Logging:
    """An emulator whose call log holds these calls."""

    name = "embedded"

    def __init__(self, *calls):
        self._calls = calls

    def calls(self, since=0):
        return self._calls and list(self._calls)


class Silent:
    """An emulator that keeps no call log."""

    name = "localstack"

    def calls(self, since=0):
        return None


def call(number, caller="learner", status=200):
    probe = caller == "checks"
    return Call(number, 1_700_000_000.25 + number, "sqs", f"Operation{number}", caller, status, 0.0042, probe)


def shown(account, *calls):
    [table] = look("hello_lambda", "calls", Partly(account, Logging(*calls)))
    return table


def test_newest_call_comes_first_and_those_of_checks_are_left_out(account):
    table = shown(account, call(1), call(2, "function hello-world"), call(3, "checks"))
    assert [row["caller"] for row in rows(table)] == ["function hello-world", "learner"]
    assert rows(table)[1] == {
        "time (UTC)": "22:13:21.250",
        "caller": "learner",
        "service": "sqs",
        "operation": "Operation1",
        "status": "200",
        "seconds": "0.004",
    }


def test_calls_of_a_function_that_a_check_has_set_going_are_left_out_and_marked_where_they_are_asked_for(account):
    calls = [call(1), call(2, "checks"), call(3, "function hello-world")]
    clients = Partly(account, Logging(*calls[:2], replace(calls[2], probe=True)))
    [table] = look("hello_lambda", "calls", clients)
    assert [row["caller"] for row in rows(table)] == ["learner"]
    [table] = look("hello_lambda", "calls", clients, checks=True)
    assert [row["caller"] for row in rows(table)] == ["function hello-world, for a check", "checks", "learner"]


def test_calls_that_failed_are_marked(account):
    table = shown(account, call(1), call(2, status=404), call(3), call(4, status=500))
    assert sorted(table.rows[number][4] for number in table.failed) == ["404", "500"]


def test_last_50_calls_can_be_filtered(account):
    table = shown(account, *map(call, range(60)))
    assert [row["operation"] for row in rows(table)][:: len(table.rows) - 1] == ["Operation59", "Operation10"]
    assert table.filterable


def test_table_of_calls_has_the_newest_first_and_the_checks_when_asked_for(account):
    emulator = Logging(call(1), call(2, "checks"), call(3))
    assert [row[3] for row in call_table(emulator, 50).rows] == ["Operation3", "Operation1"]
    assert [row[3] for row in call_table(emulator, 2, checks=True).rows] == ["Operation3", "Operation2"]


def test_emulator_without_a_call_log_says_which_has_one(account):
    assert words(look("hello_lambda", "calls", Partly(account, Silent()))) == [
        "AWS calls",
        NO_CALL_LOG,
    ]
