"""Tests for what comes in: folders, Canvas and Moodle downloads, and everything that is not what it should be."""

import codecs
import json
import os
import struct
import zipfile
from pathlib import Path

import nbformat
import pytest

from lab_harness.errors import UsageError
from lab_harness.grading.intake.submissions import read_submissions
from lab_harness.grading.students import Student, place_of, same_student
from lab_harness.handing_in import handed_in
from lab_harness.lab.labs import load_lab
from tests.grading.handing_in import (
    COURSE,
    HELLO,
    ORDERS,
    answered,
    archive,
    as_bytes,
    bundled,
    changed,
    hand_in,
    solved,
    untouched,
)


@pytest.fixture
def read(tmp_path, reader):
    """Reads submissions: a path, or files by path in a folder."""

    def read(source, labs=()):
        if isinstance(source, dict):
            source = hand_in(tmp_path / "class", source)
        return read_submissions(source, COURSE, tmp_path / "scratch", labs, reader)

    return read


def only(intake):
    [work] = intake.works
    return work


def rejected(intake):
    work = only(intake)
    assert work.path is None
    return work.rejected


# Folders


def test_each_folder_is_a_student_and_each_notebook_a_submission(read):
    found = read({f"ana/{HELLO}": untouched(), f"ana/{ORDERS}": untouched(ORDERS), f"bo/{HELLO}": untouched()})
    assert [(work.student.id, work.lab) for work in found.works] == [
        ("ana", "hello_lambda"),
        ("ana", "orders_pipeline"),
        ("bo", "hello_lambda"),
    ]
    assert [work.submission.path.name for work in found.works] == [HELLO, ORDERS, HELLO]
    assert not any(work.rejected for work in found.works)


def test_notebook_in_a_subfolder_is_found_and_checkpoints_and_hidden_files_are_not(read):
    files = {f"ana/week 1/{HELLO}": untouched(), f"ana/.ipynb_checkpoints/{HELLO}": "x", f"ana/._{HELLO}": "x"}
    assert only(read(files)).lab == "hello_lambda"


def test_notebook_of_another_name_is_recognised_by_the_lab_that_it_opens(read):
    assert only(read({"ana/homework.ipynb": untouched()})).lab == "hello_lambda"


def test_notebook_of_another_name_that_opens_nothing_is_recognised_by_its_tasks(read):
    notebook = untouched(ORDERS)
    notebook["cells"] = [cell for cell in notebook["cells"] if "open_lab" not in "".join(cell["source"])]
    assert only(read({"ana/homework.ipynb": notebook})).lab == "orders_pipeline"


def test_open_lab_in_a_comment_does_not_count(read):
    notebook = untouched()
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": '# open_lab("orders_pipeline")\n'})
    assert only(read({"ana/x.ipynb": notebook})).lab == "hello_lambda"


def test_files_beside_the_notebook_are_not_complained_of(read):
    found = read({f"ana/{HELLO}": untouched(), "ana/notes.txt": "x", "roster.csv": "x"})
    assert not only(found).rejected
    assert found.notices == ["roster.csv is in no student's folder; it was left out."]


def test_empty_folder_is_a_row(read, tmp_path):
    (tmp_path / "class" / "ana").mkdir(parents=True)
    assert rejected(read(tmp_path / "class")) == "nothing was handed in"


def test_folder_without_students_gives_nothing(read, tmp_path):
    assert read(tmp_path).works == []


