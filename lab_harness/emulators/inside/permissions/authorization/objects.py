"""Tells of an object that is not there only whom the bucket may be listed for; everybody else is refused.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions" (2026). MiniStack tells everybody.
"""

from http import HTTPStatus
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.permissions.authorization import principals
from lab_harness.emulators.inside.permissions.authorization.authority import Authority, context, policy_of, sentence
from lab_harness.emulators.inside.permissions.authorization.calls import caller, verified
from lab_harness.emulators.inside.permissions.authorization.decisions import Question

LIST = "s3:ListBucket"


class Objects:
    """Decides about what is told of the objects of one emulator."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def install(self) -> None:
        """Change MiniStack. This takes effect when it imports S3."""
        hooks.change({"s3": {"_get_object": self._read, "_head_object": self._read}})

    def _read(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        from ministack.services import s3

        answer = original(*args, **kwargs)
        bucket, key = args[:2]
        # A website and MiniStack's services read without headers; what a website says of it is another thing.
        if answer[0] != HTTPStatus.NOT_FOUND or bucket not in s3._buckets or not any(args[2:3]):
            return answer
        words = self._refusal(f"arn:aws:s3:::{bucket}")
        return s3._error("AccessDenied", words, 403, f"/{bucket}/{key}") if words else answer

    def _refusal(self, bucket: str) -> str:
        """AWS's words where the caller may not list a bucket; empty where they may."""
        who = caller.get() if verified.get() else principals.anybody()
        what = Question(LIST, bucket, context(who, {}), policy_of(bucket))
        decision = self._authority.may(who, what)
        if decision.allowed:
            return ""
        return sentence(who, what, decision) if verified.get() else "Access Denied"
