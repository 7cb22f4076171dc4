"""An EventBridge event beside a rule's pattern: what TestEventPattern says, and why, field by field."""

import json
import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from rich.console import Group
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from lab_harness.authors.event_patterns import Comparison, compare
from lab_harness.render.blocks import Block, Note, Table
from lab_harness.render.html import CELL
from lab_harness.render.markup import escaped
from lab_harness.render.text import as_text

SHOWN_WAYS = 4
WORDS = {True: "✓ matches", False: "✗ differs", None: "– unclear"}
COLUMNS = ("result", "field", "the pattern asks", "the event has", "why")


def match_rule(events: Any, rule: str, event: Any, bus: str) -> "PatternMatch | Note":
    """What TestEventPattern says of an event and a rule's pattern, explained; a note where it says nothing."""
    try:
        event = json.loads(event) if isinstance(event, str) else event
        text = json.dumps(event)
        found = events.describe_rule(Name=rule, EventBusName=bus)
        if "EventPattern" not in found:
            schedule = found.get("ScheduleExpression", "nothing")
            return Note(f"The rule {rule} has no pattern.", (f"It is started by its schedule: {schedule}.",))
        pattern = found["EventPattern"]
        answer = events.test_event_pattern(EventPattern=pattern, Event=text)["Result"]
    except (TypeError, ValueError) as error:  # of json's: of a text that is none, of a value that cannot be one
        return Note(f"The rule {rule} could not be tried.", (f"The event is no JSON: {error}.",))
    except ClientError as error:
        return Note(f"The rule {rule} could not be tried.", (error.response["Error"]["Message"],))
    except ParamValidationError as error:
        return Note(f"The rule {rule} could not be tried.", (str(error),))
    pattern = json.loads(pattern)
    return PatternMatch(rule, pattern, event, answer, compare(pattern, event))


@dataclass(frozen=True)
class PatternMatch(Block):
    """An event beside a rule's pattern: `answer` is what TestEventPattern said, `comparison` explains it."""

    rule: str
    pattern: Any
    event: Any
    answer: bool
    comparison: Comparison

    @property
    def title(self) -> str:
        verb = "matches" if self.answer else "does not match"
        return f"The event {verb} the rule {self.rule}, says TestEventPattern."

    def sentences(self) -> tuple[str, ...]:
        """What to know besides the fields."""
        said = ["A field that the pattern does not name may hold anything."]
        if len(self.comparison.ways) > 1:
            said.append(f"$or leaves {len(self.comparison.ways)} ways to match; one is enough.")
        if self.comparison.matched is not self.answer:
            said.append(f"Why cannot be said for certain here. {self.comparison.unclear}".rstrip())
        return tuple(said)

    def tables(self) -> list[Table]:
        """The fields, of the nearest ways first where there are several."""
        ways = sorted(self.comparison.ways, key=lambda way: -sum(field.matched is True for field in way) / len(way))
        return [
            Table(
                "Field by field" if len(ways) == 1 else f"Way {number} of {len(ways)}, field by field",
                COLUMNS,
                [(WORDS[field.matched], field.path, field.asked, field.found, field.why) for field in way],
            )
            for number, way in enumerate(ways[:SHOWN_WAYS], 1)
        ]

    def __str__(self) -> str:
        beside = Grid(box=None, pad_edge=False, header_style="")
        for name in ("event", "pattern"):
            beside.add_column(Text(name), overflow="fold")
        beside.add_row(Text(_indented(self.event)), Text(_indented(self.pattern)))
        tables = [str(table) for table in self.tables()]
        sentences = [Padding(Text(sentence), (0, 0, 0, 2)) for sentence in self.sentences()]
        return as_text(Group(Text(self.title), Padding(beside, (0, 0, 0, 2)), *map(Text, tables), *sentences))

    def html(self) -> str:
        """The same as an HTML fragment."""
        cell = f'<td style="{CELL}"><strong>%s</strong><pre style="margin:0">%s</pre></td>'
        shown = {"event": self.event, "pattern": self.pattern}
        beside = "".join(cell % (name, escaped(_indented(value))) for name, value in shown.items())
        tables = "".join(table.html() for table in self.tables())
        sentences = "".join(f"<div>{escaped(sentence)}</div>" for sentence in self.sentences())
        return (
            f'<div class="lab-match"><strong>{escaped(self.title)}</strong>'
            f"<table><tr>{beside}</tr></table>{tables}{sentences}</div>"
        )


def _indented(value: Any) -> str:
    """JSON with a list of plain values on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(r"\[\n\s+([^][{}]+?)\n\s+\]", lambda found: "[" + re.sub(r",\n\s+", ", ", found[1]) + "]", text)