def test_missing_folder_and_a_file_that_is_no_archive_are_usage_errors(read, tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        read(tmp_path / "none")
    (tmp_path / "class.zip").write_text("no zip")
    with pytest.raises(UsageError, match="neither a folder nor a zip archive"):
        read(tmp_path / "class.zip")


@pytest.mark.parametrize("letter", ["x", "ж", "x (1)"])
def test_notebook_of_the_longest_name_that_a_file_may_have_is_read_as_one(read, letter):
    name = letter * ((255 - len(".ipynb")) // len(letter.encode())) + ".ipynb"
    [work] = read({f"ana/{name}": untouched()}).works
    assert (work.rejected, work.lab) == ("", "hello_lambda")


# What Canvas and Moodle let one download


@pytest.mark.parametrize(
    ("path", "student", "number", "file", "late"),
    [
        ("doejane_12345_678910_01_hello_lambda.ipynb", "doejane_12345", "12345", HELLO, False),
        ("doejane_LATE_12345_678910_01_hello_lambda-1.ipynb", "doejane_12345", "12345", HELLO, True),
        ("müllerzoë_7_8_x.ipynb", "müllerzoë_7", "7", "x.ipynb", False),
        ("anon_4xTb2_678_01_hello_lambda.ipynb", "anon_4xTb2", "4xTb2", HELLO, False),
        ("LATE_anon_4xTb2_678_x.ipynb", "anon_4xTb2", "4xTb2", "x.ipynb", True),
        ("submissions/latella_1_2_x.ipynb", "latella_1", "1", "x.ipynb", False),
        ("Jane Doe_345_assignsubmission_file_/x.ipynb", "Jane Doe_345", "345", "x.ipynb", False),
        ("Jane Doe_345_assignsubmission_file/deep/x (2).ipynb", "Jane Doe_345", "345", "x.ipynb", False),
        ("Jane Doe_345_assignsubmission_file_x.ipynb", "Jane Doe_345", "345", "x.ipynb", False),
        ("Participant_17_assignsubmission_file/x.ipynb", "Participant_17", "17", "x.ipynb", False),
    ],
)
def test_name_of_a_download_tells_whose_it_is(path, student, number, file, late):
    found = place_of(Path(path))
    assert (found.student.id, found.student.number, found.file, found.late) == (student, number, file, late)


@pytest.mark.parametrize(
    "name",
    [
        "bea_4711_1_01_hello_lambda.ipynb",
        "hello_lambda_2026_11_20.ipynb",
        "Bea_12_assignsubmission_file_x.ipynb",
        "Bea_12_assignsubmission_file_/x.ipynb",
        "submissions/bea_4711_1_x.ipynb",
    ],
)
def test_what_students_call_their_files_makes_them_nobody_else(name):
    assert place_of(Path("mallory", name)).student == Student("mallory", "mallory")


def test_course_notebook_alone_is_nobodys():
    assert place_of(Path(HELLO)) is None


def test_canvas_archive_is_read_with_late_marks_and_the_last_attempt(read, tmp_path):
    again = answered(role="print('again')")
    files = {
        f"doejane_LATE_12_100_{HELLO}": untouched(),
        "doejane_LATE_12_101_01_hello_lambda-1.ipynb": again,
        f"roeric_13_99_{HELLO}": untouched(),
    }
    jane, eric = read(archive(tmp_path / "class.zip", files)).works
    assert (jane.student.id, jane.student.system, jane.late, jane.tasks["role"]) == (
        "doejane_12",
        "canvas",
        True,
        "print('again')",
    )
    assert jane.note == (
        "doejane_LATE_12_101_01_hello_lambda-1.ipynb counts, the newest; "
        "not graded: doejane_LATE_12_100_01_hello_lambda.ipynb"
    )
    assert (eric.student.id, eric.late, eric.note) == ("roeric_13", False, "")


def test_moodle_archive_and_its_unpacked_folder_are_read_alike(read, tmp_path):
    path = f"Jane Doe_345_assignsubmission_file/{HELLO}"
    text = "Jane Doe_345_assignsubmission_onlinetext/onlinetext.html"
    zipped = only(read(archive(tmp_path / "class.zip", {path: untouched(), text: "hello"})))
    unpacked = only(
        read_submissions(hand_in(tmp_path / "class", {path: untouched(), text: "hello"}), COURSE, tmp_path / "b")
    )
    assert zipped.student == unpacked.student
    assert (zipped.student.name, zipped.student.system, zipped.digest) == ("Jane Doe", "moodle", unpacked.digest)


def test_archive_of_one_folder_with_the_students_folders_is_unwrapped(read, tmp_path):
    files = {f"class/ana/{HELLO}": untouched(), f"class/bo/{HELLO}": untouched(), "__MACOSX/class/x": "x"}
    assert [work.student.id for work in read(archive(tmp_path / "c.zip", files)).works] == ["ana", "bo"]


# One notebook a student and lab


def test_newest_of_several_notebooks_counts_and_is_named(read, tmp_path):
    folder = hand_in(tmp_path / "class", {"ana/a.ipynb": answered(role="1"), "ana/b.ipynb": answered(role="2")})
    os.utime(folder / "ana/a.ipynb", (2_000_000_000, 2_000_000_000))
    work = only(read(folder))
    assert work.tasks["role"] == "1"
    assert work.note == "ana/a.ipynb counts, the newest; not graded: ana/b.ipynb"


def test_names_are_compared_without_what_makes_no_other_name():
    for other in ("JOSE\u0301 m", "Ｊｏｓé m", "Jos\u200bé\xa0M\u202e"):
        assert same_student(" José  M") == same_student(other)


def test_bad_second_notebook_does_not_spoil_the_good_one(read):
    work = only(read({f"ana/{HELLO}": untouched(), f"ana/old/{HELLO}": "garbage"}))
    assert (work.lab, work.rejected) == ("hello_lambda", "")
    assert work.note == f"ana/{HELLO} counts, the newest; not graded: ana/old/{HELLO} (cannot be)"


def test_one_row_a_lab_comes_of_good_and_bad_files_even_where_they_do_not_say_their_lab(read):
    files = {f"ana/{HELLO}": untouched(), "ana/draft.ipynb": "garbage", "ana/notes.txt": "x"}
    work = only(read(files, ["hello_lambda"]))
    assert (work.lab, work.rejected) == ("hello_lambda", "")


def test_notebook_of_no_lab_beside_a_good_one_is_left_out_and_named(read):
    found = read({f"ana/{HELLO}": untouched(), "ana/draft.ipynb": "garbage"})
    assert only(found).rejected == ""
    [notice] = found.notices
    assert notice.startswith("ana/draft.ipynb was left out: draft.ipynb: it is no notebook: it is not JSON")


# Bad input: a row each, with a reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("import boto3", "it is no notebook: it is not JSON"),
        ("[1, 2]", "it is no notebook: it has no cells"),
        ('{"cells": 3}', "it is no valid notebook"),
        ('{"cells": [[]], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "it is no valid notebook"),
        ('{"cells": ' + "[" * 100_000, "it is no notebook: it is not JSON"),
        (b"PK\x03\x04 ...", "it is a zip archive: hand in the notebook itself"),
        ('{"cells": [], "é": 1}'.encode("latin-1"), "its encoding cannot be told: save it as UTF-8"),
    ],
)
def test_file_that_is_no_notebook_says_so(read, content, reason):
    assert rejected(read({f"ana/{HELLO}": content})).startswith(f"{HELLO}: {reason}")


def test_other_document_is_named(read):
    reason = "report.docx: it is no notebook: its name does not end in .ipynb"
    assert rejected(read({"ana/report.docx": "x"})) == reason


def test_what_says_no_lab_is_put_down_for_the_only_lab_asked_for(read):
    assert only(read({"ana/report.docx": "x"}, ["pets_api"])).lab == "pets_api"


@pytest.mark.parametrize(
    ("name", "notebook", "labs", "reason"),
    [
        (ORDERS, untouched(), (), f"{ORDERS}: wrong lab: it is called {ORDERS}, but opens hello_lambda"),
        ("x.ipynb", untouched(ORDERS), ["hello_lambda"], "wrong lab: handed in orders_pipeline"),
    ],
)
def test_wrong_lab_is_named(read, name, notebook, labs, reason):
    assert rejected(read({f"ana/{name}": notebook}, labs)) == reason


def test_lab_that_the_course_does_not_have_is_named(read):
    text = json.dumps(untouched()).replace("hello_lambda", "other_lab")
    assert rejected(read({"ana/x.ipynb": text})) == (
        "x.ipynb: wrong lab: it opens 'other_lab', which the course does not have"
    )


def opening(*sources):
    """The untouched notebook with these cells in place of those that open the lab."""
    notebook = untouched()
    notebook["cells"] = [cell for cell in notebook["cells"] if "open_lab(" not in "".join(cell["source"])]
    notebook["cells"] += [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    return notebook


def test_notebook_that_opens_two_labs_says_so(read):
    found = read({"ana/x.ipynb": opening('open_lab("hello_lambda")', 'lab_harness.open_lab("pets_api")')})
    assert rejected(found) == "x.ipynb: wrong lab: it opens several labs: hello_lambda, pets_api"


def test_notebook_of_no_lab_says_so(read):
    notebook = opening()
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["metadata"].get("tags")]
    reason = "x.ipynb: it is of no lab: no cell calls open_lab, and its name is none of the course's"
    assert rejected(read({"ana/x.ipynb": notebook})) == reason


def test_lab_is_recognised_in_a_cell_that_is_no_python_alone(read):
    found = read({"ana/x.ipynb": opening('%matplotlib inline\nlab = open_lab("termination_alert")')})
    assert only(found).rejected == ("x.ipynb: no task cells: none of its cells belongs to a task of termination_alert")


def test_odd_tags_and_sources_in_lines_are_evened_out(read):
    notebook = untouched()
    notebook["cells"][2]["metadata"]["tags"] = "open"
    assert not only(read({f"ana/{HELLO}": notebook})).rejected


def test_notebook_without_task_cells_says_so(read):
    notebook = untouched()
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["metadata"].get("tags")]
    assert rejected(read({f"ana/{HELLO}": notebook})) == (
        f"{HELLO}: no task cells: none of its cells belongs to a task of hello_lambda"
    )


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
        {"kernelspec": {"name": "ir", "display_name": "R"}},
        {"language_info": {"name": "R"}},
    ],
)
def test_wrong_kernel_is_named(read, metadata):
    reason = rejected(read({f"ana/{HELLO}": untouched() | {"metadata": metadata}}))
    assert reason == f"{HELLO}: wrong kernel: R; the course is written in Python"


