"""The mails that were sent."""

from dataclasses import replace
from functools import partial

from lab_harness.aws import Clients
from lab_harness.emulators import Emulator
from lab_harness.emulators.base import Mail
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, nothing, part, rest
from lab_harness.render.blocks import Table
from lab_harness.render.mails import Mails

MOST_MAILS = 50


def show(_lab: Lab, clients: Clients, checks: bool = False) -> Blocks:
    """The mails, newest first."""
    return part("Inbox", partial(_mails, clients.emulator, checks))


def mail_table(emulator: Emulator, checks: bool = False) -> Table:
    """The mails as a table, oldest first; those too of which checks are the cause, if asked for."""
    rows = [(mail.to, mail.subject, mail.text) for mail in _shown(emulator, checks)]
    return Table("Inbox", ("to", "subject", "text"), rows, "No mail yet.")


def _shown(emulator: Emulator, checks: bool) -> list[Mail]:
    mails = [mail for mail in emulator.inbox() if checks or not mail.probe]
    return [replace(mail, subject=f"{mail.subject} (of a check)") if mail.probe else mail for mail in mails]


def _mails(emulator: Emulator, checks: bool) -> Blocks:
    mails = _shown(emulator, checks)
    if not mails:
        return nothing("What a topic sends to e-mail addresses appears here, at once and without a link to confirm.")
    newest = mails[: -MOST_MAILS - 1 : -1]
    return [Mails(newest, rest(len(mails), len(newest)))]
