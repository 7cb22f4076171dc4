"""Tests for the REPORT line of a run: what it counts, and what it is billed for."""

from lab_harness.emulators.inside.functions import reports


def answer_of(milliseconds, init=None):
    return {"milliseconds": milliseconds, "memory_mb": 40, "init_milliseconds": init}


def test_warm_invocation_is_billed_by_the_started_millisecond():
    expected = (
        "REPORT RequestId: r-1\tDuration: 12.30 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB"
    )
    assert reports.line("r-1", 128, answer_of(12.3)) == expected


def test_cold_start_is_billed_with_its_initialisation():
    told = reports.line("r-1", 128, answer_of(10.2, init=100.3))
    assert "\tBilled Duration: 111 ms\t" in told
    assert told.endswith("\tInit Duration: 100.30 ms")


def test_shortest_invocation_is_billed_one_millisecond():
    assert "\tBilled Duration: 1 ms\t" in reports.line("r-1", 128, answer_of(0.0))


def test_ended_process_reports_its_status_and_no_memory():
    told = reports.line("r-1", 128, {"milliseconds": 3000.0, "status": "timeout"})
    expected = (
        "REPORT RequestId: r-1\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tStatus: timeout"
    )
    assert told == expected
