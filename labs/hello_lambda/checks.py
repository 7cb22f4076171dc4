"""Checks for the lab hello_lambda: the simple function, its role, its log and its metrics."""

import json
import re
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from lab_harness.authors import (
    Failure,
    check,
    customers,
    eventually,
    expect,
    functions,
    next_steps,
    no_clock,
    no_witness,
    standard_checks,
)

ROLE, FUNCTION = "hello-world-role", "hello-world"
HANDLER = "lambda_function.lambda_handler"
GREETING = "Hello from Lambda!"
TEST_EVENT = {"key1": "value1", "key2": "value2", "key3": "value3"}


role_exists = standard_checks.role_exists(ROLE, "Section 1 of the notebook shows create_role.", task="role")
role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="role", needs=role_exists)


role_may_write_logs = standard_checks.role_may_write_logs(
    ROLE,
    FUNCTION,
    "Section 1 names the managed policy; attach_role_policy puts it on a role.",
    task="role",
    needs=role_exists,
)
role_is_least_privilege = standard_checks.role_is_least_privilege(ROLE, task="role", needs=role_may_write_logs)


@check("The function hello-world exists and is active", task="function")
def function_exists(lambda_):
    expect.function(lambda_, FUNCTION, "Section 2 of the notebook shows create_function.")
    expect.active(lambda_, FUNCTION)


@check("The function runs Python", task="function", needs=function_exists)
def function_runs_python(lambda_):
    runtime = lambda_.get_function_configuration(FunctionName=FUNCTION).get("Runtime", "none")
    if not runtime.startswith("python"):
        raise Failure(
            expected="a Python runtime, such as python3.13",
            found=f"the runtime {runtime}",
            next_step=next_steps.change("Runtime", "create_function"),
        )


@check("The function's handler is lambda_function.lambda_handler", task="function", needs=function_exists)
def function_has_handler(lambda_):
    handler = lambda_.get_function_configuration(FunctionName=FUNCTION)["Handler"]
    next_step = next_steps.change("Handler, written file.function,", "create_function")
    expect.value("the handler", HANDLER, handler, next_step)


function_uses_role = standard_checks.function_uses_role(
    FUNCTION, ROLE, task="function", needs=(function_exists, role_exists)
)


@check(
    "The function answers 200 with Hello from Lambda!",
    task="function",
    needs=(function_runs_python, function_has_handler),
)
def function_answers(lambda_):
    for event in [visit() for _ in range(customers.chance.randint(2, 4))]:
        invocation = functions.invoke(lambda_, FUNCTION, event)
        answer = invocation.payload if isinstance(invocation.payload, dict) else {}
        greets = answer.get("body") in (GREETING, json.dumps(GREETING))
        if invocation.error or answer.get("statusCode") != 200 or not greets:
            raise Failure(
                expected=f'an answer with statusCode 200 and the body "{GREETING}"',
                found=invocation.described(),
                next_step=invocation.next_step(about_answer(invocation.payload)),
            )


@check("The function logs the event it gets", task="handler", needs=function_answers)
def function_logs_the_event(lambda_, logs, witness=no_witness):
    event = visit()
    another = visit_untold([json.dumps(event), *lines_about(witness, logs, event)])
    functions.invoke(lambda_, FUNCTION, event)

    def look():
        lines = lines_about(witness, logs, event)
        if not all(any(tells(line, *pair) for line in lines) for pair in event.items()):
            raise Failure(
                expected=f"a log line with the event, such as {json.dumps(event)}",
                found=functions.latest_log(logs, FUNCTION),
                next_step=about_log(lines, event),
            )
        # A function that prints every event that there could be prints one that nobody has sent.
        if any(tells(line, "name", another["name"]) for line in lines):
            raise Failure(
                expected="a log of the events that the function got, and of no others",
                found=f"a log line with {json.dumps(another)}, which nobody sent",
                next_step="Print the event itself, which is the handler's first argument.",
            )

    eventually(look, within=2)


@check("The log shows the hello-world test event", task="test_event", needs=function_logs_the_event)
def test_event_was_run(logs, witness=no_witness):
    def look():
        lines = lines_about(witness, logs, TEST_EVENT)
        if not all(any(tells(line, *pair) for line in lines) for pair in TEST_EVENT.items()):
            raise Failure(
                expected="a log line with key1, key2 and key3 of the test event, from a run with this event",
                found=functions.latest_log(logs, FUNCTION),
                next_step=about_runs(witness.runs(FUNCTION) or ()),
                there=any(not run.probe for run in witness.runs(FUNCTION) or ()),
            )

    eventually(look, within=1)


