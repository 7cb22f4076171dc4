"""What the checks of state_machine act with: adoptions of pets of their own, and calls of the functions."""

import json
from types import SimpleNamespace

from lab_harness.authors import Failure, customers, executions, expect, items, no_witness, task_tokens

HELLO, MACHINE, TABLE, QUEUE = "hello-world", "pet-adoption", "Pets", "adoption-approvals"
ANSWERED = ("TaskSucceeded", "LambdaFunctionSucceeded")  # the types of events of a task that was answered
WITHIN = 20  # seconds: an execution with its retries, on a slow machine
AVAILABLE, ABSENT = {"status": "available"}, "no such pet"
APPROVE, DENY = {"output": '{"approved": true}'}, {"output": '{"approved": false}'}
SAY_NOTHING = {"output": "{}"}
REFUSE, BREAK_DOWN = {"error": "Refused", "cause": "no garden"}, {"error": "ApprovalSystemDown", "cause": "no line"}
OTHER_INPUT = "The function got other input than it takes: see its state's Payload, and ResultPath of those before it."
ABOUT_ERRORS = {
    "States.Runtime": "A state asks for a path that its input lacks: ResultPath keeps the input beside a result.",
    **dict.fromkeys(("KeyError", "TypeError", "AttributeError"), OTHER_INPUT),
    "Sandbox.Timedout": "A function took longer than its timeout. Check once more; if it is so again, read its log.",
    "DynamoDB.ValidationException": "DynamoDB refused the call: the error says what of the Parameters is wrong.",
}
NEXT_STEP = "Section 3 says what each function does, and has the cell that deploys it again."


def expect_hello(stepfunctions, value, end, kinds, next_step):
    execution = executions.run_execution(stepfunctions, HELLO, {"IsHelloWorldExample": value}, WITHIN)
    if (execution.status, execution.error) != end or not all(map(execution.entered, kinds)):
        raise Failure(
            expected=f"an execution that enters a {', a '.join(kinds)} state and is {' with '.join(filter(None, end))}",
            found=execution.described(),
            next_step=about_error(execution) or next_step,
        )


def expect_ends(stepfunctions, dynamodb, sqs, next_step, pets, answers=None, **more):
    """Run an adoption; each pet, given as (item before, status in the output, status in the table), ends so."""
    adoption = adopt(stepfunctions, dynamodb, sqs, {label: pet[0] for label, pet in pets.items()}, answers, **more)
    output = adoption.execution.output
    entries = [each for each in output if isinstance(each, dict)] if isinstance(output, list) else []
    statuses = {json.dumps(entry.get("petId")): entry.get("status") for entry in entries}
    for label, (_, status, in_table) in pets.items():
        pet, found = adoption.ids[label], adoption.items[label].get("status", ABSENT)
        if (statuses.get(json.dumps(pet)), found) != (status, in_table):
            raise Failure(
                expected=f"{json.dumps({'petId': pet, 'status': status})} in the output, {in_table} in {TABLE}",
                found=f"{found} in {TABLE}; {adoption.execution.described(about=pet)}",
                next_step=about_ending(adoption.execution, pet, statuses)
                or about_status(adoption.execution, status, statuses.get(json.dumps(pet)), found == in_table)
                or next_step,
            )
    adoption.expect_called()
    return adoption.execution


def about_error(execution):
    """What to do about an error that no pet's end explains, caught or not; "" where there is none of that kind."""
    errors = {execution.error, *execution.errors()}
    if "condition path" in execution.cause:
        return (
            "A rule of a Choice compares a field that is not there: look at its name, and where it may be missing "
            "IsPresent asks first, in an And."
        )
    if any(each.startswith("Lambda.") for each in errors):
        return "Lambda itself refused the call: compare the state's FunctionName with the function's name."
    return next((advice for error, advice in ABOUT_ERRORS.items() if error in errors), "")


def about_ending(execution, pet, statuses):
    """What to do about an adoption in whose output a pet is missing, whatever was to become of it; "" otherwise."""
    if advice := about_error(execution):
        return advice
    if execution.status == "SUCCEEDED" and not isinstance(execution.output, list):
        return "The output is to be a list, as a Map gives it: of what each pet's last state gives."
    if execution.status == "SUCCEEDED" and json.dumps(pet) not in statuses:
        return "Each way through the Map ends with petId and status: ResultPath keeps the petId beside a result."
    return ""


def about_status(execution, wanted, given, as_wanted):
    """What to do about a pet that ended with another status than it should; `as_wanted` is it in the table.

    No status is given where the execution failed; its error says why then.
    """
    if (wanted, given) == ("adopted", "refused"):
        if "DynamoDB.ConditionalCheckFailedException" in execution.errors():
            return "The pet was reserved, and yet the condition for adopting it did not hold: compare the two statuses."
        return "An approval was taken for a refusal: ResultPath keeps the answer where the Choice looks for it."
    if as_wanted and given not in (wanted, None) and (wanted, given) != ("refused", "adopted"):
        return f"The pet's way ended in a state that gives the status {given}: look at it, and at what leads there."
    return ""


def about_message(message):
    """What to do about a message that does not ask for an approval as it should."""
    if "taskToken" in message and message["taskToken"] is None:
        return "Only a Resource that ends in .waitForTaskToken has a token."
    if any(isinstance(value, str) and value.startswith("$") for value in message.values()):
        return "A field that is to hold what a path leads to has a name that ends in .$, such as petId.$."
    return "Section 7 shows MessageBody; the token is in the context object, at $$.Task.Token."


