"""Which names a new lab and its parts may have: AWS's own rules, and a length that check titles can hold."""

import re
from collections.abc import Iterator

from lab_harness.errors import UsageError

LONGEST = 30  # characters: the checks' titles name the resource, and have 60
LETTERS = r"letters, digits, hyphens and underscores"
# By kind: what is wrong with a name in which this is found.
RULES = {
    "function": ((r"[^A-Za-z0-9_-]", f"has only {LETTERS}"),),
    "api": ((r"[^A-Za-z0-9_-]", f"has only {LETTERS} here"),),
    "queue": (
        (r"\.fifo$", "ends in .fifo for a FIFO queue only, and this writes a standard queue"),
        (r"[^A-Za-z0-9_-]", f"has only {LETTERS}"),
    ),
    "table": ((r"[^A-Za-z0-9_.-]", f"has only {LETTERS}, and dots"), (r"^.{1,2}$", "has at least 3 characters")),
    "bucket": (
        (r"[A-Z]", "has no capital letters"),
        (r"[^a-z0-9.-]", "has only lower-case letters, digits, hyphens and dots"),
        (r"^.{1,2}$", "has at least 3 characters"),
        (r"^[.-]|[.-]$", "begins and ends with a letter or a digit"),
        (r"\.\.", "has no two dots in a row"),
        (r"^\d+\.\d+\.\d+\.\d+$", "is no IP address"),
        (r"^(xn--|sthree-|amzn-s3-demo-)", "does not begin with xn--, sthree- or amzn-s3-demo-, which AWS keeps"),
        (
            r"(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$",
            "does not end in -s3alias, --ol-s3, .mrap, --x-s3 or --table-s3, which AWS keeps",
        ),
    ),
}
KINDS = {"function": "function", "api": "API", "queue": "queue", "table": "table", "bucket": "bucket"}


def require_lab_id(lab_id: str) -> None:
    """Raises UsageError unless a lab may have this id."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", lab_id):
        raise UsageError(
            f"{lab_id!r} is no lab id: use lower-case letters, digits and underscores, and begin with a letter, "
            "as in my_lab."
        )


def require_names(kind: str, names: tuple[str, ...]) -> None:
    """Raises UsageError, which says what is wrong, unless each of these may be the name of such a resource."""
    for name in names:
        for problem in _problems(kind, name):
            raise UsageError(f"--{kind} {name!r}: the name of {_article(kind)} {KINDS[kind]} {problem}.")
    words = [words_of(name) for name in names]
    for name in names:
        if words.count(words_of(name)) > 1:
            raise UsageError(f"--{kind} {name}: another {KINDS[kind]} has this name, or one that differs too little.")


def words_of(name: str) -> str:
    """A name as a part of Python names: PetOrders and pet-orders are both pet_orders."""
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()


def _problems(kind: str, name: str) -> Iterator[str]:
    if not name:
        yield "is not empty"
    if len(name) > LONGEST:
        yield f"has at most {LONGEST} characters here, for the checks' titles hold it; this one has {len(name)}"
    for pattern, rule in RULES[kind]:
        if re.search(pattern, name):
            yield rule


def _article(kind: str) -> str:
    return "an" if kind == "api" else "a"
