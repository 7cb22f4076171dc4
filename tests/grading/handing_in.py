"""What students hand in, made up: the course's notebooks with answers in them, in folders and archives."""

import io
import json
import stat
import zipfile
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab_harness.course import Course
from lab_harness.grading.grade import Grade, Status
from lab_harness.handing_in.bundle import ATTEMPTS, Attempts, Manifest, pack
from lab_harness.lab.notebooks import solved_notebook
from tests.conftest import ROOT

COURSE = Course(ROOT)
HELLO, ORDERS = "01_hello_lambda.ipynb", "02_orders_pipeline.ipynb"


def untouched(name=HELLO):
    """The learner's notebook as a dict."""
    return json.loads((COURSE.notebooks / name).read_text(encoding="utf-8"))


def answered(name=HELLO, **tasks):
    """The learner's notebook with these answers in its task cells, as a dict."""
    notebook = untouched(name)
    for cell in notebook["cells"]:
        for tag in cell["metadata"].get("tags", []):
            if tag.removeprefix("task:") in tasks:
                cell["source"] = tasks[tag.removeprefix("task:")]
    return notebook


def solved(lab):
    """A lab's notebook with the reference answers, as a dict."""
    return json.loads(json.dumps(solved_notebook(COURSE, lab)))


def as_bytes(content):
    """Text, bytes, or a notebook as a dict, as a file holds it."""
    if isinstance(content, bytes):
        return content
    return (json.dumps(content) if isinstance(content, dict) else content).encode()


def hand_in(folder, files):
    """Write files below a folder: text, bytes, or a notebook as a dict, by path."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(as_bytes(content))
    return folder


def archive(path, files, moment=(2026, 11, 20, 12, 0, 0)):
    """Write a zip archive of files by path; a `link` entry is a symbolic link."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if name.endswith("link.ipynb"):
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(entry, as_bytes(content))
    return path


def bundled(notebook, student="ana", key=None, name=HELLO, lab="hello_lambda", attempts=None):
    """What `lab submit` makes of a notebook."""
    manifest = Manifest(
        lab=lab, notebook=name, student=student, made=datetime(2026, 11, 20, tzinfo=UTC), versions={}, files={}, key=b""
    )
    files = {name: as_bytes(notebook), ATTEMPTS: msgspec.json.encode(attempts or Attempts())}
    return pack(manifest, files, key or Ed25519PrivateKey.generate())


def changed(content, **files):
    """A bundle with other files in place of its own, by stem, or beside them."""
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        found = {name: files.pop(name.partition(".")[0], bundle.read(name)) for name in bundle.namelist()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as again:
        for name, text in (found | files).items():
            again.writestr(name, text)
    return made.getvalue()


def report(lab="hello_lambda", **outcomes):
    """A report as a grade holds it: one check of one point for each outcome named."""
    checks = [
        {
            "name": name,
            "title": f"The {name} is right",
            "task": "role",
            "outcome": outcome,
            "expected": f"a {name}" if outcome == "failed" else None,
            "found": f"no {name}" if outcome == "failed" else None,
            "next_step": "Section 1 shows it." if outcome == "failed" else None,
            "seconds": 0.1,
        }
        for name, outcome in outcomes.items()
    ]
    passed = sum(each["outcome"] == "passed" for each in checks)
    return {
        "format_version": 1,
        "lab": lab,
        "emulator": "embedded",
        "passed": passed,
        "total": len(checks),
        "points": passed,
        "total_points": len(checks),
        "checks": checks,
    }


def graded(student, lab="hello_lambda", status=Status.GRADED, reason="", errors=(), fingerprint="", **outcomes):
    """A grade with a report of these outcomes."""
    found = report(lab, **outcomes) if outcomes else None
    return Grade(student, lab, status, reason, found, errors, 1.5, 0.5, {"emulator": "ministack 1"}, fingerprint)
