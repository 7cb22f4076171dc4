"""Who hands in: the student's name, and the key that signs what this installation hands in."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from lab_harness.errors import CourseError, UsageError
from lab_harness.private import private_file, private_folder

KEY, STUDENT = "submit-key.pem", "student.txt"  # in the course's home


def student_name(given: str) -> str:
    """The name as it is handed in: in one line. UsageError where nothing of it can be read."""
    name = " ".join(given.split())
    if not name or not name.isprintable():
        raise UsageError('Say who you are, once: lab submit LAB --student "YOUR NAME", or in the panel.')
    return name


def remembered_student(home: Path) -> str:
    """The student's name that was given last; empty if there is none."""
    try:
        return (home / STUDENT).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def remember_student(home: Path, name: str) -> None:
    """Save the student's name for the next time."""
    try:
        private_file(home / STUDENT).write_text(f"{name}\n", encoding="utf-8")
    except OSError as error:
        raise CourseError.unwritable(f"{home / STUDENT} cannot be written", error) from error


def signing_key(home: Path) -> Ed25519PrivateKey:
    """The key of this installation. It is made at first use; only its user can read it."""
    path = home / KEY
    try:
        private_folder(home)
        if not path.exists():
            _make_key(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise CourseError.unwritable(f"{path} cannot be used", error) from error
    except (ValueError, TypeError) as error:
        raise CourseError(f"{path} is no key any more. Delete it, and the next `lab submit` makes another.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CourseError(f"{path} is a key of another kind. Delete it, and the next `lab submit` makes another.")
    return key


def _make_key(path: Path) -> None:
    """Write a new key. If two commands do this at the same time, the first key stays."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    said = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(said)
    if path.exists():
        new.unlink()
    else:
        new.replace(path)
