"""The mails that were sent."""

from functools import partial

from lab_harness.aws import Clients
from lab_harness.emulators import Emulator
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, nothing, part, rest
from lab_harness.render.blocks import Table
from lab_harness.render.mails import Mails

MOST_MAILS = 50


def show(_lab: Lab, clients: Clients) -> Blocks:
    """The mails, newest first."""
    return part("Inbox", partial(_mails, clients.emulator))


def mail_table(emulator: Emulator) -> Table:
    """The mails as a table, oldest first."""
    rows = [(mail.to, mail.subject, mail.text) for mail in emulator.inbox()]
    return Table("Inbox", ("to", "subject", "text"), rows, "No mail yet.")


def _mails(emulator: Emulator) -> Blocks:
    mails = emulator.inbox()
    if not mails:
        return nothing("What a topic sends to e-mail addresses appears here, at once and without a link to confirm.")
    newest = mails[: -MOST_MAILS - 1 : -1]
    return [Mails(newest, rest(len(mails), len(newest)))]
