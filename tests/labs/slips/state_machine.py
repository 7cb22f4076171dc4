"""Lab 03."""

import json

from lab_harness.authors import executions

from .mistakes import (
    edit,
    other_role,
    policy,
    rebuild_table,
    rename_function,
    rename_queue,
    rename_role,
    replaced,
    trust,
)
from .slip import Slip

HELLO, MACHINE, TABLE, QUEUE = "hello-world", "pet-adoption", "Pets", "adoption-approvals"
HELLO_ROLE, FUNCTION_ROLE, MACHINE_ROLE = "hello-world-states-role", "pet-functions-role", "pet-adoption-role"
CHECK, RESERVE, RELEASE = "check-pet", "reserve-pet", "release-pet"


def handler(function, old, new):
    return edit("state_machine", function.replace("-", "_"), old, new)


def found(clients, machine):
    return executions.describe_machine(clients["stepfunctions"], machine)


def update(machine, **changed):
    def make(clients):
        arn = found(clients, machine)["stateMachineArn"]
        clients["stepfunctions"].update_state_machine(stateMachineArn=arn, **changed)

    return make


def rename_machine(machine, other, kind="STANDARD"):
    """The state machine has another name, or is of another type."""

    def make(clients):
        before = found(clients, machine)
        clients["stepfunctions"].delete_state_machine(stateMachineArn=before["stateMachineArn"])
        same = {key: before[key] for key in ("definition", "roleArn")}
        clients["stepfunctions"].create_state_machine(name=other, type=kind, **same)

    return make


def uses_role(machine, role):
    return lambda clients: update(machine, roleArn=clients["iam"].get_role(RoleName=role)["Role"]["Arn"])(clients)


def word(machine, old, new):
    """The definition has another word, wherever the old one was."""
    return lambda clients: update(machine, definition=replaced(found(clients, machine)["definition"], old, new))(
        clients
    )


def states(machine, change):
    """The machine's states are changed by `change`; what nothing leads to any more is gone, as AWS wants it."""

    def make(clients):
        definition = json.loads(found(clients, machine)["definition"])
        inner = definition["States"]["EachPet"]["ItemProcessor"] if machine == MACHINE else definition
        change(inner["States"])
        keep_reached(inner)
        update(machine, definition=json.dumps(definition))(clients)

    return make


