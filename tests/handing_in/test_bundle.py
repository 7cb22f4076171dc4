"""Tests for the bundle of `lab submit`: what was put in comes out, and whatever was changed since is named."""

import io
import json
import zipfile
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab_harness.handing_in.bundle import NOT_OURS, Attempts, CheckLog, Manifest, QuestionLog, TaskLog, pack, unpack
from lab_harness.handing_in.rejected import Rejected
from tests.grading.handing_in import HELLO, bundled

LOG = Attempts(
    checks={"a": CheckLog(3), "b": CheckLog(2)},
    tasks={"role": TaskLog(2), "code": TaskLog(1, True)},
    quiz={"q1": QuestionLog(2, datetime(2026, 11, 20, tzinfo=UTC)), "q2": QuestionLog(1)},
)


def files_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def rejected(content):
    with pytest.raises(Rejected) as caught:
        unpack(content)
    return str(caught.value)


def test_bundle_gives_back_notebook_and_log_and_who_made_it():
    key = Ed25519PrivateKey.generate()
    found = unpack(bundled({"cells": []}, student="Ana", key=key, attempts=LOG))
    assert json.loads(found.notebook) == {"cells": []}
    assert found.attempts == LOG
    assert (found.origin.student, found.origin.key) == ("Ana", key.public_key().public_bytes_raw().hex())


def test_attempt_log_is_summed_up():
    assert (LOG.hints, LOG.solutions, LOG.right) == (3, ["code"], 1)


def test_what_an_attempt_log_does_not_say_has_not_happened():
    found = msgspec.json.decode(b'{"checks": {"a": {}}, "tasks": {"role": {}}, "quiz": {"q1": {}}}', type=Attempts)
    assert (found.tries, found.hints, found.solutions, found.right) == (0, 0, [], 0)
    assert (found.quiz["q1"].tries, found.checks["a"].first_passed) == (0, None)


def test_a_try_is_a_run_of_checks_however_many_they_are():
    thirteen = {f"check_{number}": CheckLog(6) for number in range(13)}
    assert Attempts(asked=6, checks=thirteen).tries == 6
    assert Attempts(checks=thirteen).tries == 6  # of an earlier version, which did not count runs
    assert Attempts(asked=9, checks=thirteen).tries == 9  # now of this task, now of that
    assert Attempts().tries == 0


@pytest.mark.parametrize("name", [HELLO, "attempts.json", "manifest.json"])
def test_file_that_was_changed_is_named(name):
    files = files_of(bundled({"cells": []}))
    files[name] = files[name].replace(b"{", b"{ ", 1)
    assert rejected(packed(files)) == f"{name} was changed after `lab submit` made the bundle"


def test_file_that_was_removed_or_added_is_named():
    files = files_of(bundled({"cells": []}))
    assert "other.py was added after" in rejected(packed(files | {"other.py": b""}))
    del files["attempts.json"]
    assert "attempts.json was removed after" in rejected(packed(files))
    del files["manifest.sig"]
    assert "manifest.json was changed after" in rejected(packed(files))


@pytest.mark.parametrize("name", [HELLO, "attempts.json", "manifest.json"])
def test_bundle_that_was_changed_still_tells_where_it_was_taken_from(name):
    key = Ed25519PrivateKey.generate()
    files = files_of(bundled({"cells": []}, student="Ana", key=key, attempts=LOG))
    files[name] = files[name].replace(b"{", b"{ ", 1)
    with pytest.raises(Rejected) as caught:
        unpack(packed(files))
    origin = caught.value.origin
    assert (origin.student, origin.key) == ("Ana", key.public_key().public_bytes_raw().hex())
    assert (origin.intact, origin.attempts) == (False, Attempts())  # the log may have been changed


def test_signature_of_another_key_is_no_signature():
    files = files_of(bundled({"cells": []}))
    other = Ed25519PrivateKey.generate()
    signed = files | {"manifest.sig": other.sign(files["manifest.json"])}
    assert "manifest.json was changed after" in rejected(packed(signed))


def test_bundle_that_a_student_unpacked_and_packed_again_is_the_same():
    content = bundled({"cells": []})
    again = {f"hello_lambda-ana/{name}": text for name, text in files_of(content).items()}
    assert unpack(packed(again | {"__MACOSX/hello_lambda-ana/._manifest.json": b"x"})) == unpack(content)


def test_archive_that_lab_submit_did_not_make_is_refused():
    assert rejected(packed({HELLO: b"{}"})) == NOT_OURS
    assert "it is no zip archive that can be read" in rejected(b"PK\x03\x04 nonsense")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../manifest.json", "leads out of the archive"),
        ("manifest.json", "cannot be read"),
        (f"{'a/' * 30}manifest.json", "cannot be read"),
    ],
)
def test_tricks_in_a_bundle_are_refused(name, reason):
    assert reason in rejected(packed({name: b"[" * 50_000}))


def test_bomb_in_a_bundle_and_too_many_files_are_refused():
    files = files_of(bundled({"cells": []}))
    assert "it is larger than 10 MB" in rejected(packed(files | {"more.json": b" " * 20_000_000}))
    assert "it is a zip bomb" in rejected(packed(files | {"more.json": b" " * 300_000_000}))
    assert rejected(packed(files | {f"{number}.txt": b"" for number in range(60)})) == "it holds 64 files"


def test_file_that_is_there_twice_is_refused():
    files = files_of(bundled({"cells": []}))
    made = io.BytesIO(packed(files))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(made, "a") as archive:
        archive.writestr("attempts.json", b"{}")
    assert rejected(made.getvalue()) == "it holds attempts.json twice"


def resigned(**changes):
    """A bundle whose maker wrote another manifest into it, and signed it."""
    values = {"lab": "x", "notebook": HELLO, "student": "ana", "made": datetime.now(UTC), "versions": {}, "files": {}}
    manifest = Manifest(key=b"", **{**values, **changes})
    return pack(manifest, {HELLO: b"{}"}, Ed25519PrivateKey.generate())


def test_manifest_that_its_maker_signed_is_believed_nothing():
    assert "a newer version of the course made it" in rejected(resigned(format_version=2))
    assert "names no notebook" in rejected(resigned(notebook="../../other.ipynb"))
    assert unpack(resigned(student="a\x1b[2J\n\u202e" + "b" * 500)).origin.student == "a�[2J �" + "b" * 92 + "…"


def test_format_is_written_as_plain_json():
    manifest = json.loads(files_of(bundled({"cells": []}, attempts=LOG))["manifest.json"])
    assert list(manifest) == [field.name for field in msgspec.structs.fields(Manifest)]
    assert set(manifest["files"]) == {HELLO, "attempts.json"}
