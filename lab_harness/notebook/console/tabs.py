"""Which tabs suit a lab: those of the services that it uses, then those that every lab has."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name

from botocore.exceptions import HTTPClientError

from lab_harness.account.service import Listing, ServiceTab
from lab_harness.account.services import known
from lab_harness.aws import Clients, answering
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console import listing
from lab_harness.notebook.console.parts import Blocks

EVERYWHERE = (
    ServiceTab("timeline", "Timeline", 1000, "lab_harness.notebook.console.timeline:show", probes=True),
    ServiceTab("calls", "AWS calls", 1010, "lab_harness.notebook.console.calls:show", probes=True),
)


@dataclass(frozen=True)
class Tab:
    """One tab of the console.

    `show` looks at the account as it is now; EmulatorNotReady where nothing answers. Where the tab has `probes`, it
    leaves out what checks have done, unless it is told `checks=True`.
    """

    id: str
    title: str
    show: Callable[..., Blocks]
    probes: bool = False


def tabs(lab: Lab) -> tuple[Tab, ...]:
    """The tabs that suit a lab, by the services that it uses."""
    suiting = {tab for service in lab.file.services for tab in known(service).tabs} | {*EVERYWHERE}
    ordered = sorted(suiting, key=lambda tab: tab.place)
    return tuple(Tab(tab.id, tab.title, partial(_show, tab, lab), tab.probes) for tab in ordered)


def _show(tab: ServiceTab, lab: Lab, clients: Clients, checks: bool = False) -> Blocks:
    with answering(HTTPClientError):
        if isinstance(tab.shows, Listing):
            return listing.show(tab.title, tab.shows, lab, clients)
        more = {"checks": checks} if tab.probes else {}
        shown: Blocks = resolve_name(tab.shows)(lab, clients, **more)
        return shown
