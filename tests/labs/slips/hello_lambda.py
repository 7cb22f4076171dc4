"""Lab 01."""

import io
import zipfile

from lab_harness.aws import Clients

from .mistakes import allow, attach, both, code, no_policies, other_role, rename_function, rename_role, settings, trust
from .slip import Slip

ROLE, FUNCTION, GROUP = "hello-world-role", "hello-world", "/aws/lambda/hello-world"
LOGS = "arn:aws:logs:us-east-1:000000000000:log-group:"
LOGGING = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
ANSWER = "{'statusCode': 200, 'body': 'Hello from Lambda!'}"
NOT_LOGGED = "What the handler prints before it returns is logged"


def handler(*lines):
    return code(FUNCTION, "import json\ndef lambda_handler(event, context):\n    " + "\n    ".join(lines))


def allows_instead(actions, resource="*"):
    return both(no_policies(ROLE), allow(ROLE, actions, resource))


def packed_as(name):
    """The handler's file has this name in the archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, f"def lambda_handler(event, context): return {ANSWER}")
    return lambda clients: clients["lambda"].update_function_code(FunctionName=FUNCTION, ZipFile=packed.getvalue())


def ran_with(event):
    """All that the learner has sent is this event; None: nothing."""

    def make(clients):
        clients["logs"].delete_log_group(logGroupName=GROUP)
        if event is not None:
            learners = Clients(clients.emulator, as_learner=True)
            learners["lambda"].invoke(FunctionName=FUNCTION, Payload=event)

    return make


SLIPS = {
    "role_exists": [
        Slip("a letter is missing", rename_role(ROLE, "helo-world-role"), "helo-world-role is nearly hello-world-role"),
        Slip("underscores", rename_role(ROLE, "hello_world_role"), "hello_world_role is nearly hello-world-role"),
        Slip("forgotten", rename_role(ROLE), "no roles", "create_role"),
    ],
    "role_trusts_lambda": [
        Slip("one letter more", trust(ROLE, "lambda.", "lambdas."), "nearly lambda.amazonaws.com"),
        Slip("Deny", trust(ROLE, "Allow", "Deny"), "No statement of it has the Effect Allow", never=["Principal is"]),
    ],
    "role_may_write_logs": [
        Slip("misspelt", allows_instead([*LOGGING[:2], "logs:PutLogEvent"]), "logs:PutLogEvent, which is nearly that"),
        Slip("another function's", allows_instead(LOGGING, f"{LOGS}/aws/lambda/hello:*"), "/aws/lambda/hello:* only"),
        Slip("no :* behind the group", allows_instead(LOGGING, f"{LOGS}{GROUP}"), f"{GROUP} only"),
    ],
    "role_is_least_privilege": [
        Slip("all of logs", attach(ROLE, "arn:aws:iam::aws:policy/CloudWatchLogsFullAccess"), "logs:*", "Narrow it"),
    ],
    "function_exists": [
        Slip("underscore", rename_function(FUNCTION, "hello_world"), "hello_world is nearly hello-world"),
        Slip("capitals", rename_function(FUNCTION, "Hello-World"), "Hello-World is nearly hello-world"),
    ],
    "function_has_handler": [
        Slip("the file's name", settings(FUNCTION, Handler="lambda_function.py"), "written file.function"),
        Slip("the function alone", settings(FUNCTION, Handler="lambda_handler"), "written file.function"),
    ],
    "function_uses_role": [
        Slip("nearly this role", other_role(FUNCTION, "helo-world-role"), "helo-world-role", "Correct Role"),
    ],
    "function_answers": [
        Slip("the folder was zipped", packed_as("hello_world/lambda_function.py"), "not the folder around them"),
        Slip("a bracket is missing", handler(f"return {ANSWER[:-1]}"), "mend the line"),
        Slip("the body is no text", handler("return {'statusCode': 200, 'body': {'a': 1}}"), "body is a text"),
        Slip("statuscode", handler("return {'statuscode': 200, 'body': 'x'}"), "the keys statusCode and body"),
        Slip("one parameter", code(FUNCTION, f"def lambda_handler(event): return {ANSWER}"), "event and context"),
        Slip("called handler", code(FUNCTION, f"def handler(event, context): return {ANSWER}"), "no function lambda_h"),
        Slip("text", handler(f"return json.dumps({ANSWER})"), "let it return the dictionary itself"),
    ],
    "function_logs_the_event": [
        Slip("not deployed", handler(f"return {ANSWER}"), NOT_LOGGED, "how new code gets into"),
        Slip("printed after the end", handler(f"return {ANSWER}", "print(event)"), NOT_LOGGED),
        Slip("in quotes", handler("print('event')", f"return {ANSWER}"), "In quotes event is a word"),
        Slip("its names", handler("print(list(event))", f"return {ANSWER}"), "only the names"),
        Slip("a part of it", handler("print(event.get('name'))", f"return {ANSWER}"), "Print all of it"),
    ],
    "test_event_was_run": [
        Slip("not run", ran_with(None), "invoke it with TEST_EVENT"),
        Slip("without a payload", ran_with("{}"), "You sent {}"),
        Slip("the name in quotes", ran_with('"TEST_EVENT"'), 'You sent "TEST_EVENT"', "once and without quotes"),
        Slip("text in a text", ran_with('"{\\"key1\\": \\"value1\\"}"'), 'You sent "{', "once and without quotes"),
    ],
}