@pytest.mark.parametrize("metadata", [{}, {"kernelspec": {"name": "conda-env-x-py", "language": "python"}}])
def test_kernel_of_another_name_is_as_good(read, metadata):
    assert not only(read({f"ana/{HELLO}": untouched() | {"metadata": metadata}})).rejected


def test_file_that_is_too_large_says_so(read):
    notebook = answered(role="#" * handed_in.MAX_FILE)
    assert "larger than 10 MB" in rejected(read({f"ana/{HELLO}": notebook}))


def test_link_and_unreadable_file_are_not_followed(read, tmp_path):
    secret = hand_in(tmp_path, {"secret.ipynb": untouched()}) / "secret.ipynb"
    folder = hand_in(tmp_path / "class", {f"bo/{HELLO}": untouched()})
    (folder / "ana").mkdir()
    (folder / "ana" / HELLO).symlink_to(secret)
    os.mkfifo(folder / "bo" / "02_orders_pipeline.ipynb")
    reasons = {work.student.id: work.rejected for work in read(folder).works if work.rejected}
    assert reasons == {"ana": f"{HELLO}: it is a link, not a file", "bo": f"{ORDERS}: it is no regular file"}


def test_one_bad_file_does_not_stop_the_others(read, monkeypatch):
    monkeypatch.setattr("lab_harness.grading.intake.submissions.write_cells", lambda *_: 1 / 0)
    assert rejected(read({f"ana/{HELLO}": untouched()})).endswith(
        "it cannot be read: ZeroDivisionError: division by zero"
    )


