"""Looks at what else is set on the machine: proxies, names, credentials, the AWS CLI."""

import os
import shutil
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from lab_harness.emulators.credentials import DUMMY, read_learners
from lab_harness.learner.doctor.finding import Finding, Machine

SITE = "pet-shop.s3-website.localhost"
LOOPBACK = {"127.0.0.1", "::1"}
PATIENCE = 0.5  # seconds for a name to be looked up, which without a network may take long
CREDENTIALS = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def proxies(machine: Machine) -> Iterator[Finding]:
    """Whether a proxy would catch what is meant for this machine. Its address is not told: a password may be in it."""
    caught = [host for host in ("127.0.0.1", "localhost", SITE) if not urllib.request.proxy_bypass(host)]
    if not urllib.request.getproxies().keys() - {"no"}:
        yield Finding("Proxy", "ok", "none")
    elif not caught:
        yield Finding("Proxy", "ok", "there is one, and what is for this machine goes around it")
    else:
        found = f"the labs go around the one that is set, but other programs would ask it for {', '.join(caught)}"
        yield Finding("Proxy", "note", found, "Set NO_PROXY to 127.0.0.1,localhost,.localhost where you start them.")


def names(machine: Machine) -> Iterator[Finding]:
    """Whether names below localhost, as websites have them here, lead to this machine."""
    addresses = _addresses(SITE)
    if addresses and addresses <= LOOPBACK:
        yield Finding("Names", "ok", f"{SITE} is this machine")
        return
    found = f"{SITE} leads to {', '.join(sorted(addresses))}" if addresses else f"{SITE} is not known here"
    fix = "Chrome, Edge and Firefox know such names by themselves; for others add it to the hosts file as 127.0.0.1."
    yield Finding("Names", "note", found, fix)


def credentials(machine: Machine) -> Iterator[Finding]:
    """Whether there are AWS credentials, which the labs leave alone."""
    ours = [read_learners(machine.course.home), DUMMY]  # what a kernel of ours has in their place
    known = {value for key in ours if key for value in (key.access_key_id, key.secret_access_key)} | {None, ""}
    found = [name for name in CREDENTIALS if os.environ.get(name) not in known]
    found += ["~/.aws"] if (Path.home() / ".aws").exists() else []
    if found:
        told = f"you have some ({', '.join(found)}); the labs neither read nor send them"
        yield Finding("AWS credentials", "note", told)
    else:
        yield Finding("AWS credentials", "ok", "none here, and none are needed")


def aws_cli(machine: Machine) -> Iterator[Finding]:
    """Whether there is an AWS CLI, without which the labs do."""
    if not shutil.which("aws"):
        yield Finding("AWS CLI", "ok", "not installed, and not needed")
        return
    endpoint = machine.answers.endpoint if machine.answers else "the emulator's address"
    yield Finding("AWS CLI", "ok", f'there; after eval "$(lab env)" give it --endpoint-url {endpoint}')


def _addresses(name: str) -> set[str]:
    """The addresses of a name; none where nobody knows it, or knows it in time."""
    found: set[str] = set()

    def look_up() -> None:
        try:
            found.update(str(entry[4][0]) for entry in socket.getaddrinfo(name, None))
        except OSError:
            return

    # It cannot be interrupted, so it is left behind where it takes too long.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return set() if thread.is_alive() else found
