"""What the tabs have in common: which resources they show, and that the failing of one part hides no other."""

from collections.abc import Callable, Iterable

from botocore.exceptions import ClientError

from lab_harness.authors.made import is_made
from lab_harness.errors import EmulatorNotReady, HarnessError
from lab_harness.lab.labs import Lab
from lab_harness.render.blocks import Block, Note

Blocks = list[Block]


def part(title: str, look: Callable[[], Blocks]) -> Blocks:
    """What a part of a tab shows; where it cannot be read, a note that says why."""
    try:
        return look()
    except ClientError as error:
        problem = str(error.response.get("Error", {}).get("Message") or error)
    except EmulatorNotReady:
        raise  # There is nothing to show of anything.
    except HarnessError as error:
        problem = str(error)
    return [Note(title, (f"This could not be read: {problem}",))]


def nothing(what_will_be: str) -> Blocks:
    """What an untouched account shows."""
    return [Note("Nothing yet.", (what_will_be,))]


def rest(there: int, shown: int) -> str:
    """What stands below the first ones of many; empty where all are shown."""
    return f"and {there - shown:,} more" if there > shown else ""


def own(lab: Lab, kind: str, names: Iterable[str]) -> list[str]:
    """Of the names that are there those which the lab asks for, in its order; all, where it asks for none of this kind.

    `kind` is CloudFormation's type, as in lab.toml. What checks make for themselves is left out.
    """
    there, asked = _not_of_checks(names), _asked_for(lab, kind)
    return [name for name in asked if name in there] if asked else sorted(there)


def own_first(lab: Lab, kind: str, names: Iterable[str]) -> list[str]:
    """All names that are there, those which the lab asks for first."""
    there, asked = _not_of_checks(names), _asked_for(lab, kind)
    return [*(name for name in asked if name in there), *sorted(there - set(asked))]


def _asked_for(lab: Lab, kind: str) -> list[str]:
    return [resource.name for resource in lab.file.resources if resource.type == kind]


def _not_of_checks(names: Iterable[str]) -> set[str]:
    return {name for name in names if not is_made(name)}
