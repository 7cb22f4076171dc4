"""Fuzzes what comes in with hypothesis, from names, archives, notebooks and manifests to what is written of them.

Whatever it is, nothing is raised but what a user can be told: each thing has a row or a notice. More examples are tried
by `FUZZ_EXAMPLES=10000 pytest tests/grading/intake/test_fuzz.py`.
"""

import io
import itertools
import json
import os
import shutil
import tempfile
import zipfile
from base64 import b64encode
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab_harness.errors import UsageError
from lab_harness.grading.intake import submissions
from lab_harness.grading.intake.submissions import read_submissions
from lab_harness.grading.plan import carry_out, plan
from lab_harness.grading.results import output
from lab_harness.grading.results.gradebook import open_gradebook
from lab_harness.handing_in.bundle import ATTEMPTS
from lab_harness.handing_in.handed_in import EVERYWHERE
from lab_harness.handing_in.released import releases_of
from tests.grading.handing_in import COURSE, HELLO, ORDERS, as_bytes, graded, untouched

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FROM_DISK = ("utf-8", "surrogateescape")
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SMALL = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "language": "python"}},
    "cells": [
        {"cell_type": "code", "id": "a", "metadata": {"tags": ["task:role"]}, "source": "x = 1"},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": ['lab = open_lab("hello_lambda")\n', "y"]},
    ],
}

# Names: what is in use, mixed with what is not, in characters and in bytes.

ODD = [
    "..",
    ".",
    "con",
    "",
    " ",
    "-",
    "=",
    "\x1b[2J",
    "\u202e",
    "\ud800",
    "\xff",
    "😀" * 60,
    "a" * 300,
    "\u0301",
    "ß",
    "İ",
]
PLATFORM = [
    "_assignsubmission_file_",
    "_12",
    "_LATE",
    "_12_34_",
    "anon_",
    "submissions",
    HELLO,
    "hello_lambda-a.zip",
    "(1)",
]
words = st.one_of(
    st.sampled_from(ODD + PLATFORM), st.text(st.characters(codec=None), max_size=12), st.sampled_from("aAéà")
)
names = st.lists(words, min_size=1, max_size=5).map("".join)
ends = st.sampled_from([f"/{HELLO}", f"/{ORDERS}", ".ipynb", ".zip", "/x.IPYNB", "", "/", "/a/b/c/x.ipynb", "-1.ipynb"])
paths = st.builds(lambda *parts: "".join(parts), names, ends)

# Notebooks: nearly right ones, of which something is another thing.

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
members = st.sampled_from(["nbformat", "nbformat_minor", "metadata", "cells", "worksheets", "x"])
cell_members = st.sampled_from(["cell_type", "id", "metadata", "source", "outputs"])
odd_cells = st.dictionaries(cell_members, values, max_size=4).map(lambda odd: SMALL["cells"][0] | odd)
codes = st.lists(
    st.sampled_from(["open_lab", "(", ")", '"pets_api"', "\n", "%", ".", "x", "f'{", "\x00", "  "]), max_size=30
)
code_cells = codes.map(lambda code: SMALL["cells"][0] | {"source": "".join(code)})
notebooks = st.one_of(
    st.just(SMALL),
    st.dictionaries(members, values, max_size=2).map(lambda odd: SMALL | odd),
    st.lists(odd_cells | code_cells, max_size=4).map(lambda cells: SMALL | {"cells": SMALL["cells"] + cells}),
    st.lists(odd_cells, max_size=3).map(
        lambda cells: {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}
    ),
)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-be", "latin-1"])


def written(notebook, encoding):
    return json.dumps(notebook, ensure_ascii=False).encode(encoding, "replace")


def damaged(content, changes):
    """Content of which some bytes are others, and perhaps the end is missing."""
    content = bytearray(content)
    for at, byte in changes:
        if content and byte < 256:
            content[at % len(content)] = byte
        else:
            del content[at % (len(content) + 1) :]
    return bytes(content)


changes = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 260)), max_size=4)
plain_files = st.builds(written, notebooks, encodings) | st.binary(max_size=60) | st.just(b"")
files = st.one_of(plain_files, st.builds(damaged, plain_files, changes))

# Bundles: signed manifests in which something is another thing.

manifests = st.fixed_dictionaries(
    {},
    optional={
        "format_version": st.integers(0, 2) | values,
        "lab": names,
        "notebook": st.sampled_from([HELLO, "x", "../x", ATTEMPTS]) | names,
        "student": names | values,
        "made": st.sampled_from(["2026-11-20T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", ""]),
        "versions": values,
        "files": values,
    },
)
logs = st.fixed_dictionaries({}, optional={"checks": values, "tasks": values, "quiz": values, "format_version": values})


