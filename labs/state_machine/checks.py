"""Checks for the lab state_machine: each pet of an adoption comes to its own end, and no reservation is left behind."""

import re

from lab_harness.authors import (
    Failure,
    check,
    customers,
    definitions,
    executions,
    expect,
    functions,
    next_steps,
    no_witness,
    policies,
    standard_checks,
)

from . import probes
from .probes import ABSENT, AVAILABLE, BREAK_DOWN, DENY, HELLO, MACHINE, QUEUE, REFUSE, TABLE, adopt, expect_ends

TABLE_ARN = policies.arn("dynamodb", f"table/{TABLE}")
OWN_CALLS = ("dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:PutItem")  # which the machine itself may make
FUNCTION_ROLE, MACHINE_ROLE = "pet-functions-role", "pet-adoption-role"
CHECK, RESERVE, RELEASE = FUNCTIONS = ("check-pet", "reserve-pet", "release-pet")
DAY = 24 * 60 * 60  # seconds


@check("The state machine hello-world exists, with its role", task="hello")
def hello_exists(stepfunctions, iam):
    expect.exists(stepfunctions, "state machines", [HELLO], "Section 1 shows create_state_machine.")
    role = executions.describe_machine(stepfunctions, HELLO)["roleArn"].rpartition("/")[2]
    expect.role(iam, role, "Section 1 creates a role; update_state_machine changes roleArn.")
    expect.trust(iam, role, "states.amazonaws.com")


@check("true goes through a Wait and a Parallel, and succeeds", task="hello", needs=hello_exists)
def hello_true_succeeds(stepfunctions):
    next_step = "Follow the Next of each state in section 1's drawing, beginning at StartAt."
    probes.expect_hello(stepfunctions, True, ("SUCCEEDED", ""), ("Choice", "Wait", "Parallel"), next_step)


@check("false fails with the error NotHelloWorld", task="hello", needs=hello_exists)
def hello_false_fails(stepfunctions):
    next_step = "Look at the Choice's rule for false, and at the Error of the Fail state."
    probes.expect_hello(stepfunctions, False, ("FAILED", "NotHelloWorld"), ("Choice", "Fail"), next_step)


table_exists = standard_checks.table_exists(TABLE, "petId", "The cell of section 2 creates it.", task="given")
table_is_on_demand = standard_checks.table_is_on_demand(TABLE, task="given", needs=table_exists)


@check("The queue adoption-approvals keeps its messages", task="given")
def queue_exists(sqs):
    expect.queue(sqs, QUEUE, "The cell of section 2 creates it.")
    # People look at an approval more than once before they decide, and so do these checks.
    expect.queue_attribute(sqs, QUEUE, "RedrivePolicy", "none")


@check("Lambda may assume the role pet-functions-role", task="given")
def function_role_is_trusted(iam):
    expect.role(iam, FUNCTION_ROLE, "The cell of section 2 creates it.")
    expect.trust(iam, FUNCTION_ROLE, "lambda.amazonaws.com")


@check("It allows what the functions do, no more", task="given", needs=function_role_is_trusted)
def function_role_fits(iam, logs):
    needed = [("dynamodb:GetItem", TABLE_ARN), ("dynamodb:UpdateItem", TABLE_ARN)]
    next_step = "The cell of section 2 puts it right, in make_role."
    expect.permissions(iam, FUNCTION_ROLE, [*needed, *functions.log_permissions(logs, *FUNCTIONS)], next_step)
    expect.least_privilege(iam, FUNCTION_ROLE, needed)


@check("The three functions exist and use the role", task="given", needs=function_role_is_trusted)
def functions_exist(lambda_, iam):
    for name in FUNCTIONS:
        expect.function(lambda_, name, "The cell of section 2 creates all three.")
        expect.function_role(lambda_, iam, name, FUNCTION_ROLE)


@check("The three functions may run for 10 seconds", task="given", needs=functions_exist)
def functions_time_out(lambda_):
    for name in FUNCTIONS:
        expect.timeout(lambda_, name, 10)


@check("check-pet tells who is there", task="given", needs=(functions_exist, table_exists))
def check_pet_knows_pets(lambda_, dynamodb):
    for before, error in customers.shuffled([(AVAILABLE, None), (None, "PetNotFound")]):
        probes.call_with_pet(lambda_, dynamodb, CHECK, before, error, before)


@check("check-pet fails while flaky counts down", task="given", needs=(functions_exist, table_exists))
def check_pet_counts_down(lambda_, dynamodb):
    flaky = customers.chance.randint(1, 9)
    for count, error in customers.shuffled([(2, "TransientError"), (flaky, "TransientError"), (0, None)]):
        after = AVAILABLE | {"flaky": max(0, count - 1)}
        probes.call_with_pet(lambda_, dynamodb, CHECK, AVAILABLE | {"flaky": count}, error, after)


