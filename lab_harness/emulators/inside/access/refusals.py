"""The answers to refused calls: AWS's error code, in the format of the service, and what to do."""

import json
import uuid
from xml.sax.saxutils import escape

from lab_harness.emulators.inside.access.faults import Fault
from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.access.routes import CONNECTIONS, destination
from lab_harness.emulators.inside.asgi import Scope, Send, respond

ADVICE = (
    "This call is not signed with this course's key. In a notebook, run the cell with open_lab(...) again. "
    'In a terminal, run: eval "$(lab env)" (in PowerShell: lab env --shell powershell | Out-String | Invoke-Expression)'
)
Response = tuple[int, dict[str, str], bytes]


async def refuse(scope: Scope, send: Send, answer: Response) -> None:
    """Send an answer; a WebSocket is closed before it begins."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await respond(send, *answer)


def plainly(reason: str) -> Response:
    """The answer to a refused request that is not an AWS call."""
    body = json.dumps({"__type": "AccessDenied", "message": f"Refused: {reason}."}).encode()
    return 403, {"content-type": "application/json"}, body


def answer(request: Request, refused: Fault) -> Response:
    """The answer to a refused AWS call: status, headers and body, from which an SDK reads code and message."""
    from ministack.core import iam_actions
    from ministack.core.responses import fix_error_content_type

    place = destination(request)
    service, headers = "apigateway" if place == CONNECTIONS else place, dict(request.headers)
    message = refused.message or ADVICE
    known = refused.code in iam_actions._AUTH_FAILURES
    usual = iam_actions._auth_failure(service, refused.code, message, headers)[2] if known else message
    status, fields, body = iam_actions.access_denied_response(
        service, "", "", str(uuid.uuid4()), error_code=refused.code, message=message, headers=headers
    )
    status = status if known else 400  # a link that could never have been right
    fix_error_content_type(service, status, fields)
    usual, ours = ((json.dumps(text)[1:-1] if body[:1] == b"{" else escape(text)).encode() for text in (usual, message))
    body = body.replace(usual, ours)  # For some services MiniStack has words of its own.
    return status, {name.lower(): value for name, value in fields.items()}, b"" if request.method == "HEAD" else body
