"""Decides what each principal may do, as IAM does, and refuses the rest in AWS's words.

MiniStack asks for permissions where its setting AUTH is true, but reads policies in part only, and leaves free what
services do for one another. `calls` has every AWS call decided here, `passing` what roles may be handed to services,
`deliveries` what services do by a resource's policy, `service_roles` what they do with a role. A refusal is noted in
the `deeds`. All decide by `decisions`, about the `principals`.
"""

from lab_harness.emulators.inside.authorization.authority import Authority, refused
from lab_harness.emulators.inside.authorization.calls import Calls, begin
from lab_harness.emulators.inside.authorization.deliveries import Deliveries
from lab_harness.emulators.inside.authorization.passing import Passing
from lab_harness.emulators.inside.authorization.service_roles import ServiceRoles
from lab_harness.emulators.inside.deeds import Deeds

__all__ = ["begin", "install", "refused"]

DENIED = "denied"  # the kind of deed that a refusal is


def install(deeds: Deeds) -> None:
    """Make MiniStack decide as IAM does; refusals are noted as deeds. It takes effect when its modules are imported."""
    authority = Authority(lambda resource, told: deeds.add(DENIED, resource, told))
    for part in (Calls, Passing, Deliveries, ServiceRoles):
        part(authority).install()
