"""What a new lab asks for: its parts in the order of its notebook, and what each has to do with the others."""

from dataclasses import dataclass
from typing import Literal

from lab_harness.authoring.scaffold.names import require_names, words_of
from lab_harness.errors import UsageError

MOST = 5  # tables, or buckets
Kind = Literal["table", "queue", "bucket", "role", "handler", "function", "mapping", "notification", "api"]


@dataclass(frozen=True)
class Wanted:
    """The names that the author gave, by kind.

    With a function, the queue, the first bucket and the API start it; it writes to the tables and the other buckets.
    """

    function: tuple[str, ...] = ()
    api: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    bucket: tuple[str, ...] = ()

    def require_possible(self) -> None:
        """Raises UsageError, which says what is wrong, unless a lab can be made of these."""
        for kind, names in vars(self).items():
            require_names(kind, names)
        for kind in ("function", "api", "queue"):
            if len(getattr(self, kind)) > 1:
                raise UsageError(f"--{kind} can be given once; --table and --bucket as often as you like.")
        for kind in ("table", "bucket"):
            if len(getattr(self, kind)) > MOST:
                raise UsageError(f"--{kind} can be given {MOST} times at most: a lab is done in an hour.")
        if self.api and not self.function:
            raise UsageError("--api wants --function, too: what answers the API's requests?")


@dataclass(frozen=True)
class Part:
    """One thing that the lab asks for: a task, and a section of the notebook.

    `kind` names the template that says what each file has about it. Checks and boxes begin with its `id`.
    """

    kind: Kind
    name: str
    id: str
    section: int

    @property
    def constant(self) -> str:
        """What its name is called in checks.py."""
        return self.id.upper()

    @property
    def folder(self) -> str:
        """Where a handler's code is."""
        return f"functions/{words_of(self.name)}"


@dataclass(frozen=True)
class Plan:
    """A new lab: its names, and its parts in order."""

    lab: str
    number: int
    parts: tuple[Part, ...]

    @property
    def title(self) -> str:
        return self.lab.replace("_", " ").capitalize()

    @property
    def notebook(self) -> str:
        return f"{self.number:02}_{self.lab}.ipynb"

    def all(self, kind: Kind) -> list[Part]:
        """The parts of a kind."""
        return [part for part in self.parts if part.kind == kind]

    def one(self, kind: Kind) -> Part | None:
        """The first part of a kind, if there is any."""
        return next(iter(self.all(kind)), None)

    @property
    def function(self) -> Part | None:
        """The function, if there is one."""
        return self.one("function")

    @property
    def source(self) -> Part | None:
        """The bucket whose uploads start the function."""
        return self.one("bucket") if self.function else None

    @property
    def copies(self) -> list[Part]:
        """The buckets to which the function writes."""
        return self.all("bucket")[1:] if self.function else []

    @property
    def targets(self) -> list[Part]:
        """All that the function writes to."""
        return [*self.all("table"), *self.copies] if self.function else []

    @property
    def triggers(self) -> list[Part]:
        """All that starts the function."""
        found = [self.one("queue"), self.source, self.one("api")] if self.function else []
        return [part for part in found if part]

    @property
    def noun(self) -> str:
        """What the function is given: orders, and uploads, which are handled as orders; or uploads alone."""
        return "upload" if self.handled == ["upload_is_handled"] else "order"

    @property
    def handled(self) -> list[str]:
        """The checks that send something by each trigger, and look at what the function makes of it."""
        names = {"queue": "message_is_handled", "bucket": "upload_is_handled", "api": "request_is_handled"}
        return [names[part.kind] for part in self.triggers] or ["event_is_handled"]

    @property
    def first_checks(self) -> list[str]:
        """The checks that need no other: what fails where nothing was built."""
        kinds = {"api": "api_is_deployed", "handler": "", "mapping": "", "notification": ""}
        return [name for part in self.parts if (name := kinds.get(part.kind, f"{part.id}_exists"))]

    def place(self, part: Part) -> tuple[int, int]:
        """The column and row of a part's box: what starts the function is left of it, what it writes to is right."""
        if not self.function:
            return self.parts.index(part), 0
        for column, boxes in ((0, self.triggers), (1, [self.function, self.one("role")]), (2, self.targets)):
            if part in boxes:
                return column, boxes.index(part)
        raise ValueError(f"{part} has no box")


def plan_of(lab: str, number: int, wanted: Wanted) -> Plan:
    """The lab that these names make; a queue of its own where there are none."""
    wanted.require_possible()
    if not any(vars(wanted).values()):
        wanted = Wanted(queue=(f"{lab.replace('_', '-')[:24].rstrip('-')}-queue",))
    stores: tuple[Kind, ...] = ("table", "queue", "bucket")
    asked = [(kind, name) for kind in stores for name in getattr(wanted, kind)]
    asked += [each for function in wanted.function for each in _of_function(function, wanted)]
    kinds = [kind for kind, _ in asked]
    parts = (
        Part(kind, name, kind if kinds.count(kind) == 1 else f"{kind}_{words_of(name)}", section)
        for section, (kind, name) in enumerate(asked, 1)
    )
    return Plan(lab, number, tuple(parts))


def _of_function(name: str, wanted: Wanted) -> list[tuple[Kind, str]]:
    """A function's own parts, then what starts it."""
    own: list[tuple[Kind, str]] = [("role", f"{name}-role"), ("handler", name), ("function", name)]
    own += [("mapping", queue) for queue in wanted.queue]
    own += [("notification", bucket) for bucket in wanted.bucket[:1]]
    return own + [("api", api) for api in wanted.api]