# Archives that mean harm


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (f"ana/../../{HELLO}", "its name in the archive leads out of the archive"),
        (f"/ana/{HELLO}", "its name in the archive leads out of the archive"),
        (f"..\\ana\\{HELLO}", "its name in the archive leads out of the archive"),
        (f"C:/ana/{HELLO}", "its name in the archive leads out of the archive"),
        ("ana/COM1.ipynb", "its name is that of a device"),
        ("ana/link.ipynb", "it is a link, not a file"),
    ],
)
def test_path_tricks_are_refused_and_write_nothing(read, tmp_path, name, reason):
    before = {path for path in tmp_path.parent.rglob("*") if path.is_file()}
    path = archive(tmp_path / "class.zip", {name: untouched(), f"bo/{HELLO}": untouched()})
    works = read(path).works
    assert [work.rejected.partition(": ")[2] for work in works if work.rejected] == [reason]
    after = {path for path in tmp_path.parent.rglob("*") if path.is_file()} - before - {path}
    assert [each.relative_to(tmp_path / "scratch").name for each in after] == [HELLO]


def test_zip_bomb_is_refused_by_its_promise(read, tmp_path):
    path = archive(tmp_path / "class.zip", {f"ana/{HELLO}": b" " * 300_000_000})
    assert "it is a zip bomb: " in rejected(read(path))


