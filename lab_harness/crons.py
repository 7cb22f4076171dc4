"""Cron expressions of EventBridge and Scheduler, read as AWS reads them.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html (2026)
"""

import re
from typing import NamedTuple

CRON = re.compile(r"cron\(\s*(.*?)\s*\)")
PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")  # AWS counts from 1, a Sunday.


class Field(NamedTuple):
    """A field of a cron expression: its values, their names from 1, and what else may stand there."""

    values: range
    names: tuple[str, ...] = ()
    special: str = ""  # a regular expression; what it fits depends on the month

    @property
    def is_day(self) -> bool:
        """Whether it is one of the two days."""
        return bool(self.special)

    def read(self, text: str) -> set[int] | None:
        """The values that a text stands for; None where they depend on the month. ValueError for what AWS refuses."""
        found: set[int] | None = set()
        for part in text.upper().split(","):
            some = None if self.is_day and re.fullmatch(self.special, part) else self._of(part)
            found = None if found is None or some is None else found | some
        return found

    def _of(self, part: str) -> set[int]:
        """What one entry of a list stands for: `*`, `5`, `MON-FRI`, `0/15`."""
        if part == "?" and self.is_day:
            return set(self.values)
        match = PART.fullmatch(part)
        if not match:
            raise ValueError(part)
        first, last, step = match.groups()
        every = int(step or 1)
        allowed = list(self.values)
        if not 1 <= every <= allowed[-1] or (first == "*" and last):
            raise ValueError(part)
        if first == "*":
            return set(allowed[::every])
        start = self._place(first)
        end = self._place(last) if last else len(allowed) - 1 if step else start
        turned = allowed[start:] + allowed[:start]  # FRI-MON goes over the week's end
        return set(turned[: (end - start) % len(allowed) + 1 : every])

    def _place(self, text: str) -> int:
        number = self.names.index(text) + 1 if text in self.names else int(text)
        return self.values.index(number)


FIELDS = {
    "minutes": Field(range(60)),
    "hours": Field(range(24)),
    "day of month": Field(range(1, 32), special=r"L|LW|\d+W"),
    "month": Field(range(1, 13), MONTHS),
    "day of week": Field(range(1, 8), DAYS, r"\w*L|\w+#\d"),
    "year": Field(range(1970, 2200)),
}


def read(expression: str) -> dict[str, set[int] | None]:
    """The values of each field of a cron expression, None where they depend on the month; nothing where it is none.

    Of the two days one is `?`, and stands for all.
    """
    texts = _texts(expression)
    if len(texts) != len(FIELDS) or texts[2:5:2].count("?") != 1:
        return {}
    try:
        return {name: field.read(text) for (name, field), text in zip(FIELDS.items(), texts, strict=True)}
    except ValueError:
        return {}


def in_single_values(expression: str) -> str:
    """The same cron expression without ranges, as far as they do not depend on the month."""
    pairs = zip(_texts(expression), read(expression).values(), strict=True)
    plain = [",".join(map(str, sorted(values))) if values and "-" in text else text for text, values in pairs]
    return f"cron({' '.join(plain)})"


def _texts(expression: str) -> list[str]:
    match = CRON.fullmatch(expression.strip())
    return match[1].split() if match else []
