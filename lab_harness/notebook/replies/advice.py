"""One sentence for each error of AWS's, or of boto3's before anything is sent: what to do about it."""

import difflib
import re
from typing import Any

from botocore import xform_name
from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    WaiterError,
)
from botocore.exceptions import (
    ConnectionError as ConnectionFailed,
)

from lab_harness.answers import LACKING
from lab_harness.notebook.replies.call import MAKING, FailedCall
from lab_harness.notebook.replies.missing import not_there

EXISTS = re.compile("AlreadyExist|AlreadyOwned|NameExists|EntityExists|Conflict|InUse|Duplicate")
IN_WORDS = re.compile("already exists")  # where the code says no more than that something is wrong
MISSING = re.compile("NotFound|NoSuch|NonExistent|DoesNotExist|Malformed$|^404$")
DENIED = re.compile("AccessDenied|Forbidden|Unauthorized|AuthorizationError|NotAuthorized|^403$")
KEY = re.compile("Signature|InvalidClientToken|UnrecognizedClient|MissingAuthenticationToken|ExpiredToken")
BUSY = re.compile("Throttl|TooManyRequests|SlowDown|RequestLimit|PriorRequestNotComplete")
CONDITION = re.compile("ConditionalCheckFailed")
CANCELLED = "TransactionCanceledException"
VERSION = re.compile("PreconditionFailed|InvalidIfMatchVersion")
RESERVED = re.compile(r"reserved keyword: (?P<word>\w+)")
LATER = re.compile("in progress|Pending state|being (created|updated|deleted)", re.IGNORECASE)
UNASSUMABLE = re.compile("cannot be assumed|role defined for the function", re.IGNORECASE)
FORBIDDEN = re.compile(
    r"perform: (?P<action>[\w:-]+)(?: on resource: \"?(?P<resource>[^\s\"]+)\"?)?"
    r"(?: with an explicit deny in (?P<denies>an? [\w -]+))?"
)
ROLE_LACKS = re.compile(r"role does not have permissions to call (?P<action>\w+) on (?P<service>\w+)")
WRONG_TYPE = re.compile(
    r"Invalid type for parameter (?P<name>[^,]+), value: .*, type: <class '(?P<given>\w+)'>"
    r", valid types: (?P<valid>.+)",
    re.DOTALL,
)
UNKNOWN = re.compile(r'Unknown parameter in (?P<where>[\w.\[\]]+): "(?P<name>[^"]*)", must be one of: (?P<known>.+)')
ABSENT = re.compile(r'Missing required parameter in (?P<where>[\w.\[\]]+): "(?P<name>[^"]+)"')

NO_ARN = re.compile(r"Value '(?P<value>[^']*)' at '(?P<name>\w+)' failed .* pattern: \^?arn:")

RUN_OPEN_LAB = "Run the cell with open_lab, then those that make your clients, then this one."
START = (
    "The emulator does not run: start it in the panel, or with `lab start` in a terminal, and run the cell again; "
    "if it still does not answer, run the cells with open_lab and with your clients first."
)
# What changes a thing that exists, where no operation of the same name does it, or several do.
CHANGES = {
    "CreateRole": "`update_assume_role_policy` changes who may assume it, `put_role_policy` and `attach_role_policy` "
    "what it allows",
    "CreateFunction": "`update_function_code` changes its code, `update_function_configuration` its settings",
    "CreateTable": "its key cannot be changed, the rest `update_table` changes",
    "CreateQueue": "`set_queue_attributes` changes its settings",
    "CreateTopic": "`set_topic_attributes` changes its settings",
    "CreateBucket": "it is yours and can be used as it is; `put_bucket_…` changes its settings",
    "CreatePolicy": "`create_policy_version` changes what it says",
    "AddPermission": "`remove_permission` with the same StatementId takes it away, so that it can be added again",
    "CreateLogGroup": "it can be used as it is",
    "Subscribe": "`set_subscription_attributes` changes its settings, `unsubscribe` removes it",
}


def advice(error: BaseException, call: FailedCall | None) -> str:
    """What to do about an error of botocore's; `call` is the one that raised it, where that is known."""
    if isinstance(error, ClientError):
        return _refused(error, call or FailedCall("", error.operation_name))
    if isinstance(error, ParamValidationError):
        return _arguments(str(error.kwargs.get("report", "")), call)
    if isinstance(error, HTTPClientError | ConnectionFailed):
        return START
    if isinstance(error, NoCredentialsError | NoRegionError):
        return RUN_OPEN_LAB
    if isinstance(error, WaiterError):
        return _waited(error)
    return _documented(call)


