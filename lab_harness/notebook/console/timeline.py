"""The timeline: what happened after the last request."""

from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook import pictures
from lab_harness.notebook.console.parts import Blocks, part


def show(_lab: Lab, clients: Clients, checks: bool = False) -> Blocks:
    """The picture that `lab.trace()` is."""
    return part("Timeline", lambda: [pictures.trace(clients, checks)])