def test_large_notebook_is_called_no_bomb_and_one_that_says_the_same_over_and_over_is_read(read, tmp_path):
    talkative = untouched()
    talkative["cells"][-1] |= {"cell_type": "code", "execution_count": 1, "outputs": []}
    talkative["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "again\n" * 1_000_000}]
    files = {f"ana/{HELLO}": b" " * 50_000_000, f"bo/{HELLO}": talkative}
    ana, bo = read(archive(tmp_path / "class.zip", files)).works
    assert ana.rejected == f"{HELLO}: it is larger than 10 MB; clear its outputs and hand it in again"
    assert bo.rejected == ""


def test_zip_bomb_that_lies_about_its_size_is_refused_by_what_comes(read, tmp_path):
    path = archive(tmp_path / "class.zip", {f"ana/{HELLO}": b" " * 30_000_000})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    path.write_bytes(data)
    assert "damaged in the archive" in rejected(read(path)) or "larger than" in rejected(read(path))


def test_damaged_and_encrypted_entries_are_rows(read, tmp_path):
    path = archive(tmp_path / "class.zip", {f"ana/{HELLO}": untouched(), f"bo/{HELLO}": untouched()})
    data = bytearray(path.read_bytes())
    data[80:90] = b"x" * 10
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    ana, bo = read(path).works
    assert "it is damaged in the archive" in ana.rejected
    assert "it is encrypted" in bo.rejected


def test_archive_is_read_within_limits(read, tmp_path, monkeypatch):
    files = {f"{name}/{HELLO}": untouched() for name in ("ana", "bo")}
    path = archive(tmp_path / "class.zip", files)
    monkeypatch.setattr(handed_in, "MAX_UNPACKED", len(as_bytes(untouched())) + 10)
    ana, bo = read(path).works
    assert (ana.rejected, bo.rejected) == ("", f"{HELLO}: the archive holds more than 0 MB")
    monkeypatch.setattr(handed_in, "MAX_FILES", 1)
    with pytest.raises(UsageError, match="2 entries"):
        read(path)


def test_archive_with_a_broken_directory_is_a_usage_error(read, tmp_path):
    path = archive(tmp_path / "class.zip", {f"ana/{HELLO}": untouched()})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UsageError):
        read(path)
    assert not zipfile.is_zipfile(path)


# Bundles of `lab submit`

BUNDLE = "hello_lambda-ana-example.zip"