def answered(error: BaseException, call: FailedCall | None) -> str:
    """What AWS, or boto3, says, without what only repeats it."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        code, message = told.get("Code", "Unknown"), told.get("Message") or "it gives no reason"
        return f"AWS answers {(call or FailedCall('', error.operation_name)).name} with {code}: {message}"
    if isinstance(error, ParamValidationError):
        what = f"boto3 did not send {call.name}" if call else "boto3 did not send the call"
        return f"{what}: {error.kwargs.get('report', error)}"
    return str(error)


def _refused(error: ClientError, call: FailedCall) -> str:
    told = _told(error.response)
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    if KEY.search(code):
        return f"The call is not signed with this course's key. {RUN_OPEN_LAB}"
    if LATER.search(message) and EXISTS.search(code):
        return "AWS is still at work on it: wait until it is ready (`client.get_waiter(…).wait(…)`), then call again."
    if UNASSUMABLE.search(message):
        return "Compare the ARN with the role's, and see that the role's trust policy names the service as Principal."
    if reserved := RESERVED.search(message):
        name = reserved["word"]
        return f"Write `#{name}` in the expression, and give `ExpressionAttributeNames={{'#{name}': '{name}'}}`."
    if (EXISTS.search(code) or IN_WORDS.search(message)) and call.operation.startswith(MAKING):
        return _there_already(call)
    rules = (
        (MISSING, not_there(call, code, message)),
        (DENIED, _denied(message)),
        (BUSY, "Too many calls at once: wait for some seconds, then call again."),
        (CONDITION, "The condition did not hold: ask for the item as it is, `get_item` for example, and compare."),
        (
            VERSION,
            "It is another by now than your call says: ask for it again, and give that answer's `ETag` as `IfMatch`.",
        ),
        (LACKING, "The emulator does not know this operation: compare its name with boto3's documentation."),
        (EXISTS, "It is in use, or in another state than this call needs: see what still refers to it."),
    )
    if code == CANCELLED:  # a transaction: the codes of its actions stand in the message
        code = message
    return next((said for pattern, said in rules if pattern.search(code)), "") or _value(call, message)


def _waited(error: WaiterError) -> str:
    if MISSING.search(str(_told(error.last_response).get("Code", ""))):
        return not_there(FailedCall("", ""), "", "")
    return "What was waited for did not come about: ask AWS for its state, which often says why."


def _told(response: Any) -> dict[str, Any]:
    """The part of an answer that tells of an error; nothing where there is none."""
    told: dict[str, Any] = response.get("Error", {}) if isinstance(response, dict) else {}
    return told


def _value(call: FailedCall, message: str) -> str:
    """What is wrong with a value that AWS does not take, or with what stands behind it."""
    if wrong := next(call.no_json(), None):
        name, problem = wrong
        return (
            f"`{name}` is no JSON, at {problem}. Mend it there, or let `json.dumps(…)` make the text of a dictionary."
        )
    if lacks := ROLE_LACKS.search(message):
        action = f"{lacks['service'].lower()}:{lacks['action']}"
        return f"A policy of the function's role must allow `{action}` on what this call names: compare the ARNs, too."
    if found := NO_ARN.search(message):
        name = next((each for each in call.arguments if each.casefold() == found["name"].casefold()), found["name"])
        return (
            f"`{name}` is an ARN, which begins with arn:, and {found['value']} is none: ask for it by the call that "
            "describes what you mean; a queue has it as the attribute QueueArn."
        )
    return _documented(call)


def _there_already(call: FailedCall) -> str:
    change = CHANGES.get(call.operation, "")
    if not _does(call, change):
        change = _same_named(call)
    reset = "`lab.reset()` removes what this lab asked you to build; then run your cells again from the top."
    if not change:
        return f"It exists already: {reset}"
    return f"It exists already, perhaps since this cell ran before: {change}. Or {reset}"


def _same_named(call: FailedCall) -> str:
    thing = re.sub("^(Create|Add|Register|Import)", "", call.operation)
    for verb in ("Update", "Modify", "Put", "Set"):
        if f"{verb}{thing}" in call.operations:
            return f"`{xform_name(verb + thing)}` changes it"
    for verb in ("Delete", "Remove"):
        if f"{verb}{thing}" in call.operations:
            return f"`{xform_name(verb + thing)}` removes it"
    return ""


def _does(call: FailedCall, change: str) -> bool:
    """Whether the service has the operations that a sentence names: CloudFront's functions are changed otherwise."""
    known = {xform_name(name) for name in call.operations}
    return bool(change) and all(name in known for name in re.findall(r"`(\w+)`", change))


def _denied(message: str) -> str:
    found = FORBIDDEN.search(message)
    if not found:
        return "A policy must allow this: that of the role which makes the call, or that of the resource it is about."
    where = f" on `{found['resource']}`" if found["resource"] else ""
    if found["denies"]:
        return f"A Deny in {found['denies']} forbids `{found['action']}`{where}, whatever else allows it: change that."
    return f"A policy of the role which makes the call must allow `{found['action']}`{where}."


def _arguments(report: str, call: FailedCall | None) -> str:
    if wrong := WRONG_TYPE.search(report):
        return _of_type(wrong["name"], wrong["given"], wrong["valid"])
    if unknown := UNKNOWN.search(report):
        known = unknown["known"].split(", ")
        folded = {name.casefold(): name for name in known}
        near = difflib.get_close_matches(unknown["name"].casefold(), folded, n=1, cutoff=0.5)
        return f"Did you mean `{folded[near[0]]}`?" if near else f"Compare the names: {', '.join(known)}."
    if absent := ABSENT.findall(report):
        return f"Give it {' and '.join(f'`{name}`' for _, name in absent)}, too."
    return _documented(call)


def _of_type(name: str, given: str, valid: str) -> str:
    if "'str'" in valid and given in ("dict", "list"):
        return f"`{name}` is JSON as text, not a {given}: put `json.dumps(…)` around it."
    if "'bytes'" in valid and given in ("dict", "list"):
        return f"`{name}` is JSON as text, not a {given}: `json.dumps(…).encode()` makes it."
    if "'dict'" in valid and given == "str":
        return f"`{name}` is a dictionary, not text: write it as {{…}}, or use `json.loads(…)`."
    if "'list'" in valid:
        return f"`{name}` is a list: put [ ] around it."
    classes = re.findall(r"<class '(\w+)'>", valid)
    return f"`{name}` must be of the type {' or '.join(classes[:2]) or valid}, and is of the type {given}."


def _documented(call: FailedCall | None) -> str:
    if not call or not call.service:
        return "Compare the call with boto3's documentation."
    address = f"https://docs.aws.amazon.com/boto3/latest/reference/services/{call.service}/client/{call.name}.html"
    return f"Compare the values with what this call takes: {address}"
