"""What checks have made, in `.lab/made.sqlite`: what must be taken away again, and names.

It is written before a thing is made, and survives the process that makes it.
"""

import json
import sqlite3
import threading
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from lab_harness.authors.witness import present
from lab_harness.private import private_file

FILE = "made.sqlite"  # in `.lab`
REMEMBERED = 2000  # names, and as many things that are owed; older ones are forgotten
BUSY_TIMEOUT = 10.0  # seconds to wait for another process
BYTES = "$bytes"  # the key under which JSON holds the bytes of an item's binary attribute
SCHEMA = """
create table if not exists names (number integer primary key autoincrement, name text not null);
create table if not exists owed (
    number integer primary key autoincrement, time real not null, account text not null, lab text not null,
    kind text not null, name text not null, details text not null
);
"""


class Owed:
    """Something of a check's own that must be taken away again.

    `kind` is CloudFormation's name of a resource's type, or item, object, messages, tokens or execution. `details` tell
    how it is found; `time`, in seconds since 1970, since when there may be something to find.
    """

    def __init__(self, memory: "Memory", number: int, since: float, kind: str, name: str, details: str) -> None:
        self._memory, self.number = memory, number
        self.time, self.kind, self.name = since, kind, name
        self.details: dict[str, Any] = json.loads(details, object_hook=_decoded)

    def note(self, **details: Any) -> None:
        """Remember more about it."""
        self.details |= details
        self._memory.execute("update owed set details = ? where number = ?", _encoded(self.details), self.number)

    def gone(self) -> None:
        """Remember it no longer: it has been taken away."""
        self._memory.forget(self)

    def take_away(self, call: Callable[..., object], **arguments: Any) -> None:
        """Make the call that takes it away, and remember it no longer."""
        call(**arguments)
        self.gone()


class Memory:
    """What was made and is owed, in a file that several processes use; without a file, in this process only.

    `account` and `lab` say where, and by which lab's checks. Nothing raises where the file cannot be used, or is full:
    checks run without it, too, and know what they owe themselves. Several threads may use it.
    """

    def __init__(self, file: Path | None = None, account: str = "", lab: str = "") -> None:
        self._run = account, lab
        self._using = threading.Lock()
        self._database = _opened(file) if file else _database(":memory:")
        self._own: deque[Owed] = deque(maxlen=REMEMBERED)  # what is owed since this was opened, the latest first

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that a statement gives; none where the file cannot be used."""
        with self._using, suppress(sqlite3.Error):
            try:
                return self._database.execute(statement, values).fetchall()
            except sqlite3.OperationalError:
                # Who has held it for so long may hold it on: checks are not to wait again with each thing they make.
                self._database.execute("pragma busy_timeout = 0")
        return []

    def remember(self, name: str) -> None:
        """Remember the name of something that a check makes."""
        self.execute("insert into names (name) values (?)", name)
        self.execute("delete from names where number <= (select max(number) from names) - ?", REMEMBERED)

    def names(self) -> frozenset[str]:
        """The names of all that checks have made."""
        return frozenset(name for (name,) in self.execute("select name from names"))

    def owe(self, kind: str, name: str, details: dict[str, Any]) -> Owed:
        """Remember something that must be taken away again."""
        now, text = present().clock.now(), _encoded(details)
        rows = self.execute(
            "insert into owed (time, account, lab, kind, name, details) values (?, ?, ?, ?, ?, ?) returning number",
            *(now, *self._run, kind, name, text),
        )
        self.execute("delete from owed where number <= (select max(number) from owed) - ?", REMEMBERED)
        owed = Owed(self, rows[0][0] if rows else 0, now, kind, name, text)
        self._own.appendleft(owed)
        return owed

    def forget(self, owed: Owed) -> None:
        """Remember it no longer."""
        with suppress(ValueError):
            self._own.remove(owed)
        self.execute("delete from owed where number = ?", owed.number)

    def owed(self) -> list[Owed]:
        """What this lab's checks owe to this account, the latest first."""
        own = list(self._own)
        rows = self.execute(
            "select number, time, kind, name, details from owed where account = ? and lab = ? order by number desc",
            *self._run,
        )
        numbers = {each.number for each in own}
        earlier = [_read(self, row) for row in rows if row[0] not in numbers]
        return [*own, *(each for each in earlier if each)]


def _read(memory: Memory, row: tuple[Any, ...]) -> Owed | None:
    """A row as it was written; None, and gone, where somebody has changed it into none that can be read."""
    with suppress(TypeError, ValueError, LookupError):
        owed = Owed(memory, *row)
        owed.time = float(owed.time)
        if isinstance(owed.details, dict):
            return owed
    memory.execute("delete from owed where number = ?", row[0])
    return None


def _opened(file: Path) -> sqlite3.Connection:
    """The database in a file, begun anew where it is damaged; one in memory where the file cannot be used."""
    for _ in range(2):
        try:
            return _database(private_file(file))
        except (sqlite3.OperationalError, OSError):
            break
        except sqlite3.DatabaseError:
            with suppress(OSError):
                file.unlink()
    return _database(":memory:")


def _database(place: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(place, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        # The system keeps what a process has written that is killed; to flush it to the disk would take longer than
        # most checks.
        database.execute("pragma synchronous = off")
        database.executescript(SCHEMA)
        if (state := database.execute("pragma quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(state)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _encoded(details: dict[str, Any]) -> str:
    return json.dumps(details, default=lambda value: {BYTES: b64encode(value).decode()})


def _decoded(values: dict[str, Any]) -> Any:
    return b64decode(values[BYTES]) if values.keys() == {BYTES} else values
