"""A mailbox for what SNS sends to `email` subscribers, and Cognito to users; MiniStack shows neither to a learner."""

import json
import logging
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import wrapt

from lab_harness.emulators.incidents import Incidents, set_aside
from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.records.deeds import acting, delivering
from lab_harness.emulators.inside.records.probes import probing
from lab_harness.whole_files import write_whole

MAX_MAILS = 1000
LARGEST = 256 * 1024 * 1024  # bytes
TEXTS = ("to", "subject", "text", "topic_arn", "message_id")

log = logging.getLogger("lab_harness.inbox")


class Inbox:
    """The latest mails, oldest first, as JSON-ready dicts; kept in a file with one mail a line."""

    def __init__(self, file: Path, incidents: Incidents | None = None) -> None:
        self._file = file
        self._writing = threading.Lock()
        self._behind = False  # the file lacks a mail
        self.mails: deque[dict[str, Any]] = deque(maxlen=MAX_MAILS)
        self._load(incidents or Incidents(file.with_name("incidents.json")))

    def _load(self, incidents: Incidents) -> None:
        """Read the file. If it is damaged, it is set aside, and the mails that can be read are saved again."""
        try:
            found, damaged = _read(self._file)
        except FileNotFoundError:
            return
        except OSError as error:
            found, damaged = [], f"could not be read ({error.strerror or error})"
        self.mails.extend(found)
        if not damaged:
            return
        told = f"The file of your mails {damaged}"
        try:
            aside = set_aside(self._file)
        except OSError as error:
            incidents.add(f"{told}; it cannot be set aside: {error.strerror}.")
            return
        self._behind = True
        self.save()
        incidents.add(f"{told}; it was set aside as {aside.name}, and {len(found)} mails are kept.")

    def add(self, mail: dict[str, Any]) -> None:
        """Add a mail: first to the file, then to the mailbox, where it can be seen."""
        with self._writing:
            try:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write("\n" + json.dumps(mail))  # a new line first: a crash may have cut the last one short
            except OSError as error:
                self._behind = True
                log.error("A mail could not be saved in %s: %s", self._file, error)
            self.mails.append(mail)

    def save(self) -> str:
        """Save the mails that could not be saved when they came; returns the problem if that fails again."""
        with self._writing:
            if not self._behind:
                return ""
            try:
                write_whole(self._file, "\n".join(map(json.dumps, self.mails)).encode())
            except OSError as error:
                reason = error.strerror or error
                return f"Mails could not be saved in {self._file}: {reason}. They are lost when the emulator ends."
            self._behind = False
            return ""

    def clear(self) -> None:
        """Delete all mails."""
        with self._writing:
            self.mails.clear()
            self._behind = False
            self._file.unlink(missing_ok=True)

    def install(self) -> None:
        """Listen to SNS and Cognito. This takes effect when MiniStack imports their modules."""
        wrapt.register_post_import_hook(self._listen, "ministack.services.sns")
        hooks.change({"cognito": {"_deliver_cognito_email": self._to_user}})

    def _to_user(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Keep what a user pool sends to a user, by mail or as an SMS."""
        pool, to, subject, text, *_ = args
        if to:
            self._receive(to, subject, text, pool.get("Arn", ""), "")
        return original(*args, **kwargs)

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
            # The subject that AWS gives a notification published without one.
            subject = subject or "AWS Notification Message"
            self._receive(subscription.get("endpoint", ""), subject, text, topic_arn, message_id)

    def _receive(self, to: str, subject: str, text: str, sender: str, message_id: str) -> None:
        self.add(
            {
                "to": to,
                "subject": subject,
                "text": text,
                "topic_arn": sender,
                "message_id": message_id,
                "time": clock.now(),
                "by": acting.get(),
                "probe": probing.get(),
                "event": delivering.get(),
            }
        )


def _read(file: Path) -> tuple[list[dict[str, Any]], str]:
    """The mails in a file, and the end of a sentence that says what is damaged; empty if nothing is."""
    if not file.is_file():
        file.stat()  # what is not there is no damage
        raise OSError("it is no file")
    if file.stat().st_size > LARGEST:
        raise OSError(f"it is larger than {LARGEST // 1024 // 1024} MiB")
    lines = [line for line in file.read_bytes().split(b"\n") if line.strip()]
    mails = [mail for line in lines if (mail := _mail(line)) is not None]
    lost = len(lines) - len(mails)
    return mails, f"was damaged: {lost} of its {len(lines)} lines cannot be read" if lost else ""


def _mail(line: bytes) -> dict[str, Any] | None:
    """The mail in a line of the file; None if the line is damaged."""
    with suppress(ValueError, RecursionError):
        mail = json.loads(line.decode("utf-8"))
        if isinstance(mail, dict) and "to" in mail and _is_right(mail):
            return mail
    return None


def _is_right(mail: dict[str, Any]) -> bool:
    texts = all(isinstance(mail.get(name, ""), str) for name in TEXTS)
    return texts and isinstance(mail.get("time", 0.0), (int, float))
