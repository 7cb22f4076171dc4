"""The file that `lab submit` makes and `lab grade` reads: a zip archive with a signed list of what it holds.

The key belongs to the learner. So the signature proves that nothing was changed after the bundle was made, and bundles
with the same key come from the same installation. It does not prove who made a bundle, or that its report and its log
are true.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lab_harness.handing_in.archives import files_of_one
from lab_harness.handing_in.rejected import Rejected
from lab_harness.render import one_line

MANIFEST, SIGNATURE, REPORT, ATTEMPTS = "manifest.json", "manifest.sig", "report.json", "attempts.json"
FORMAT_VERSION = 1
LONGEST_NAME = 100
NOT_OURS = "it is a zip archive, but none that `lab submit` made: hand in the notebook itself"

T = TypeVar("T")
# What a lab's log can hold at most: its maker may have written anything into it.
Few = msgspec.Meta(max_length=500)
Name = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
Times = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The list in a bundle. `files` has each file's SHA-256, by name; `key` is the public key of the signature."""

    format_version: int = FORMAT_VERSION
    lab: str
    notebook: str
    student: str
    made: datetime
    versions: dict[str, str]
    files: dict[str, str]
    key: bytes


class CheckLog(msgspec.Struct, frozen=True):
    """How often a check was tried, and when it first passed."""

    tries: Times = 0
    first_passed: datetime | None = None


class TaskLog(msgspec.Struct, frozen=True):
    """The help that was used for a task."""

    hints: Times = 0
    solution_shown: bool = False


class QuestionLog(msgspec.Struct, frozen=True):
    """How often a question of the quiz was answered, and when the answer was first right."""

    tries: Times = 0
    first_right: datetime | None = None


class Attempts(msgspec.Struct, frozen=True, kw_only=True):
    """The attempt log of one lab, as the learner's machine has kept it."""

    format_version: int = FORMAT_VERSION
    asked: Times = 0
    checks: Annotated[dict[Name, CheckLog], Few] = {}
    tasks: Annotated[dict[Name, TaskLog], Few] = {}
    quiz: Annotated[dict[Name, QuestionLog], Few] = {}

    @property
    def tries(self) -> int:
        """How often the learner had checks run; one run of thirteen checks is one try.

        Earlier versions did not count that: there it is how often the check ran that ran most.
        """
        return max([self.asked, *(check.tries for check in self.checks.values())])

    @property
    def hints(self) -> int:
        return sum(task.hints for task in self.tasks.values())

    @property
    def solutions(self) -> list[str]:
        """The tasks whose solution was shown."""
        return [name for name, task in self.tasks.items() if task.solution_shown]

    @property
    def right(self) -> int:
        """How many questions were answered right in the end."""
        return sum(question.first_right is not None for question in self.quiz.values())


class Origin(msgspec.Struct, frozen=True):
    """What a bundle tells about its notebook: whose it is, when it was made, with which key, after which attempts.

    A bundle that is not `intact` was changed after it was made: what it tells then is where it was taken from.
    """

    student: Name
    made: datetime
    key: Name  # hexadecimal
    attempts: Attempts
    intact: bool = True


@dataclass(frozen=True)
class Bundle:
    """A bundle with a valid signature."""

    manifest: Manifest
    notebook: bytes
    attempts: Attempts

    @property
    def origin(self) -> Origin:
        return _origin(self.manifest, self.attempts)


def pack(manifest: Manifest, contents: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """A bundle of these files: their list goes into the manifest, which is signed."""
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    listed = msgspec.structs.replace(manifest, files=files, key=key.public_key().public_bytes_raw())
    said = msgspec.json.format(msgspec.json.encode(listed), indent=2)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**contents, MANIFEST: said, SIGNATURE: key.sign(said)}.items():
            archive.writestr(name, content)
    return packed.getvalue()


def unpack(content: bytes) -> Bundle:
    """The bundle in a zip archive. Raises Rejected with the reason if it is not a bundle, or was changed."""
    found = _files(content)
    said = found.pop(MANIFEST)
    manifest = _read(said, Manifest, MANIFEST)
    try:
        return _intact(manifest, said, found)
    except Rejected as reason:
        reason.origin = _origin(manifest, Attempts(), intact=False)
        raise


def _intact(manifest: Manifest, said: bytes, found: dict[str, bytes]) -> Bundle:
    """The bundle, if it is as it was made."""
    _insist_on_signature(manifest, said, found.pop(SIGNATURE, b""))
    for name, digest in manifest.files.items():
        if name not in found:
            raise Rejected(f"{name} was removed after `lab submit` made the bundle")
        if hashlib.sha256(found[name]).hexdigest() != digest:
            raise Rejected(f"{name} was changed after `lab submit` made the bundle")
    if added := set(found) - set(manifest.files):
        raise Rejected(f"{min(added)} was added after `lab submit` made the bundle")
    if manifest.notebook not in found:
        raise Rejected("its manifest names no notebook")
    return Bundle(manifest, found[manifest.notebook], _read(found.get(ATTEMPTS, b"{}"), Attempts, ATTEMPTS))


def _origin(manifest: Manifest, attempts: Attempts, *, intact: bool = True) -> Origin:
    student = one_line(manifest.student, LONGEST_NAME)
    return Origin(student, manifest.made, manifest.key.hex()[:LONGEST_NAME], attempts, intact)


def _files(content: bytes) -> dict[str, bytes]:
    """The files in the manifest's folder, by name. If a student has packed the bundle again, there may be a folder."""
    files = list(files_of_one(content))
    manifest = next((file.path for file in files if file.path.name == MANIFEST), None)
    if manifest is None:
        raise Rejected(NOT_OURS)
    found: dict[str, bytes] = {}
    for file in files:
        beside = file.path.is_relative_to(manifest.parent)
        name = str(file.path.relative_to(manifest.parent) if beside else file.path)
        if name in found:
            raise Rejected(f"it holds {name} twice")
        found[name] = file.read()
    return found


def _read(content: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (ValueError, RecursionError) as error:
        raise Rejected(f"its {name} cannot be read: {error}") from error


def _insist_on_signature(manifest: Manifest, said: bytes, signature: bytes) -> None:
    if manifest.format_version > FORMAT_VERSION:
        raise Rejected("a newer version of the course made it")
    try:
        Ed25519PublicKey.from_public_bytes(manifest.key).verify(signature, said)
    except (InvalidSignature, ValueError) as error:
        raise Rejected(f"{MANIFEST} was changed after `lab submit` made the bundle") from error
