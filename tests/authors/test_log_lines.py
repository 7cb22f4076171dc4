"""Tests for log lines in Lambda's JSON format."""

import json

import pytest

from lab_harness.authors import functions
from lab_harness.authors.log_lines import in_text_format
from lab_harness.authors.witness import Witness
from lab_harness.emulators.base import Run

MOMENT = {"timestamp": "2026-11-21T08:00:00Z", "requestId": "79b4"}


def platform(kind, **record):
    return {"time": "2026-11-21T08:00:00Z", "type": f"platform.{kind}", "record": {"requestId": "79b4", **record}}


METRICS = {"durationMs": 1.5, "billedDurationMs": 2, "memorySizeMB": 128, "maxMemoryUsedMB": 41, "initDurationMs": 9.1}
LINES = [
    (platform("start", version="$LATEST"), "START RequestId: 79b4 Version: $LATEST"),
    (platform("runtimeDone", status="success"), "END RequestId: 79b4"),
    (
        platform("report", metrics=METRICS, status="success"),
        "REPORT RequestId: 79b4\tDuration: 1.5 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 41 MB"
        "\tInit Duration: 9.1 ms",
    ),
    (
        {**MOMENT, "level": "INFO", "message": 'got {"visit": 7}\nin order', "logger": "root"},
        '[INFO]\t2026-11-21T08:00:00Z\t79b4\tgot {"visit": 7}\nin order',
    ),
    (
        {**MOMENT, "level": "INFO", "message": "wrote", "logger": "root", "order": "o-1"},
        '[INFO]\t2026-11-21T08:00:00Z\t79b4\twrote\n{"order": "o-1"}',
    ),
    (
        {**MOMENT, "log_level": "ERROR", "errorMessage": "no", "errorType": "ValueError", "stackTrace": ["  line 1\n"]},
        "[ERROR] ValueError: no\n  line 1",
    ),
]


@pytest.mark.parametrize(("found", "text"), LINES)
def test_line_of_the_json_format_is_told_in_the_text_format(found, text):
    assert in_text_format(json.dumps(found)) == text


@pytest.mark.parametrize(
    "line",
    [
        "START RequestId: 79b4 Version: $LATEST", '{"name": "Ana"}', "[1, 2]", "7", '"x"', "", "[" * 100_000,
        '{"type": "platform.report", "record": 1}', '{"type": "platform.extension", "record": {}}', '{"record": {}}',
        '{"timestamp": 1, "message": "of the learner\'s own making"}',
    ],
)  # fmt: skip
def test_any_other_line_stays_as_it_is(line):
    assert in_text_format(line) == line


@pytest.mark.parametrize("metrics", [None, 1, [], {}])
def test_a_report_without_figures_is_still_a_line(metrics):
    assert in_text_format(json.dumps(platform("report", metrics=metrics))) == "REPORT RequestId: 79b4"


class Telling:
    """An emulator that tells of one run, in the JSON format."""

    def runs(self, function):
        return [Run("learner", "{}", [json.dumps(found) for found, _ in LINES], 1.0)]


class Logs:
    """CloudWatch Logs with a function's log in the JSON format."""

    def get_paginator(self, _operation):
        return self

    def paginate(self, **_):
        return [{"events": [{"timestamp": 1000, "message": json.dumps(found)} for found, _ in LINES]}]


@pytest.mark.parametrize("witness", [Witness(Telling()), Witness(None)])
def test_log_and_witness_tell_the_text_format(witness):
    texts = [text for _, text in LINES]
    assert functions.log(Logs(), "echo", witness=witness) == texts
    assert functions.log(Logs(), "echo", "Billed Duration: 2 ms", witness=witness) == [texts[2]]
