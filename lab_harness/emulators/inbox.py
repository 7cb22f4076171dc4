"""A mailbox for what SNS sends to `email` subscribers: MiniStack only logs that it would have sent it."""

import time
from collections import deque
from typing import Any

import wrapt

MAX_MAILS = 1000


class Inbox:
    """The mails sent since the emulator started, oldest first, as JSON-ready dicts."""

    def __init__(self) -> None:
        self.mails: deque[dict[str, Any]] = deque(maxlen=MAX_MAILS)

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
            self.mails.append(
                {
                    "to": subscription.get("endpoint", ""),
                    # The subject that AWS gives a notification published without one.
                    "subject": subject or "AWS Notification Message",
                    "text": text,
                    "topic_arn": topic_arn,
                    "message_id": message_id,
                    "time": time.time(),
                }
            )