def keep_reached(machine):
    there, reached, waiting = machine["States"], set(), [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            ways = [there[name], *there[name].get("Catch", []), *there[name].get("Choices", [])]
            waiting += [way[field] for way in ways for field in ("Next", "Default") if field in way]
    machine["States"] = {name: there[name] for name in there if name in reached}


def state(name, machine=MACHINE, **fields):
    """A state has other fields; what is None it lacks."""

    def change(there):
        whole = {**there[name], **fields}
        there[name] = {key: value for key, value in whole.items() if key not in fields or value is not None}

    return states(machine, change)


def parameters(name, **fields):
    return states(MACHINE, lambda there: there[name]["Parameters"].update(fields))


def caught(*errors, goes_to):
    return [{"ErrorEquals": list(errors), "ResultPath": "$.error", "Next": goes_to}]


def adopted_if(goes_to="AdoptPet", **asked):
    """What the Choice asks about the answer, before the pet is adopted."""
    return state("IsApproved", Choices=[{"Variable": "$.approval.approved", **asked, "Next": goes_to}])


def asked_too_early(there):
    for name, after in (("CheckPet", "AskForApproval"), ("AskForApproval", "ReservePet"), ("ReservePet", "IsApproved")):
        there[name]["Next"] = after


def swapped(there):
    for rule in there["Hello World example?"]["Choices"]:
        rule["BooleanEquals"] = not rule["BooleanEquals"]


def without_condition(there):
    del there["AdoptPet"]["Parameters"]["ConditionExpression"]
    del there["AdoptPet"]["Parameters"]["ExpressionAttributeValues"][":reserved"]


retried_always = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1}]
SLIPS = {
    "hello_exists": [
        Slip("underscore", rename_machine(HELLO, "hello_world"), "hello_world is nearly hello-world"),
        Slip("Lambda's role", trust(HELLO_ROLE, "states.", "lambda."), "Its Principal is lambda.amazonaws.com"),
        Slip("one letter", trust(HELLO_ROLE, "states.", "state."), "nearly states.amazonaws.com"),
    ],
    "hello_true_succeeds": [
        Slip("no Parallel", state("Wait a second", HELLO, Next="Hello World"), "Follow the Next of each state"),
        Slip("swapped", states(HELLO, swapped), "Follow the Next"),
        Slip("another letter", word(HELLO, "$.IsHelloWorldExample", "$.isHelloWorldExample"), "look at its name"),
    ],
    "hello_false_fails": [
        Slip("one letter", state("No", HELLO, Error="NotHelloworld"), "NotHelloworld", "the Error of the Fail state"),
        Slip("the cause alone", state("No", HELLO, Error=None), "the Error of the Fail state"),
        Slip("true twice", word(HELLO, "false", "true"), "the Choice's rule for false"),
    ],
    "table_exists": [
        Slip("singular", rebuild_table(TABLE, "Pet"), "Pet is nearly Pets"),
    ],
    "queue_exists": [
        Slip("singular", rename_queue(QUEUE, "adoption-approval"), "adoption-approval is nearly adoption-approvals"),
        Slip("underscore", rename_queue(QUEUE, "adoption_approvals"), "adoption_approvals is nearly"),
    ],
    "function_role_is_trusted": [
        Slip("plural", rename_role(FUNCTION_ROLE, "pets-functions-role"), "pets-functions-role is nearly"),
        Slip("the machine's", trust(FUNCTION_ROLE, "lambda.", "states."), "Its Principal is states.amazonaws.com"),
    ],
    "function_role_fits": [
        Slip("misspelt", policy(FUNCTION_ROLE, "UpdateItem", "UpdateItems"), "which is nearly"),
        Slip("another table", policy(FUNCTION_ROLE, "table/Pets", "table/Pet"), "table/Pet only"),
    ],
    "functions_exist": [
        Slip("underscores", rename_function(RELEASE, "release_pet"), "release_pet is nearly release-pet"),
        Slip("one forgotten", rename_function(CHECK), "creates all three"),
        Slip("another role", other_role(RESERVE, "pet-function-role"), "pet-function-role", "Correct Role"),
    ],
    "check_pet_knows_pets": [
        Slip("another table", handler(CHECK, '"Pets")', '"Pet")'), "table/Pet"),
        Slip("another error", handler(CHECK, "raise PetNotFound", "raise TransientError"), "deploys it again"),
        Slip("misspelt", handler(CHECK, 'pet["status"]', 'pet["Status"]'), "Nothing is called 'Status'"),
    ],
    "check_pet_counts_down": [
        Slip("two at once", handler(CHECK, '":less": -1', '":less": -2'), "flaky"),
    ],
    "reserve_pet_reserves": [
        Slip("another word", handler(RESERVE, '":reserved": "reserved"', '":reserved": "Reserved"'), "Reserved"),
    ],
    "release_pet_releases": [
        Slip("another word", handler(RELEASE, '":available": "available"', '":available": "Available"'), "Available"),
    ],
    "machine_role_is_trusted": [
        Slip("Lambda's", trust(MACHINE_ROLE, "states.", "lambda."), "Its Principal is lambda.amazonaws.com"),
        Slip("underscores", rename_role(MACHINE_ROLE, "pet_adoption_role"), "pet_adoption_role is nearly"),
    ],
    "machine_role_fits": [
        Slip("one function", policy(MACHINE_ROLE, "function:release-pet", "function:release_pet"), "release_pet"),
        Slip("misspelt", policy(MACHINE_ROLE, "sqs:SendMessage", "sqs:SendMessages"), "which is nearly"),
        Slip("all of Lambda", policy(MACHINE_ROLE, "lambda:InvokeFunction", "lambda:*"), "lambda:*"),
    ],
    "machine_exists": [
        Slip("underscore", rename_machine(MACHINE, "pet_adoption"), "pet_adoption is nearly pet-adoption"),
        Slip("the first one's role", uses_role(MACHINE, HELLO_ROLE), "Correct roleArn"),
        Slip("express", rename_machine(MACHINE, MACHINE, "EXPRESS"), "EXPRESS", "cannot be changed"),
    ],
    "unknown_pet_is_not_found": [
        Slip("all tried again", state("CheckPet", Retry=retried_always), "Let Retry name the one error"),
        Slip(
            "no ResultPath",
            state("CheckPet", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "NotFound"}]),
            "ResultPath",
        ),
        Slip("another word", parameters("NotFound", status="not found"), "the status not found"),
    ],
    "flaky_pet_is_retried": [
        Slip("misspelt", word(MACHINE, '"TransientError"', '"TransientErrors"'), "names the error TransientError"),
    ],
    "available_pet_is_reserved": [
        Slip("underscore", parameters("ReservePet", FunctionName="reserve_pet"), "FunctionName"),
        Slip("asked too early", states(MACHINE, asked_too_early), "After check-pet the pet goes on to a Task state"),
    ],
    "taken_pet_is_unavailable": [
        Slip("the wrong end", state("ReservePet", Catch=caught("States.ALL", goes_to="NotFound")), "not-found"),
    ],
    "approval_is_asked": [
        Slip("no wait", word(MACHINE, ".waitForTaskToken", ""), "ends in .waitForTaskToken"),
    ],
    "approved_pet_is_adopted": [
        Slip("in words only", adopted_if("Adopted", BooleanEquals=True), "writes adopted"),
    ],
    "late_approval_adopts_nothing": [
        Slip("no condition", states(MACHINE, without_condition), "Adopt on the condition that"),
    ],
}
