"""A mailbox for what SNS sends to `email` subscribers: MiniStack only logs that it would have sent it."""

import json
import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import wrapt

from lab_harness.emulators.deeds import acting, delivering

MAX_MAILS = 1000

log = logging.getLogger("lab_harness.inbox")


class Inbox:
    """The latest mails, oldest first, as JSON-ready dicts; kept in a file with one mail a line."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.mails: deque[dict[str, Any]] = deque(_read(file), maxlen=MAX_MAILS)

    def add(self, mail: dict[str, Any]) -> None:
        """Put a mail into the mailbox, and into the file at once."""
        self.mails.append(mail)
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps(mail))  # a new line first: a crash may have cut the last one short
        except OSError as error:
            log.error("A mail could not be saved in %s: %s", self._file, error)

    def clear(self) -> None:
        """Throw all mails away."""
        self.mails.clear()
        self._file.unlink(missing_ok=True)

    def install(self) -> None:
        """Listen to SNS; takes effect when MiniStack imports its SNS module."""
        wrapt.register_post_import_hook(self._listen, "ministack.services.sns")

    def _listen(self, sns: Any) -> None:
        @wrapt.patch_function_wrapper(sns, "_fanout")
        def deliver(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
            original(*args, **kwargs)
            self._deliver(sns, *args, **kwargs)

    def _deliver(
        self,
        sns: Any,
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        **_fifo: str,
    ) -> None:
        attributes = message_attributes or {}
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        for subscription in topic["subscriptions"]:
            protocol = subscription.get("protocol", "")
            if protocol not in ("email", "email-json") or not subscription.get("confirmed"):
                continue
            text = sns._resolve_message_for_protocol(message, message_structure, protocol)
            if not sns._matches_filter_policy(subscription, attributes, text):
                continue
            if protocol == "email-json":
                text = sns._build_envelope(topic_arn, message_id, text, subject, attributes, raw=False)
            self.add(
                {
                    "to": subscription.get("endpoint", ""),
                    # The subject that AWS gives a notification published without one.
                    "subject": subject or "AWS Notification Message",
                    "text": text,
                    "topic_arn": topic_arn,
                    "message_id": message_id,
                    "time": time.time(),
                    "by": acting.get(),
                    "event": delivering.get(),
                }
            )


def _read(file: Path) -> Iterator[dict[str, Any]]:
    """The mails in a file; a line that a crash cut short is left out."""
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError):
            yield json.loads(line)
