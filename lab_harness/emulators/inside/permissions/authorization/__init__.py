"""Decides what each principal may do, as IAM does, and refuses the rest in AWS's words.

MiniStack asks for permissions where its setting AUTH is true, but reads policies in part only, and leaves free what
services do for one another. `calls` has every AWS call decided here, `passing` what roles may be handed to services,
`deliveries` what services do by a resource's policy, `service_roles` what they do with a role. A refusal is noted in
the `deeds`. All decide by `decisions`, about the `principals`.
"""

from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.permissions.authorization import lent, needs, outcomes, stacks, users
from lab_harness.emulators.inside.permissions.authorization.authority import Authority, refused
from lab_harness.emulators.inside.permissions.authorization.calls import Calls, begin
from lab_harness.emulators.inside.permissions.authorization.deliveries import Deliveries
from lab_harness.emulators.inside.permissions.authorization.gateways import Gateways
from lab_harness.emulators.inside.permissions.authorization.identities import Identities
from lab_harness.emulators.inside.permissions.authorization.objects import Objects
from lab_harness.emulators.inside.permissions.authorization.passing import Passing
from lab_harness.emulators.inside.permissions.authorization.pipelines import Pipelines
from lab_harness.emulators.inside.permissions.authorization.service_roles import ServiceRoles
from lab_harness.emulators.inside.permissions.authorization.triggers import Triggers
from lab_harness.emulators.inside.records.deeds import Deeds

__all__ = ["begin", "install", "refused"]

DENIED = "denied"  # the kind of deed that a refusal is


def install(deeds: Deeds) -> None:
    """Make MiniStack decide as IAM does; refusals are noted as deeds. It takes effect when its modules are imported."""
    authority = Authority(lambda resource, told: deeds.add(DENIED, resource, told))
    outcomes.install()
    users.install()
    stacks.install()
    lent.install()
    # What comes later decides first: whether a role may be handed over before what it allows.
    for part in (Calls, Objects, Passing, Deliveries, Gateways, ServiceRoles, Pipelines, Triggers, Identities):
        part(authority).install()
    calls = Calls(authority)
    answers.caller, answers.signer, answers.role = calls.refusal, calls.signer_may, authority.role_may
    answers.anybody, answers.service = authority.anybody_may, authority.service_may
    answers.trusts = authority.trusts
    answers.acting = needs.acting
    answers.request = lambda role, by, *request: needs.refusal(authority, role, by, needs.Request(*request))
    answers.pool = Triggers(authority).refusal
