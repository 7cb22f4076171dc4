"""Tests for the report that is made of what the judge has told, and for the fingerprint of what was built."""

import io
import json
import zipfile

import pytest

from lab_harness.account import state
from lab_harness.account.service import Part
from lab_harness.grading.room.judge import fingerprint, whole_report, zip_digest
from lab_harness.lab.file import MIB
from lab_harness.lab.labs import load_lab
from lab_harness.results import CheckResult, Outcome


def test_check_that_was_not_judged_is_blocked_and_keeps_its_points(sample_course):
    lab = load_lab("outcomes", sample_course("outcomes"))
    told = [CheckResult("passes", "One is one", "queue", Outcome.PASSED, points=3, seconds=0.5).to_dict()]
    report = whole_report(lab, told, "A limit was hit.")
    assert (report.lab, report.title, report.points, report.total_points) == ("outcomes", "A queue", 3, 10)
    first, *others = report
    assert (first.outcome, first.seconds) == ("passed", 0.5)
    assert {(str(each.outcome), each.next_step) for each in others} == {("blocked", "A limit was hit.")}
    assert [each.points for each in others] == [5, 1, 1]


def test_task_that_stands_apart_is_not_graded(sample_course):
    lab = load_lab("apart", sample_course("apart"))
    assert [result.name for result in whole_report(lab, [], "")] == ["queue_exists", "job_ran"]


@pytest.fixture
def print_of(sample_course, monkeypatch):
    """Makes the fingerprint of an account in which these things are built, each a dict, of a lab about a queue."""
    lab = load_lab("queue", sample_course("queue"))

    def make(*built, part=Part.BUILT):
        rows = {("sqs", part): [json.dumps(each) for each in built]}
        monkeypatch.setattr(state, "account_state", lambda *_: rows)
        return fingerprint({}, lab)

    return make


def test_what_differs_in_each_build_is_not_in_the_fingerprint_however_deep_it_lies(print_of):
    one, other = ({"Rules": [{"Name": name, "Items": [[{"RevisionId": revision}]]}]} for name, revision in
                  (("a", "first"), ("a", "second")))  # fmt: skip
    assert print_of(one) == print_of(other) != print_of({"Rules": [{"Name": "b", "Items": [[{}]]}]})


def test_fingerprint_is_of_what_was_built_whatever_the_order_it_is_listed_in(print_of):
    assert print_of({"a": 1}, {"b": 2}) == print_of({"b": 2}, {"a": 1}) != print_of({"a": 1})


def test_two_who_have_built_nothing_are_not_alike(print_of):
    assert (print_of(), print_of({"held": 1}, part=next(part for part in Part if part is not Part.BUILT))) == ("", "")


def package(**files):
    """A zip archive, packed as tightly as a bomb."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_code_is_the_same_by_its_files_and_not_by_their_order_or_times():
    assert zip_digest(package(a="1", b="2")) == zip_digest(package(b="2", a="1"))
    assert (
        len({zip_digest(package(**files)) for files in ({"a": "1"}, {"a": "2"}, {"b": "1"}, {"a": "1", "b": ""})}) == 4
    )


def test_of_a_file_that_a_bomb_unpacks_a_mebibyte_is_read():
    within, beyond = (package(a=bytes(size) + b"x") for size in (MIB - 1, MIB))
    assert zip_digest(within) != zip_digest(package(a=bytes(MIB)))
    assert zip_digest(beyond) == zip_digest(package(a=bytes(MIB)))


def test_of_all_files_that_a_bomb_unpacks_32_mebibytes_are_read():
    full = {f"{number:02}": bytes(MIB) for number in range(32)}
    assert zip_digest(package(**full, z="1")) == zip_digest(package(**full, z="2"))
    full.pop("31")
    assert zip_digest(package(**full, z="1")) != zip_digest(package(**full, z="2"))
