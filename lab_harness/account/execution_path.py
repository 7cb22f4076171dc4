"""Which way an execution of a state machine took, from its history: each state's fate, each step from one to the next.

Event types differ between the emulators (and between AWS's ways to call a function), so this relies on what they share:
StateEntered, StateExited, the word that ends a failure's type, and `previousEventId`.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Event = dict[str, Any]
State = dict[str, Any]

FAILURES = ("Failed", "TimedOut")
BRANCHINGS = ("MapIteration", "MapState", "ParallelState", "MapRun")  # events at which a branch begins or ends


class Fate(StrEnum):
    """What became of a state that was entered."""

    FAILED = "failed"
    CAUGHT = "caught"  # it failed, and its Catch went on
    RUNNING = "running"
    STOPPED = "stopped"  # it was cut short: another branch failed, or somebody stopped the execution
    SUCCEEDED = "succeeded"


@dataclass(frozen=True)
class ExecutionPath:
    """The fates of each state, by name, counted: a Map enters its states once an item; and the steps taken."""

    status: str
    fates: dict[str, Counter[Fate]]
    steps: frozenset[tuple[str, str]]


def states_of(machine: dict[str, Any]) -> dict[str, State]:
    """All states of a machine by name, with those inside a Map or a Parallel."""
    found: dict[str, State] = {}
    for name, state in own_states(machine).items():
        found[name] = state
        for part in parts_of(state):
            found |= states_of(part)
    return found


def own_states(machine: dict[str, Any]) -> dict[str, State]:
    """The states of a machine by name, without those inside another; what is no state is left out."""
    states = machine.get("States")
    found = states.items() if isinstance(states, dict) else ()
    return {name: state for name, state in found if isinstance(state, dict)}


def parts_of(state: State) -> list[dict[str, Any]]:
    """The machines inside a state: a Parallel's branches, a Map's item processor."""
    inside = state.get("ItemProcessor") or state.get("Iterator")
    return [*rules_of(state, "Branches"), *([inside] if isinstance(inside, dict) else [])]


def rules_of(state: State, field: str) -> list[dict[str, Any]]:
    """What a field lists, such as Catch, Retry or Choices; what is no rule is left out."""
    rules = state.get(field)
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def execution_path(machine: dict[str, Any], events: Sequence[Event], status: str) -> ExecutionPath:
    """The way that an execution took so far, from its definition, its history and its status."""
    fates: defaultdict[str, Counter[Fate]] = defaultdict(Counter)
    steps = set()
    for visit in _visits(machine, events):
        fates[visit.name][_fate(visit, status)] += 1
        if visit.left and visit.following:
            steps.add((visit.name, visit.following))
    return ExecutionPath(status, dict(fates), frozenset(steps))


@dataclass
class _Visit:
    """One time that a state was entered: in which visit of a Map or a Parallel, and what became of it."""

    name: str
    state: State
    within: "_Visit | None"
    inside: "list[_Visit]" = field(default_factory=list)
    left: bool = False
    following: str = ""  # the state that was entered next
    last: str = ""  # the type of the last event before it was left, or of the last so far

    @property
    def failing(self) -> bool:
        """Whether the last thing that happened in it was a failure; for a Map or a Parallel, in what was not left."""
        if self.inside:
            return any(visit.failing for visit in self.inside if not visit.left)
        return self.state.get("Type") == "Fail" or self.last.endswith(FAILURES)

    def is_over(self, status: str) -> bool:
        """Whether it cannot go on: the execution has ended, or the Map or the Parallel that it belongs to."""
        if self.within:
            return self.within.left or self.within.is_over(status)
        return status != "RUNNING"


def _fate(visit: _Visit, status: str) -> Fate:
    if visit.left:
        return Fate.CAUGHT if _was_caught(visit) else Fate.SUCCEEDED
    if not visit.is_over(status):
        may_go_on = visit.within is None or parts_of(visit.state) or visit.state.get("Retry")
        return Fate.FAILED if visit.failing and not may_go_on else Fate.RUNNING
    if visit.within is None:
        return Fate.FAILED if status == "FAILED" else Fate.STOPPED
    if visit.failing:
        return Fate.FAILED
    # Not every failure is an event: a Choice without a rule that fits. Nobody else can have stopped the only one.
    alone = [each for each in visit.within.inside if not each.left] == [visit]
    return Fate.FAILED if alone and status not in ("ABORTED", "TIMED_OUT") else Fate.STOPPED


def _was_caught(visit: _Visit) -> bool:
    handlers = {catcher.get("Next") for catcher in rules_of(visit.state, "Catch")}
    if visit.following and visit.following != visit.state.get("Next"):
        return visit.following in handlers
    return bool(handlers) and (visit.last.endswith(FAILURES) or bool(visit.inside and visit.failing))


def _visits(machine: dict[str, Any], events: Sequence[Event]) -> list[_Visit]:
    """The visits of all states, in the order in which they were entered."""
    states = states_of(machine)
    outer = {name: holder for holder, state in states.items() for part in parts_of(state) for name in own_states(part)}
    by_id = {event["id"]: event for event in events}
    entered: dict[int, _Visit] = {}  # by the event that entered
    exits: dict[int, _Visit] = {}  # by the event that left

    def before(event: Event) -> Iterator[Event]:
        """The events before this one, the nearest first."""
        while found := by_id.get(event.get("previousEventId", 0)):
            yield found
            event = found

    def visit_of(event: Event, name: str) -> _Visit | None:
        """The latest visit of a state on the way to an event."""
        return next((entered[each["id"]] for each in before(event) if _entered(each) == name), None)

    for event in events:
        if name := _entered(event):
            within = visit_of(event, outer[name]) if name in outer else None
            visit = entered[event["id"]] = _Visit(name, states.get(name, {}), within)
            if within:
                within.inside.append(visit)
            earlier = _exit_before(before(event))
            if earlier and earlier["id"] in exits:
                exits[earlier["id"]].following = name
        elif name := _exited(event):
            if found := visit_of(event, name):
                found.left, exits[event["id"]] = True, found
                found.last = next(before(event))["type"]
        elif not event["type"].startswith("Execution"):
            nearest = next((each for each in before(event) if _entered(each)), None)
            if nearest and not entered[nearest["id"]].left:
                entered[nearest["id"]].last = event["type"]
    return list(entered.values())


def _exit_before(events: Iterator[Event]) -> Event | None:
    """The event that left the state before this one; None where this one is the first of its machine."""
    for event in events:
        if _exited(event):
            return event
        if _entered(event) or event["type"].startswith(BRANCHINGS):
            return None
    return None


def _entered(event: Event) -> str:
    """The name of the state that an event entered; empty for any other event."""
    return str(event.get("stateEnteredEventDetails", {}).get("name", ""))


def _exited(event: Event) -> str:
    return str(event.get("stateExitedEventDetails", {}).get("name", ""))