def expect_reserved(adoption, label):
    """A pet is reserved while it waits for an approval, or, as long as none is asked for, in the end.

    Where an approval is asked for and not waited for, the pet may be free again before anybody looks.
    """
    asked = adoption.asked.get(label, {})
    if asked and not asked.get("taskToken"):
        return
    if (status := adoption.waiting.get(label) or adoption.items[label].get("status")) != "reserved":
        raise Failure(
            expected=f"a pet that becomes reserved in {TABLE}",
            found=f"it {status}; {adoption.execution.described()}",
            next_step=about_error(adoption.execution)
            or "After check-pet the pet goes on to a Task state that calls reserve-pet.",
        )


def expect_tried_again(adoption, label):
    """A pet with flaky 2 was counted down to 0, by a call that then was answered."""
    left = adoption.items[label].get("flaky")
    answered = any(event["type"] in ANSWERED for event in adoption.execution.events)
    if left != 0 or not answered:
        retry = "A Retry of the state that calls check-pet names the error TransientError"
        raise Failure(
            expected="a pet with flaky 2 that check-pet fails for twice, and then answers for",
            found=f"flaky {left} in {TABLE}; {adoption.execution.described()}",
            next_step=about_error(adoption.execution)
            or (f"{retry}." if left else f"{retry}; its MaxAttempts counts the tries after the first."),
        )


def expect_asked(adoption, label):
    """An approval is asked for a pet, with a token that can be answered."""
    wanted = {"petId": adoption.ids[label], "adopter": adoption.adopter}
    asked = {name: adoption.asked.get(label, {}).get(name) for name in wanted}
    if asked != wanted or adoption.unanswered:
        raise Failure(
            expected=f"a message in {QUEUE} with the task's taskToken and {json.dumps(wanted)}",
            found=f"{'; '.join(adoption.messages) or 'no message'}; {adoption.execution.described()}",
            next_step=about_error(adoption.execution)
            or about_message(executions.decoded(adoption.messages[0]) if adoption.messages else {}),
        )


def one_of_each():
    """A pet for each end that an adoption can come to."""
    return {
        "good": (AVAILABLE, "adopted", "adopted"),
        "refused": (AVAILABLE, "refused", "available"),
        "taken": ({"status": "adopted"}, "unavailable", "adopted"),
        "nobody": (None, "not-found", ABSENT),
        "flaky": (AVAILABLE | {"flaky": 2}, "adopted", "adopted"),
        "shy": (AVAILABLE | {"flaky": customers.chance.randint(20, 99)}, "unavailable", "available"),
    }


def adopt(stepfunctions, dynamodb, sqs, pets, answers=None, meanwhile=None, called=None):
    """Run an adoption of the probe's own pets, and approve it unless told otherwise; `meanwhile` comes before that.

    `called` is a function, the label of a pet and the witness: `expect_called` asks whether it was called for this pet.
    """
    adoption = SimpleNamespace(adopter=customers.name(), asked={}, waiting={})
    adoption.ids = ids = pet_ids(dynamodb, pets)
    data = {"adopter": adoption.adopter, "petIds": list(ids.values())}
    function, about, witness = called or (None, None, no_witness)
    moment = witness.moment()

    def answer(message):
        if label := next((label for label, pet in ids.items() if pet == message.get("petId")), None):
            adoption.asked[label] = message
            adoption.waiting[label] = items.read_item(dynamodb, TABLE, "petId", ids[label]).get("status")
            if meanwhile:
                items.put_item(dynamodb, TABLE, {"petId": ids[label], **meanwhile})
        return (answers or {}).get(label, APPROVE)

    def expect_called():
        if called:
            next_step = f"A Task state calls {function}; its FunctionName or Resource says which function that is."
            evidence = adoption.execution.described(about=ids[about])
            starter = f"states {MACHINE}"
            expect.started_by(witness, function, ids[about], starter, moment, next_step, evidence=evidence)

    adoption.expect_called = expect_called
    with items.probe_items(dynamodb, TABLE, "petId", {ids[label]: pet for label, pet in pets.items()}):
        queue = task_tokens.token_queue(stepfunctions, sqs, MACHINE, QUEUE, ids.values())
        ran = task_tokens.run_answering(stepfunctions, MACHINE, data, queue, answer, WITHIN)
        adoption.execution, adoption.messages, adoption.unanswered = ran
        adoption.items = {label: items.read_item(dynamodb, TABLE, "petId", pet) for label, pet in ids.items()}
    return adoption


def pet_ids(dynamodb, labels):
    """An id for each of the pets, in any order."""
    there, ids = items.ids(dynamodb, TABLE, "petId"), {}
    for label in customers.shuffled(labels):
        ids[label] = customers.some_id("p", [*there, *ids.values()])
    return ids


def call_with_pet(lambda_, dynamodb, function, before, error, after):
    """Call a function with a pet that is like `before`; it fails with this error or answers, and leaves it `after`."""
    pet = customers.some_id("p", items.ids(dynamodb, TABLE, "petId"))
    with items.probe_items(dynamodb, TABLE, "petId", {pet: before}):
        # As the state machine calls it: with the adopter beside the pet.
        expect.answer(lambda_, function, {"petId": pet, "adopter": customers.name()}, error, NEXT_STEP)
        found = items.read_item(dynamodb, TABLE, "petId", pet)
    left, before = items.described({name: found.get(name) for name in after or {}}), json.dumps(before)
    expect.value(f"a pet with {before} that {function} leaves with", items.described(after or {}), left, NEXT_STEP)