@check("reserve-pet reserves only what is available", task="given", needs=(functions_exist, table_exists))
def reserve_pet_reserves(lambda_, dynamodb):
    cases = (("available", None), ("reserved", "PetUnavailable"), ("adopted", "PetUnavailable"))
    for before, error in customers.shuffled(cases):
        after = {"status": before if error else "reserved"}
        probes.call_with_pet(lambda_, dynamodb, RESERVE, {"status": before}, error, after)


@check("release-pet makes only reserved pets available", task="given", needs=(functions_exist, table_exists))
def release_pet_releases(lambda_, dynamodb):
    cases = (("reserved", "available"), ("available", "available"), ("adopted", "adopted"))
    for before, after in customers.shuffled(cases):
        probes.call_with_pet(lambda_, dynamodb, RELEASE, {"status": before}, None, {"status": after})


@check("Step Functions may assume the role pet-adoption-role", task="given")
def machine_role_is_trusted(iam):
    expect.role(iam, MACHINE_ROLE, "The cell of section 2 creates it.")
    expect.trust(iam, MACHINE_ROLE, "states.amazonaws.com")


@check("It allows the calls and the messages, no more", task="given", needs=machine_role_is_trusted)
def machine_role_fits(iam):
    needed = [("lambda:InvokeFunction", policies.arn("lambda", f"function:{name}")) for name in FUNCTIONS]
    needed.append(("sqs:SendMessage", policies.arn("sqs", QUEUE)))
    expect.permissions(iam, MACHINE_ROLE, needed, "Section 4 lists what the state machine calls.")
    expect.least_privilege(iam, MACHINE_ROLE, [*needed, (OWN_CALLS, TABLE_ARN)])


@check("The standard state machine pet-adoption uses the role", task="machine", needs=machine_role_is_trusted)
def machine_exists(stepfunctions, iam):
    expect.exists(stepfunctions, "state machines", [MACHINE], "Section 5 shows how to deploy one.")
    found = executions.describe_machine(stepfunctions, MACHINE)
    expect.value("the type", "STANDARD", found["type"], next_steps.build_anew("A type", "create_state_machine"))
    role = iam.get_role(RoleName=MACHINE_ROLE)["Role"]["Arn"]
    expect.value("the role", role, found["roleArn"], next_steps.change("roleArn", "create_state_machine"))


@check("Its definition is valid Amazon States Language", task="machine", needs=machine_exists)
def definition_is_valid(stepfunctions):
    problems = executions.definition_problems(definitions.of(stepfunctions, MACHINE))
    next_step = "Each problem ends with the place in the definition where it stands."
    expect.value("mistakes in the definition:", "none", "; ".join(problems[:3]) or "none", next_step)


@check("An unknown pet is not-found at once", task="machine", needs=(definition_is_valid, check_pet_knows_pets))
def unknown_pet_is_not_found(stepfunctions, dynamodb, sqs, witness=no_witness):
    next_step = "Catch PetNotFound where check-pet is called, and go on to the state for this end."
    pets = {"nobody": (None, "not-found", ABSENT)}
    execution = expect_ends(stepfunctions, dynamodb, sqs, next_step, pets, called=(CHECK, "nobody", witness))
    next_step = "Let Retry name the one error that another try can mend; States.ALL stands for every error."
    tries = execution.errors().count("PetNotFound")
    expect.value("calls of check-pet that failed with PetNotFound:", 1, tries, next_step)


@check("A flaky pet is tried again", task="machine", needs=(definition_is_valid, check_pet_counts_down))
def flaky_pet_is_retried(stepfunctions, dynamodb, sqs):
    adoption = adopt(stepfunctions, dynamodb, sqs, {"flaky": {"status": "reserved", "flaky": 2}})
    probes.expect_tried_again(adoption, "flaky")


@check("An available pet is reserved", task="reserve", needs=(unknown_pet_is_not_found, reserve_pet_reserves))
def available_pet_is_reserved(stepfunctions, dynamodb, sqs, witness=no_witness):
    adoption = adopt(stepfunctions, dynamodb, sqs, {"pet": AVAILABLE}, called=(RESERVE, "pet", witness))
    probes.expect_reserved(adoption, "pet")
    adoption.expect_called()


@check("A pet that somebody has is unavailable", task="reserve", needs=(unknown_pet_is_not_found, reserve_pet_reserves))
def taken_pet_is_unavailable(stepfunctions, dynamodb, sqs):
    pets = {each: ({"status": each}, "unavailable", each) for each in ("reserved", "adopted")}
    expect_ends(stepfunctions, dynamodb, sqs, "Catch PetUnavailable where reserve-pet is called.", pets)


