"""Which way an execution of a state machine took, from its history: each state's fate, each step from one to the next.

Event types differ between the emulators (and between AWS's ways to call a function), so this relies on what they share:
StateEntered, StateExited, the word that ends a failure's type, and `previousEventId`.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    for name, state in machine.get("States", {}).items():
        found[name] = state
        for part in parts_of(state):
            found |= states_of(part)
    return found


def parts_of(state: State) -> list[dict[str, Any]]:
    """The machines inside a state: a Parallel's branches, a Map's item processor."""
    inside = state.get("ItemProcessor") or state.get("Iterator")
    return [*state.get("Branches", []), *([inside] if inside else [])]


def execution_path(machine: dict[str, Any], events: Sequence[Event], status: str) -> ExecutionPath:
    """The way that an execution took so far, from its definition, its history and its status."""
    history = _History(events)
    states = states_of(machine)
    exits = {visit["id"]: event for event in events if _exited(event) and (visit := history.visit_of(event))}
    steps: dict[int, str] = {}  # the id of the event that exited a state: the state that followed
    for event in events:
        if _entered(event) and (before := history.exit_before(event)):
            steps[before["id"]] = _entered(event)
    fates: defaultdict[str, Counter[Fate]] = defaultdict(Counter)
    for event in filter(_entered, events):
        name, left = _entered(event), exits.get(event["id"])
        following = steps.get(left["id"]) if left else None
        fates[name][_fate(states.get(name, {}), left, following, history.failed(event), status)] += 1
    taken = {(_exited(exit_), steps[exit_["id"]]) for exit_ in exits.values() if exit_["id"] in steps}
    return ExecutionPath(status, dict(fates), frozenset(taken))


def _fate(state: State, left: Event | None, following: str | None, failed: bool, status: str) -> Fate:
    if left:
        handlers = {catcher["Next"] for catcher in state.get("Catch", [])} - {state.get("Next")}
        return Fate.CAUGHT if following in handlers or (failed and state.get("Catch")) else Fate.SUCCEEDED
    if failed or state.get("Type") == "Fail":
        return Fate.FAILED
    if status == "RUNNING":
        return Fate.RUNNING
    return Fate.FAILED if parts_of(state) and status != "ABORTED" else Fate.STOPPED


class _History:
    """The events of a history, each with those before it."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._by_id = {event["id"]: event for event in events}
        # A retry fails and then goes on: what counts is whether the last event before a state was left is a failure.
        self._last_of: dict[int, Event] = {}
        for event in events:
            visit = next((each for each in self._before(event) if _entered(each)), None)
            if visit and not _exited(event) and not _entered(event):
                self._last_of[visit["id"]] = event

    def _before(self, event: Event) -> Iterator[Event]:
        """The events before this one, the nearest first."""
        while before := self._by_id.get(event.get("previousEventId", 0)):
            yield before
            event = before

    def visit_of(self, left: Event) -> Event | None:
        """The event that entered the state which this event left."""
        return next((event for event in self._before(left) if _entered(event) == _exited(left)), None)

    def exit_before(self, entered: Event) -> Event | None:
        """The event that left the state before this one; None where this one is the first of its machine."""
        for event in self._before(entered):
            if _exited(event):
                return event
            if _entered(event) or event["type"].startswith(BRANCHINGS):
                return None
        return None

    def failed(self, entered: Event) -> bool:
        """Whether the last thing that happened in this state was a failure."""
        last = self._last_of.get(entered["id"])
        return last is not None and last["type"].endswith(FAILURES) and not last["type"].startswith("Execution")


def _entered(event: Event) -> str:
    """The name of the state that an event entered; empty for any other event."""
    return str(event.get("stateEnteredEventDetails", {}).get("name", ""))


def _exited(event: Event) -> str:
    return str(event.get("stateExitedEventDetails", {}).get("name", ""))
