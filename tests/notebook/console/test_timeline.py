"""Tests for the tab of the timeline."""

from lab_harness import load_lab
from tests.waiting import wait_until

from .helpers import look

LABS = ["hello_lambda"]


def test_timeline_is_the_picture_of_what_happened_after_the_last_request(account):
    load_lab("hello_lambda").solve(account)
    account["lambda"].invoke(FunctionName="hello-world", Payload=b"{}")

    def picture():
        [block] = look("hello_lambda", "timeline", account)
        return str(block)

    text = wait_until(lambda: picture() if "invoked" in picture() else "")
    assert text.startswith("What happened after the last request")
    assert "hello-world" in text
