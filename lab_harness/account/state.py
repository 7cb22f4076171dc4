"""What an account holds, read so that two looks can be compared: for emulators that keep no call log.

Only what the labs can build or leave behind is read, by calls that change nothing.
"""

import json
from collections.abc import Callable, Collection, Mapping

from botocore.exceptions import ClientError, HTTPClientError

from lab_harness.account.service import Part, Rows
from lab_harness.account.services import known_services
from lab_harness.authors.made import made_names
from lab_harness.aws import Clients, answering

State = Mapping[tuple[str, Part], frozenset[str]]  # by service and part, the rows as text


def readers() -> Mapping[str, Callable[[Clients], Rows]]:
    """What reads the rows of a service, for each of which something is read."""
    return {service.name: service.rows for service in known_services().values() if service.rows}


def account_state(
    clients: Clients, services: Collection[str], concerns: Callable[[str], bool] = lambda text: True
) -> State:
    """What the account holds of these services now, without what checks made for themselves.

    Left out are rows that are of no concern, services of which nothing is read here, and those in which something went
    while it was read. Raises EmulatorNotReady when the emulator does not answer.
    """
    state: dict[tuple[str, Part], frozenset[str]] = {}
    for service in readers().keys() & services:
        try:
            with answering(HTTPClientError):
                rows = list(readers()[service](clients))
        except ClientError:
            continue
        ours = made_names()  # Asked now: another thread's checks may have made something while it was read.
        for part in Part:
            texts = (json.dumps(row, default=str, sort_keys=True) for row in rows if row.part is part)
            state[service, part] = frozenset(text for text in texts if not _names_any(text, ours) and concerns(text))
    return state


def _names_any(text: str, names: Collection[str]) -> bool:
    return any(name in text for name in names)


def differences(before: State, after: State) -> dict[Part, frozenset[str]]:
    """The services that differ, by the part in which they do; those that one of the states lacks do not."""
    changed = [key for key in before.keys() & after.keys() if before[key] != after[key]]
    return {part: frozenset(service for service, its_part in changed if its_part is part) for part in Part}
