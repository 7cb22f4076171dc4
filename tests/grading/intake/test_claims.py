"""Tests for whose a row is: what two places claim neither gets, and both are shown."""

import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab_harness.grading.intake.claims import against_grades
from lab_harness.grading.intake.submissions import read_submissions
from lab_harness.grading.plan import carry_out, plan
from lab_harness.grading.results.gradebook import open_gradebook
from tests.grading.handing_in import COURSE, HELLO, ORDERS, answered, archive, bundled, graded, hand_in, untouched

MOODLE = "_assignsubmission_file_"
BUNDLE = "hello_lambda-bea.zip"


@pytest.fixture
def read(tmp_path, reader):
    """Reads submissions, files by path in a folder of its own."""
    count = iter(range(100))

    def read(files):
        number = next(count)
        folder = hand_in(tmp_path / f"class-{number}", files)
        return read_submissions(folder, COURSE, tmp_path / f"scratch-{number}", reader=reader).works

    return read


@pytest.fixture
def run(read, tmp_path):
    """Reads files, grades what is there to grade, and gives what was said and the rows."""

    def run(files):
        def grade_all(submissions):
            for each in submissions:
                yield graded(each.student, each.lab, a="passed")

        with open_gradebook(tmp_path / "gradebook.sqlite") as gradebook:
            steps = plan(read(files), gradebook.by_key(), lambda _: {})
            said = [each.grade for each in carry_out(steps, gradebook, grade_all, lambda _: {})]
            return said, {key: (str(row.grade.status), row.note) for key, row in gradebook.by_key().items()}

    return run


def by_name(works):
    return {(work.student.id, work.lab): work.rejected for work in works}


def test_two_spellings_of_one_name_get_nothing_and_both_are_shown(read):
    found = by_name(read({f"bea/{HELLO}": untouched(), f"BEA/{HELLO}": answered(role="1")}))
    assert set(found) == {("bea", "hello_lambda"), ("BEA", "hello_lambda")}
    for reason in found.values():
        assert reason.startswith("two claims on one name: ")
        assert f"bea/{HELLO}" in reason and f"BEA/{HELLO}" in reason


@pytest.mark.parametrize("other", ["JOSE\u0301", "Ｊｏｓé", "José ", "Jos\u200bé"])
def test_other_ways_of_writing_a_name_are_no_other_student(read, other):
    found = by_name(read({f"José/{HELLO}": untouched(), f"{other}/{HELLO}": untouched()}))
    assert len(found) >= 1
    assert all(reason.startswith("two claims on one name") for reason in found.values())


def test_spellings_that_hand_in_different_labs_stay_apart_and_are_graded(read):
    found = by_name(read({f"bea/{HELLO}": untouched(), f"BEA/{ORDERS}": untouched(ORDERS)}))
    assert found == {("bea", "hello_lambda"): "", ("BEA", "orders_pipeline"): ""}


def test_bundle_in_another_students_name_is_not_taken_for_theirs(read):
    found = by_name(read({f"bea/{HELLO}": untouched(), BUNDLE: bundled(answered(role="1"), student="Bea")}))
    assert set(found) == {("bea", "hello_lambda"), ("Bea", "hello_lambda")}
    assert all(BUNDLE in reason and f"bea/{HELLO}" in reason for reason in found.values())
    orders = {"name": ORDERS, "lab": "orders_pipeline"}
    other_lab = {"orders_pipeline-x.zip": bundled(untouched(ORDERS), student="Bea", **orders)}
    found = by_name(read({f"bea/{HELLO}": untouched()} | other_lab))
    assert found["bea", "hello_lambda"] == ""
    assert found["Bea", "orders_pipeline"].startswith("two claims on one name")


def test_bundles_of_one_name_and_two_keys_get_nothing_and_those_of_one_key_are_one_students(read):
    key = Ed25519PrivateKey.generate()
    first, again = (bundled(answered(role=code), student="Bea", key=key) for code in "12")
    other = bundled(answered(role="3"), student="Bea")
    [work] = read({"hello_lambda-a.zip": first, "hello_lambda-b.zip": again})
    assert (work.student.id, work.rejected, work.note != "") == ("Bea", "", True)
    [work] = read({"hello_lambda-a.zip": first, "hello_lambda-b.zip": other})
    assert work.rejected.startswith("two claims on one name: hello_lambda-")


