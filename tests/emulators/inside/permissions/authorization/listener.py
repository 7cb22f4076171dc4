"""What the tests of deliveries share: the function "listener", which services are to call, and whether they do."""

import json

from tests.waiting import wait_until

ANSWERS = 'def lambda_handler(event, context): return {"statusCode": 200, "body": "served"}'
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:listener"


def noted(emulator, kind, name=None):
    """How many deeds of a kind there are, about this."""
    return sum(deed.kind == kind and name in (None, deed.name) for deed in emulator.deeds()[1])


def comes_about(emulator, cause, kind, name):
    """Let something happen, and wait until there is one more deed of this kind."""
    before = noted(emulator, kind, name)
    cause()
    wait_until(lambda: noted(emulator, kind, name) > before)


def runs(emulator, cause):
    comes_about(emulator, cause, "run", "listener")


def is_denied(emulator, cause, resource=FUNCTION):
    """Let something happen, and wait until it was refused; the listener does not run."""
    before = noted(emulator, "run")
    comes_about(emulator, cause, "denied", resource)
    assert noted(emulator, "run") == before
    return json.loads([deed for deed in emulator.deeds()[1] if deed.kind == "denied"][-1].detail)


def permit(account, service, source, action="lambda:InvokeFunction"):
    account["lambda"].add_permission(
        FunctionName="listener", StatementId="let-in", Action=action, Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )  # fmt: skip


def forbid(account, statement="let-in"):
    account["lambda"].remove_permission(FunctionName="listener", StatementId=statement)
