"""What the checks of this process have made for themselves: resources and executions, by name.

Their names look like anybody's, for a mark in them would tell a function whose they are. So they are remembered. What
checks of another process make is not known here: for the moment that it is there it is shown as the learner's.
"""

from collections import deque

REMEMBERED = 2000

_names: deque[str] = deque(maxlen=REMEMBERED)


def remember(name: str) -> str:
    """Note the name of something that a check makes for itself, and return it.

    For example:

        instance = remember(ec2.run_instances(**launch)["Instances"][0]["InstanceId"])
    """
    _names.append(name)
    return name


def is_made(name: str) -> bool:
    """Whether a check has made what has this name."""
    return name in _names


def made_names() -> tuple[str, ...]:
    """The names of all that checks have made."""
    return tuple(_names)