def signed(manifest, log, notebook, more, folder):
    """A bundle of these, its manifest's signature right, whatever it says."""
    contents = {HELLO: as_bytes(notebook), ATTEMPTS: json.dumps(log).encode()}
    said = {"lab": "hello_lambda", "notebook": HELLO, "student": "ana", "made": "2026-11-20T00:00:00Z", "versions": {}}
    said["files"] = {name: sha256(content).hexdigest() for name, content in contents.items()}
    said["key"] = b64encode(KEY.public_key().public_bytes_raw()).decode()
    said = json.dumps(said | manifest).encode()
    return zipped({**contents, "manifest.json": said, "manifest.sig": KEY.sign(said), **more}, folder)


def zipped(contents, folder=""):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            with suppress(UnicodeEncodeError):  # zipfile itself writes no half characters; `damaged` does
                archive.writestr(zipfile.ZipInfo(folder + name.replace("\x00", ""), (2026, 11, 20, 0, 0, 0)), content)
    return made.getvalue()


more = st.dictionaries(names, st.binary(max_size=5), max_size=1)
bundles = st.builds(signed, manifests, logs, notebooks, more, st.sampled_from(["", "", "a/", "../"]))
everything = st.dictionaries(
    paths, st.one_of(files, bundles, st.builds(damaged, bundles, changes)), min_size=1, max_size=4
)


@pytest.fixture(scope="module")
def through(reader):
    """Takes a class the whole way, now and then twice, from reading it to the pages."""
    releases, count = releases_of(COURSE), itertools.count()

    def grade_all(submissions):
        for each in submissions:
            yield graded(each.student, each.lab, a="passed", b="failed")

    def through(source, folder):
        for turn in ("first", "second")[: 2 - bool(next(count) % 5)]:
            intake = read_submissions(source, COURSE, folder / turn, reader=reader)
            keys = [(work.student.id, work.lab) for work in intake.works]
            assert len(set(keys)) == len(keys)
            with open_gradebook(folder / "gradebook.sqlite") as gradebook:
                steps = plan(intake.works, gradebook.by_key(), lambda _: {})
                list(carry_out(steps, gradebook, grade_all, lambda _: {}))
                rows = gradebook.rows()
            assert {(row.student.id, row.lab) for row in rows} >= set(keys)
            output.write_results(folder, rows, releases, output.similar(rows, releases, reader.hash_all))
        return intake

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submissions, "releases_of", lambda _: releases)  # read once
        patch.setattr(output, "_explained", lambda _: [])  # the course's own code, each time the same
        yield through


@pytest.fixture
def folder():
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder)


def emptied(folder):
    """A new folder in a folder, in place of the one that was there."""
    shutil.rmtree(folder / "one", ignore_errors=True)
    (folder / "one").mkdir()
    return folder / "one"


def laid_down(folder, contents):
    """Write files wherever the filesystem takes their names; what it took."""
    taken = 0
    for name, content in contents.items():
        path = folder / name.replace("..", ". .").lstrip("/").encode("utf-8", "surrogatepass").decode(*FROM_DISK)
        with suppress(OSError, ValueError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            taken += 1
    return taken


@FEW
@given(contents=everything)
def test_folder_of_whatever_students_hand_in_is_graded(through, folder, contents):
    here = emptied(folder)
    (here / "class").mkdir()
    laid_down(here / "class", contents)
    intake = through(here / "class", here)
    top = [each.name for each in (here / "class").iterdir() if each.is_dir() and each.name not in EVERYWHERE]
    assert len({work.student.id for work in intake.works}) + len(intake.notices) >= len(set(top)) > -1


@FEW
@given(contents=everything, changes=changes)
def test_archive_of_whatever_students_hand_in_is_graded_or_one_message(through, folder, contents, changes):
    here = emptied(folder)
    (here / "class.zip").write_bytes(damaged(zipped(contents), changes))
    with suppress(UsageError):
        through(here / "class.zip", here)


@FEW
@given(content=bundles | files, changes=changes)
def test_one_file_of_whatever_kind_is_a_class_or_one_message(through, folder, content, changes):
    here = emptied(folder)
    (here / "hello_lambda-ana.zip").write_bytes(damaged(content, changes))
    with suppress(UsageError):
        through(here / "hello_lambda-ana.zip", here)


def test_what_is_fuzzed_is_near_what_is_right(through, folder):
    (folder / "class").mkdir()
    assert laid_down(folder / "class", {f"ana/{HELLO}": as_bytes(SMALL), f"bo/{HELLO}": as_bytes(untouched())}) == 2
    laid_down(folder / "class", {"cy/hello_lambda-cy.zip": signed({}, {}, SMALL, {}, "")})
    assert [work.rejected for work in through(folder / "class", folder).works] == ["", "", ""]
