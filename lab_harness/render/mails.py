"""Mails as a mail program shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from lab_harness.emulators.base import Mail
from lab_harness.render.blocks import FREE, Block
from lab_harness.render.markup import escaped
from lab_harness.render.text import as_text

SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"  # whom SNS's mails are from (2026)
FRAME = "border:1px solid var(--jp-border-color1,#c4c7cc);border-radius:6px;padding:.5em .8em;margin:.5em 0"


@dataclass(frozen=True)
class Mails(Block):
    """Mails that SNS sent, in the order given; `note` stands below them."""

    mails: Sequence[Mail]
    note: str = ""

    def __str__(self) -> str:
        parts: list[RenderableType] = []
        for mail in self.mails:
            parts += [Text("\n".join(_head(mail))), _indented(mail.text), Text("")]
        if self.note:
            return as_text(Group(*parts, Text(self.note)))
        return as_text(Group(*parts[:-1]))

    def html(self) -> str:
        """The mails as an HTML fragment: their texts are shown as they are, HTML in them too."""
        note = f"<div>{escaped(self.note)}</div>" if self.note else ""
        return f'<div class="lab-mails">{"".join(map(_article, self.mails))}{note}</div>'


def _article(mail: Mail) -> str:
    subject, *lines = _head(mail)
    head = "".join(f"<div>{escaped(line)}</div>" for line in lines)
    return (
        f'<article class="lab-mail" style="{FRAME}"><strong>{escaped(subject)}</strong>{head}'
        f'<div style="{FREE};margin-top:.5em">{escaped(mail.text)}</div></article>'
    )


def _head(mail: Mail) -> list[str]:
    """Subject, sender, recipient, and the time, where the emulator has noted it."""
    sent = [datetime.fromtimestamp(mail.time, UTC).strftime("At: %H:%M:%S UTC")] if mail.time else []
    return [f"✉ {mail.subject}", f"From: {SENDER}", f"To: {mail.to}", *sent]


def _indented(text: str) -> Padding:
    return Padding(Text(text), (0, 0, 0, 2))