@check("An approval is asked for while the pet is reserved", task="approval", needs=available_pet_is_reserved)
def approval_is_asked(stepfunctions, dynamodb, sqs):
    adoption = adopt(stepfunctions, dynamodb, sqs, {"pet": AVAILABLE})
    probes.expect_asked(adoption, "pet")
    expect.value("while it waits, the pet", "reserved", adoption.waiting["pet"], "Ask for approval after reserve-pet.")


@check("An approval is waited for at most a day", task="approval", needs=approval_is_asked)
def approval_is_not_awaited_for_ever(stepfunctions):
    waiting = definitions.task_states(definitions.of(stepfunctions, MACHINE), ".waitForTaskToken")
    for name, state in waiting.items():
        seconds = state.get("TimeoutSeconds", state.get("TimeoutSecondsPath", "none"))
        if seconds == "none" or (isinstance(seconds, int) and seconds > DAY):
            raise Failure(
                expected=f"the state {name} with a TimeoutSeconds of a day, {DAY}",
                found=f"TimeoutSeconds: {seconds}",
                next_step="TimeoutSeconds stands in the state itself, beside Resource; deploy again after a change.",
            )


@check("An approved pet is adopted", task="approval", needs=approval_is_asked)
def approved_pet_is_adopted(stepfunctions, dynamodb, sqs):
    pets = dict.fromkeys(("one", "other"), (AVAILABLE, "adopted", "adopted"))
    expect_ends(stepfunctions, dynamodb, sqs, "After the approval a state writes adopted into the pet's item.", pets)


@check("The role allows what the machine itself does in Pets", task="approval", needs=approved_pet_is_adopted)
def machine_role_allows_its_own_calls(stepfunctions, iam):
    definition = definitions.of(stepfunctions, MACHINE)
    names = sorted(set(re.findall(r"arn:aws:states:::(?:aws-sdk:)?dynamodb:(\w+)", definition)))
    needed = [(f"dynamodb:{name[0].upper()}{name[1:]}", TABLE_ARN) for name in names]
    expect.permissions(iam, MACHINE_ROLE, needed, "Each service that a Task state calls needs its permission.")


@check("A refused pet is available again", task="compensation", needs=(approved_pet_is_adopted, release_pet_releases))
def refused_pet_is_released(stepfunctions, dynamodb, sqs, witness=no_witness):
    pets = {"pet": (AVAILABLE, "refused", "available")}
    next_step = "Catch the refusal where the approval is asked for, and call release-pet."
    expect_ends(stepfunctions, dynamodb, sqs, next_step, pets, {"pet": REFUSE}, called=(RELEASE, "pet", witness))


@check("The release of a pet is tried again", task="compensation", needs=refused_pet_is_released)
def release_is_retried(stepfunctions):
    releasing = definitions.task_states(definitions.of(stepfunctions, MACHINE), RELEASE)
    if lacking := [name for name, state in releasing.items() if not state.get("Retry")]:
        raise Failure(
            expected=f"a Retry in the state that calls {RELEASE}, for nothing comes after it",
            found=f"none in {', '.join(lacking)}",
            next_step="Section 8 names what makes a compensation dependable; Retry stands in CheckPet, too.",
        )


@check("Whatever is no approval is a refusal", task="compensation", needs=refused_pet_is_released)
def other_answers_are_refusals(stepfunctions, dynamodb, sqs):
    answers = {"breakdown": BREAK_DOWN, "denied": DENY, "silent": probes.SAY_NOTHING}
    pets = dict.fromkeys(answers, (AVAILABLE, "refused", "available"))
    next_step = "Catch every error of the approval, and look at the answer's approved before you adopt."
    expect_ends(stepfunctions, dynamodb, sqs, next_step, pets, answers)


@check("Nobody adopts a pet that is reserved no more", task="compensation", needs=refused_pet_is_released)
def late_approval_adopts_nothing(stepfunctions, dynamodb, sqs):
    sold = {"status": "adopted", "adopter": customers.name()}
    next_step = "Adopt on the condition that the pet is reserved, and catch what happens if it is not."
    expect_ends(stepfunctions, dynamodb, sqs, next_step, {"pet": (AVAILABLE, "refused", "adopted")}, meanwhile=sold)


@check("One pet's trouble never fails the others", task="compensation",
       needs=(other_answers_are_refusals, flaky_pet_is_retried, taken_pet_is_unavailable))  # fmt: skip
def troubles_stay_apart(stepfunctions, dynamodb, sqs):
    pets, next_step = probes.one_of_each(), "An error that no Catch of an iteration takes ends the whole Map."
    expect_ends(stepfunctions, dynamodb, sqs, next_step, pets, {"refused": REFUSE})