def test_file_whose_name_tells_of_two_participants_of_moodle_is_neithers(read):
    tricky = f"Eve_7{MOODLE}Bea_12{MOODLE}{HELLO}"
    found = by_name(read({f"Bea_12{MOODLE}{HELLO}": untouched(), tricky: answered(role="1")}))
    assert found.pop(("Bea_12", "hello_lambda")) == ""
    [(name, reason)] = found.items()
    assert not name[0].startswith(("Bea_12", "Eve_7_12")) and "two participants, Eve_7 and Bea_12" in reason
    own = f"Bea_12{MOODLE}Bea_12{MOODLE}{HELLO}"
    assert by_name(read({own: untouched()})) == {("Bea_12", "hello_lambda"): ""}


def test_two_names_of_one_number_get_nothing(read):
    found = by_name(read({f"doejane_12_1_{HELLO}": untouched(), f"evil_12_2_{HELLO}": untouched()}))
    assert set(found) == {("doejane_12", "hello_lambda"), ("evil_12", "hello_lambda")}
    assert all(reason.startswith("two claims") for reason in found.values())


def test_a_students_own_second_file_is_no_other_claim(read):
    files = {f"doejane_12_1_{HELLO}": untouched(), f"doejane_LATE_12_2_{HELLO}": answered(role="1")}
    files |= {f"ana/a/{HELLO}": untouched(), f"ana/b/{HELLO}": answered(role="2")}
    assert set(by_name(read(files)).values()) == {""}


def test_grade_of_an_earlier_run_is_not_replaced_by_a_later_claim(run):
    assert run({f"bea/{HELLO}": untouched()})[1] == {("bea", "hello_lambda"): ("graded", "")}
    for files in (
        {BUNDLE: bundled(answered(role="1"), student="bea")},
        {f"bea/{HELLO}": untouched(), f"BEA/{HELLO}": answered(role="1")},
        {f"BEA/{HELLO}": answered(role="1")},
    ):
        said, rows = run(files)
        assert {str(grade.status) for grade in said} == {"rejected"}
        assert rows["bea", "hello_lambda"][0] == "graded"
        assert rows.get(("BEA", "hello_lambda"), ("rejected", ""))[0] == "rejected"
    assert "two claims" in rows["bea", "hello_lambda"][1]
    said, rows = run({f"bea/{HELLO}": untouched()})  # the other is gone
    assert (said, rows["bea", "hello_lambda"]) == ([], ("graded", ""))


def test_what_is_handed_in_by_the_same_claim_again_replaces_what_was_graded(run):
    key = Ed25519PrivateKey.generate()
    run({BUNDLE: bundled(untouched(), student="bea", key=key), f"ana/{HELLO}": untouched()})
    files = {BUNDLE: bundled(answered(role="1"), student="bea", key=key), f"ana/{HELLO}": answered(role="1")}
    said, _ = run(files)
    assert sorted((grade.student, str(grade.status)) for grade in said) == [("ana", "graded"), ("bea", "graded")]
    said, _ = run({f"bea/{HELLO}": answered(role="2")})  # the teacher says whose it is
    assert [(grade.student, str(grade.status)) for grade in said] == [("bea", "graded")]


def test_claims_on_nothing_are_kept(read):
    works = read({f"bea/{HELLO}": untouched()})
    assert against_grades(works, {}) == works


def test_two_entries_of_one_name_in_an_archive_are_one_students(tmp_path, reader):
    path = archive(tmp_path / "class.zip", {f"bea/{HELLO}": untouched(), f"ana/{HELLO}": untouched()})
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as made:
        made.writestr(f"bea/{HELLO}", "garbage")
    works = read_submissions(path, COURSE, tmp_path / "scratch", reader=reader).works
    assert by_name(works) == {("ana", "hello_lambda"): "", ("bea", "hello_lambda"): ""}