def test_bundle_is_taken_wherever_a_notebook_is_and_named_by_where_it_lies(read, tmp_path):
    content = bundled(answered(role="mine()"), student="Ana Example")
    places = {
        f"ana/{BUNDLE}": "ana",
        f"doejane_LATE_12_100_{BUNDLE}": "doejane_12",
        f"Jane Doe_345_assignsubmission_file/{BUNDLE}": "Jane Doe_345",
        BUNDLE: "Ana Example",
    }
    for number, (path, student) in enumerate(places.items()):
        folder = hand_in(tmp_path / str(number), {path: content})
        for source in (folder, archive(tmp_path / f"{number}.zip", {path: content, "empty.txt": ""})):
            work = only(read_submissions(source, COURSE, tmp_path / f"to-{number}-{source.suffix}"))
            assert (work.student.id, work.lab, work.rejected) == (student, "hello_lambda", "")
            assert (work.tasks["role"], work.path.name) == ("mine()", HELLO)
            assert work.origin.student == "Ana Example"


def test_bundle_has_the_digest_of_its_notebook(read):
    ana, bo = read({f"ana/{HELLO}": answered(role="1"), f"bo/{BUNDLE}": bundled(answered(role="1"))}).works
    assert ana.digest == bo.digest
    assert ana.origin is None


def test_one_bundle_alone_is_a_class_of_one(read, tmp_path):
    (tmp_path / BUNDLE).write_bytes(bundled(untouched(), student="Ana Example"))
    assert only(read(tmp_path / BUNDLE)).student.id == "Ana Example"


def test_bundle_that_was_changed_is_a_row_of_its_lab(read):
    content = bundled(untouched(), student="Ana Example")
    broken = content.replace(b"manifest.sig", b"manifest.SIG")
    found = read({f"ana/{BUNDLE}": broken, BUNDLE: broken})
    reason = f"{BUNDLE}: manifest.json was changed after `lab submit` made the bundle"
    assert [(work.student.id, work.lab, work.rejected) for work in found.works] == [
        ("ana", "hello_lambda", reason),
        (BUNDLE.removesuffix(".zip"), "hello_lambda", reason),
    ]


def test_changed_copy_of_anothers_bundle_is_rejected_and_linked_to_its_owner(read):
    hers = bundled(answered(), student="Ana")
    his = changed(hers, **{HELLO.partition(".")[0]: b"{}"})
    ana, bo, loose = read({f"ana/{BUNDLE}": hers, f"bo/{BUNDLE}": his, "hello_lambda-cy.zip": his}).works
    assert (ana.rejected, ana.note) == ("", "")
    for work in (bo, loose):
        assert work.rejected.endswith("was changed after `lab submit` made the bundle")
        assert work.note == "it was made as Ana's"
        assert work.origin.key == ana.origin.key
    assert loose.student.id == "hello_lambda-cy"  # not Ana, whose row a changed copy must not reach


def test_own_bundle_that_was_changed_is_no_copy(read):
    work = only(read({f"ana/{BUNDLE}": changed(bundled(answered(), student="Ana"), more=b"")}))
    assert work.rejected and not work.note


def test_archive_that_is_no_bundle_is_a_row_in_a_students_folder_and_left_out_elsewhere(read, tmp_path):
    archive(tmp_path / "data.zip", {HELLO: untouched()})
    content = (tmp_path / "data.zip").read_bytes()
    found = read({"ana/work.zip": content, "data.zip": content, f"bo/{HELLO}": untouched(), "bo/data.zip": content})
    assert [(work.student.id, work.rejected.partition(",")[0]) for work in found.works] == [
        ("ana", "work.zip: it is a zip archive"),
        ("bo", ""),
    ]
    assert [notice.partition(":")[0] for notice in found.notices] == [
        "data.zip is in no student's folder; it was left out.",
        "bo/data.zip was left out",
    ]


