"""The facts of AWS's that a lab is about, as a table."""

from collections.abc import Iterable

from lab_harness.lab.facts import Fact
from lab_harness.render.blocks import Link, Table

COLUMNS = ("service", "what", "value", "in the exam", "as of", "source")


def facts_table(facts: Iterable[Fact]) -> Table:
    """A table of facts: the value today, the one that exams ask for where it is another, the day and the source."""
    note = "Prices and quotas differ by Region, and quotas by the age of an account; many can be raised."
    return Table("What AWS allows and charges", COLUMNS, [_row(fact) for fact in facts], note=note)


def _row(fact: Fact) -> tuple[str, ...]:
    value, *_ = fact.wordings
    exam, *_ = fact.exam_wordings or ("the same",)
    return (fact.service, fact.what, value, exam, f"{fact.as_of:%Y-%m-%d}", Link(fact.source))