@check("The log reports billed duration and memory", task="test_event", needs=test_event_was_run)
def log_reports_the_bill(logs, witness=no_witness):
    def look():
        reports = functions.log(logs, FUNCTION, "REPORT RequestId:", witness=witness)
        if not any("Billed Duration:" in line and "Max Memory Used:" in line for line in reports):
            raise Failure(
                expected="a REPORT line with Billed Duration and Max Memory Used",
                found=functions.latest_log(logs, FUNCTION),
                next_step="Invoke the function once more; each invocation ends with its REPORT line.",
            )

    eventually(look, within=1)


@check("CloudWatch counts the invocations", task="test_event", needs=test_event_was_run)
def metrics_count_invocations(cloudwatch, clock=no_clock):
    def look():
        now = datetime.fromtimestamp(clock.now(), UTC)
        try:
            points = cloudwatch.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName="Invocations",
                Dimensions=[{"Name": "FunctionName", "Value": FUNCTION}],
                StartTime=now - timedelta(days=1),
                EndTime=now + timedelta(minutes=5),
                Period=3600,
                Statistics=["Sum"],
            )["Datapoints"]
        except ClientError:
            points = []
        if sum(point["Sum"] for point in points) < 1:
            raise Failure(
                expected=f"at least one data point of the metric Invocations for {FUNCTION}",
                found="no data points in the last day",
                next_step="Invoke the function again; section 5 shows how to read its metrics.",
            )

    eventually(look, within=2)


def about_answer(payload):
    """What to do about an answer that is not as asked."""
    if payload is None:
        return "The handler returns nothing: what it is to answer stands behind return."
    if isinstance(payload, str):
        return "The handler returns a text: let it return the dictionary itself."
    if isinstance(payload, dict) and payload.get("statusCode") == "200":
        return "statusCode is a number, without quotes."
    if isinstance(payload, dict) and not isinstance(payload.get("body", ""), str):
        return f'body is a text, "{GREETING}" or what json.dumps makes of it.'
    if isinstance(payload, dict) and not {"statusCode", "body"} <= payload.keys():
        return f"The answer has the keys statusCode and body, written so; this one has {', '.join(payload) or 'none'}."
    return "Look at what lambda_handler returns, and deploy the code again after you change it."


def about_log(lines, event):
    """What to do about a log that lacks the event, or a part of it."""
    printed = [line for line in lines if not re.match(r"(START|END|REPORT|INIT_START) ", line)]
    if any(has_word(line, str(value)) for line in printed for value in event.values()):
        return "Print all of it, print(event): the log has only a part of the event, or not the names with the values."
    if any(all(has_word(line, name) for name in event) for line in printed):
        return "Print the event itself, print(event): the log has only the names in it."
    if any(re.search(r"^\W*event\W*$", line) for line in printed):
        return "In quotes event is a word: print(event) prints what the handler gets."
    return (
        "What the handler prints before it returns is logged, and what its logger warns of; section 3 shows how new "
        "code gets into the function."
    )


def about_runs(runs):
    """What to do where no run had the whole test event: one with a part of it, or with nothing, is told of."""
    sent = [run.event for run in runs if run.by == "learner"]
    parts = ("TEST_EVENT", *TEST_EVENT)
    if near := [text for text in sent if text == "{}" or any(has_word(text, name) for name in parts)]:
        return f"You sent {near[-1]}: json.dumps(TEST_EVENT), once and without quotes, is the Payload."
    return "Now that the function logs its event, invoke it with TEST_EVENT as its payload: section 4."


def visit():
    """An event like those of the notebook, of which there are too many to know this one before."""
    return {"name": customers.full_name(), "visit": customers.number()}


def has_word(line, word):
    return re.search(rf"\b{re.escape(word)}\b", line) is not None


def tells(line, name, value):
    """Whether a line has an entry of the event, as JSON or as Python writes it."""
    return re.search(rf"\b{name}\W{{1,8}}{re.escape(str(value))}\b", line) is not None


def visit_untold(lines):
    """A visit that none of these lines tells of; any, where they seem to tell of all that there could be."""
    for _ in range(20):
        drawn = visit()
        if not any(tells(line, "name", drawn["name"]) for line in lines):
            break
    return drawn


def lines_about(witness, logs, event):
    """What the runs with this event have logged; the whole log, where the emulator does not tell runs apart."""
    runs = witness.runs(FUNCTION)
    if runs is None:
        return functions.log(logs, FUNCTION)
    return [line for run in runs if is_event(run.event, event) for line in run.lines]


def is_event(text, event):
    try:
        return json.loads(text) == event
    except ValueError:
        return False