def test_archive_of_a_folder_of_bundles_is_a_class_and_one_of_a_students_folder_is_the_student(read, tmp_path):
    ana, bo = (bundled(untouched(), student=name) for name in ("Ana", "Bo"))
    mailed = archive(tmp_path / "a.zip", {"mails/hello_lambda-ana.zip": ana, "mails/hello_lambda-bo.zip": bo})
    assert [work.student.id for work in read(mailed).works] == ["Ana", "Bo"]
    alone = archive(tmp_path / "b.zip", {f"ana/{BUNDLE}": ana})
    assert only(read_submissions(alone, COURSE, tmp_path / "other")).student.id == "ana"


def test_the_same_handed_in_twice_is_not_worth_a_note(read):
    files = {f"ana/{HELLO}": untouched(), f"ana/{BUNDLE}": bundled(untouched()), f"ana/b/{HELLO}": untouched()}
    assert only(read(files)).note == ""


def test_bundle_of_another_lab_than_it_says_is_the_wrong_lab(read):
    work = only(read({f"ana/{BUNDLE}": bundled(untouched(ORDERS))}))
    assert f"wrong lab: it is called {HELLO}, but opens orders_pipeline" in work.rejected


# However it was saved


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("utf-32"),
    ],
)
def test_notebook_in_any_unicode_encoding_is_the_same(read, encode):
    text = json.dumps(answered(role="print('é')"), ensure_ascii=False)
    assert only(read({f"ana/{HELLO}": encode(text)})).tasks["role"] == "print('é')"


def test_notebook_without_ids_or_with_doubled_ones_gets_ids(read):
    without = untouched() | {"nbformat_minor": 4}
    for cell in without["cells"]:
        del cell["id"]
    doubled = untouched(ORDERS)
    doubled["cells"].append(doubled["cells"][-1])
    for work in read({f"ana/{HELLO}": without, f"ana/{ORDERS}": doubled}).works:
        ids = [cell.id for cell in nbformat.read(work.path, 4).cells]
        assert len(ids) == len(set(ids)) > 10


def test_notebook_of_format_3_is_brought_up_to_date(read):
    cells = [
        {
            "cell_type": "code",
            "language": "python",
            "metadata": {},
            "input": 'lab = open_lab("hello_lambda")',
            "outputs": [],
        },
        {"cell_type": "code", "language": "python", "metadata": {"tags": ["task:role"]}, "input": "1", "outputs": []},
    ]
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": cells, "metadata": {}}],
    }
    work = only(read({"ana/x.ipynb": old}))
    assert (work.lab, work.tasks) == ("hello_lambda", {"role": "1"})


def test_tags_that_an_editor_lost_come_back_by_the_cells_ids(read):
    notebook = answered(role="mine()")
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    assert only(read({f"ana/{HELLO}": notebook})).tasks["role"] == "mine()"


def test_outputs_prose_and_layout_of_the_file_do_not_change_the_digest_but_code_does(read):
    run = answered(role="1")
    for cell in run["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": 7, "outputs": [{"output_type": "nonsense"}]}
        else:
            cell["source"] = "other words"
    digests = [
        work.digest
        for work in read(
            {
                f"ana/{HELLO}": answered(role="1"),
                f"bo/{HELLO}": json.dumps(run, indent=4),
                f"cy/{HELLO}": answered(role="2"),
            }
        ).works
    ]
    assert digests[0] == digests[1] != digests[2]


def test_what_cleans_up_is_not_run(read):
    hello = untouched()
    for cell in hello["cells"]:
        cell["source"] = "".join(cell["source"]).replace("CLEAN_UP = False", "CLEAN_UP = True")
    pets = solved(load_lab("pets_api"))
    files = {f"ana/{HELLO}": hello, "ana/05_pets_api.ipynb": pets}
    for work in read(files).works:
        sources = [cell.source for cell in nbformat.read(work.path, 4).cells if cell.cell_type == "code"]
        assert len(sources) > 10
        assert not [source for source in sources if "CLEAN_UP" in source or "delete_usage_plan(" in source]
