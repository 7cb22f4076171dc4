"""Tests for state machine definitions: what AWS refuses is refused, and nothing else."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.states_language import problems
from tests.roles import ready

ROLE = "arn:aws:iam::000000000000:role/states"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:check"
DONE = {"Type": "Succeed"}
PASS = {"Type": "Pass", "End": True}
TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}


def machine(start="A", /, **states):
    return {"StartAt": start, "States": states}


def found(definition):
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return [str(problem) for problem in problems(text)]


def choice(*rules, **fields):
    return {"Type": "Choice", "Choices": list(rules), **fields}


def looped(**fields):
    """A Map state over an inner machine of one state."""
    return {"Type": "Map", "ItemProcessor": machine("Inner", Inner=PASS), "End": True, **fields}


VALID = {
    "each simple state": machine(
        A={"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.a", "Next": "B"},
        B={"Type": "Wait", "Seconds": 1, "Next": "C"},
        C={"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 5, "HeartbeatSeconds": 2, "Next": "D"},
        D={"Type": "Succeed"},
    ),
    "comments and a version": {
        "Comment": "A hello world",
        "Version": "1.0",
        "TimeoutSeconds": 60,
        **machine(A={"Type": "Pass", "Comment": "the only one", "End": True}),
    },
    "a name with spaces": machine("Say hello", **{"Say hello": PASS}),
    "a name of 80 characters": machine("x" * 80, **{"x" * 80: PASS}),
    "paths and parameters": machine(
        A={
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "InputPath": "$.order",
            "Parameters": {"FunctionName": FUNCTION, "Payload.$": "$"},
            "ResultSelector": {"total.$": "$.Payload.total"},
            "ResultPath": "$.result",
            "OutputPath": "$",
            "End": True,
        }
    ),
    "paths that are null": machine(
        A={"Type": "Pass", "InputPath": None, "ResultPath": None, "OutputPath": None, "End": True}
    ),
    "fields inside a result": machine(A={"Type": "Pass", "Result": {"Next": "nowhere", "States": 1}, "End": True}),
    "assigned variables": machine(A={"Type": "Pass", "Assign": {"x.$": "$.x"}, "End": True}),
    "a fail state": machine(A={"Type": "Fail", "Error": "NoTea", "Cause": "It is all gone"}),
    "a fail state from paths": machine(A={"Type": "Fail", "ErrorPath": "$.error", "CausePath": "$.cause"}),
    "a bare fail state": machine(A={"Type": "Fail"}),
    "waits of each kind": machine(
        A={"Type": "Wait", "SecondsPath": "$.seconds", "Next": "B"},
        B={"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z", "Next": "C"},
        C={"Type": "Wait", "TimestampPath": "$.when", "End": True},
    ),
    "a choice": machine(
        A=choice(
            {"Variable": "$.kind", "StringEquals": "tea", "Next": "B"},
            {"Variable": "$.price", "NumericGreaterThanEquals": 10, "Comment": "expensive", "Next": "B"},
            {"Variable": "$.price", "NumericLessThanPath": "$.limit", "Next": "B"},
            {"Variable": "$.paid", "BooleanEquals": True, "Next": "B"},
            {"Variable": "$.name", "StringMatches": "a*", "Next": "B"},
            {"Variable": "$.when", "TimestampLessThan": "2030-01-01T00:00:00Z", "Next": "B"},
            {"Variable": "$.gift", "IsPresent": True, "Next": "B"},
            Default="B",
        ),
        B=DONE,
    ),
    "a choice of and, or and not": machine(
        A=choice(
            {
                "And": [
                    {"Variable": "$.a", "IsNumeric": True},
                    {"Or": [{"Variable": "$.a", "IsNull": False}, {"Not": {"Variable": "$.b", "IsString": True}}]},
                ],
                "Next": "B",
            },
            {"Not": {"Variable": "$.c", "IsPresent": True}, "Next": "B"},
        ),
        B=DONE,
    ),
    "a choice that loops back": machine(
        A={"Type": "Wait", "Seconds": 1, "Next": "B"},
        B=choice({"Variable": "$.done", "BooleanEquals": True, "Next": "C"}, Default="A"),
        C=DONE,
    ),
    "retry and catch": machine(
        A={
            **TASK,
            "Retry": [
                {
                    "ErrorEquals": ["Lambda.ServiceException", "Lambda.SdkClientException"],
                    "IntervalSeconds": 2,
                    "MaxAttempts": 6,
                    "BackoffRate": 2,
                    "MaxDelaySeconds": 60,
                    "JitterStrategy": "FULL",
                },
                {"ErrorEquals": ["OrderRejected"], "MaxAttempts": 0},
                {"ErrorEquals": ["States.ALL"], "BackoffRate": 1.5},
            ],
            "Catch": [
                {"ErrorEquals": ["OrderRejected", "States.Timeout"], "ResultPath": "$.error", "Next": "B"},
                {"ErrorEquals": ["States.ALL"], "Next": "B"},
            ],
        },
        B={"Type": "Fail"},
    ),
    "a state reached from a catch alone": machine(
        A={**TASK, "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}]}, B=DONE
    ),
    "a task that waits for a token": machine(
        A={
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "http://q", "MessageBody": {"token.$": "$$.Task.Token"}},
            "HeartbeatSeconds": 60,
            "End": True,
        }
    ),
    "services called in each way": machine(
        A={"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, "Next": "B"},
        B={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {}, "Next": "C"},
        C={
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets",
            "Credentials": {"RoleArn": ROLE},
            "Next": "D",
        },
        D={"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:pick", "End": True},
    ),
    "parallel branches": machine(
        A={
            "Type": "Parallel",
            "Branches": [
                machine("One", One=PASS),
                {
                    "Comment": "the other",
                    **machine("Two", Two={"Type": "Wait", "Seconds": 1, "Next": "Three"}, Three=DONE),
                },
            ],
            "ResultSelector": {"first.$": "$[0]"},
            "Retry": [{"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
            "Next": "B",
        },
        B=DONE,
    ),
    "an inline map": machine(
        A=looped(
            ItemsPath="$.orders", ItemSelector={"order.$": "$$.Map.Item.Value"}, MaxConcurrency=5, ResultPath="$.done"
        )
    ),
    "a map with an iterator": machine(
        A={
            "Type": "Map",
            "Iterator": machine("Inner", Inner=PASS),
            "Parameters": {"n.$": "$$.Map.Item.Index"},
            "End": True,
        }
    ),
    "a distributed map": machine(
        A=looped(
            ItemProcessor={
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                **machine("Inner", Inner=TASK),
            },
            ItemReader={
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                "Parameters": {"Bucket": "b", "Key": "k"},
            },
            ItemBatcher={"MaxItemsPerBatch": 10},
            ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}},
            ToleratedFailurePercentage=5,
            MaxConcurrency=100,
            Label="orders",
        )
    ),
    "maps in maps": machine(
        A=looped(
            ItemProcessor={
                "ProcessorConfig": {"Mode": "INLINE"},
                **machine("B", B=looped(ItemProcessor=machine("C", C=looped(ItemProcessor=machine("D", D=PASS))))),
            }
        )
    ),
    "JSONata throughout": {
        "QueryLanguage": "JSONata",
        **machine(
            A={
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": FUNCTION, "Payload": "{% $states.input %}"},
                "Assign": {"total": "{% $states.result.Payload.total %}"},
                "Output": "{% $states.result.Payload %}",
                "TimeoutSeconds": "{% $limit %}",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "E"}],
                "Next": "B",
            },
            B=choice(
                {"Condition": "{% $total > 10 %}", "Assign": {"big": True}, "Next": "C"},
                {"Condition": "{% $total = 0 %}", "Output": {"nothing": True}, "Next": "D"},
                Default="D",
            ),
            C=looped(
                Items="{% $states.input.items %}",
                MaxConcurrency="{% 2 + 3 %}",
                ItemSelector={"value": "{% $states.context.Map.Item.Value %}"},
                End=False,
                Next="D",
            ),
            D={"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "Next": "E"},
            E={"Type": "Succeed", "Output": "{% $states.input %}"},
        ),
    },
    "JSONata in one state alone": machine(
        A={"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input %}", "Next": "B"},
        B={"Type": "Pass", "Parameters": {"x.$": "$.x"}, "End": True},
    ),
    "end that is false beside next": machine(A={"Type": "Pass", "End": False, "Next": "B"}, B=DONE),
}


@pytest.mark.parametrize("definition", VALID.values(), ids=VALID.keys())
def test_valid_definition_is_accepted(definition):
    assert found(definition) == []


REQUIRED = "SCHEMA_VALIDATION_FAILED: These fields are required:"
UNSUPPORTED = "SCHEMA_VALIDATION_FAILED: Field '{}' is not supported at {}"
MISSING = "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at {}"
UNREACHABLE = 'MISSING_TRANSITION_TARGET: State "{}" is not reachable. at {}'
CATCH_ALL = "SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and in the last rule at {}"
RULE = {"Variable": "$.a", "IsPresent": True, "Next": "B"}
ALL = {"ErrorEquals": ["States.ALL"]}

# Each with all that is reported of it.
INVALID = {
    "no StartAt": ({"States": {"A": PASS}}, [f"{REQUIRED} [StartAt] at /"]),
    "an empty object": ({}, [f"{REQUIRED} [StartAt, States] at /"]),
    "a state without type": (machine(A={"End": True}), [f"{REQUIRED} [Type] at /States/A"]),
    "a state without end": (machine(A={"Type": "Pass"}), [f"{REQUIRED} [Next] or [End] at /States/A"]),
    "a task without resource": (machine(A={"Type": "Task", "End": True}), [f"{REQUIRED} [Resource] at /States/A"]),
    "a choice without choices": (
        machine(A={"Type": "Choice", "Default": "B"}, B=DONE),
        [f"{REQUIRED} [Choices] at /States/A"],
    ),
    "a rule without next": (
        machine(A=choice({"Variable": "$.a", "IsPresent": True}, Default="B"), B=DONE),
        [f"{REQUIRED} [Next] at /States/A/Choices[0]"],
    ),
    "a parallel without branches": (
        machine(A={"Type": "Parallel", "End": True}),
        [f"{REQUIRED} [Branches] at /States/A"],
    ),
    "a catch without next": (
        machine(A={**TASK, "Catch": [ALL]}),
        [f"{REQUIRED} [Next] at /States/A/Catch[0]"],
    ),
    "a retry without errors": (
        machine(A={**TASK, "Retry": [{"MaxAttempts": 1}]}),
        [f"{REQUIRED} [ErrorEquals] at /States/A/Retry[0]"],
    ),
    "an unknown field of the machine": ({**machine(A=PASS), "Coment": ""}, [UNSUPPORTED.format("Coment", "/")]),
    "an unknown field of a state": (machine(A={**PASS, "Foo": 1}), [UNSUPPORTED.format("Foo", "/States/A")]),
    "a misspelt comparison": (
        machine(A=choice({"Variable": "$.a", "StringEqual": "x", "Next": "B"}), B=DONE),
        [UNSUPPORTED.format("StringEqual", "/States/A/Choices[0]")],
    ),
    "an end of a succeed state": (machine(A={**DONE, "End": True}), [UNSUPPORTED.format("End", "/States/A")]),
    "a retry of a pass state": (machine(A={**PASS, "Retry": []}), [UNSUPPORTED.format("Retry", "/States/A")]),
    "a time limit of a map": (machine(A=looped(TimeoutSeconds=1)), [UNSUPPORTED.format("TimeoutSeconds", "/States/A")]),
    "a query language of an item processor": (
        machine(A=looped(ItemProcessor={"QueryLanguage": "JSONata", **machine("I", I=PASS)})),
        [UNSUPPORTED.format("QueryLanguage", "/States/A/ItemProcessor")],
    ),
    "a next that is nowhere": (
        machine(A=choice(RULE, Default="C"), B=DONE, C={"Type": "Pass", "Next": "Nowhere"}),
        [MISSING.format("/States/C/Next")],
    ),
    "a default that is nowhere": (
        machine(A=choice(RULE, Default="Nowhere"), B=DONE),
        [MISSING.format("/States/A/Default")],
    ),
    "a rule's next that is nowhere": (
        machine(A=choice(RULE, {**RULE, "Next": "Nowhere"}), B=DONE),
        [MISSING.format("/States/A/Choices[1]/Next")],
    ),
    "a catch that leads nowhere": (
        machine(A={**TASK, "Catch": [{**ALL, "Next": "Nowhere"}]}),
        [MISSING.format("/States/A/Catch[0]/Next")],
    ),
    "a start that is nowhere": (
        machine("Nowhere", A=PASS),
        [MISSING.format("/StartAt"), UNREACHABLE.format("A", "/States/A")],
    ),
    "an unreachable state": (machine(A=PASS, B=DONE), [UNREACHABLE.format("B", "/States/B")]),
    "an unreachable end of a loop": (
        machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}, C=PASS),
        [UNREACHABLE.format("C", "/States/C")],
    ),
    "a loop without end": (
        machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}),
        ["MISSING_END_STATE: Workflow has no terminal state at null"],
    ),
    "a next that is nowhere, and no end": (
        machine(A={"Type": "Pass", "Next": "Nowhere"}),
        [MISSING.format("/States/A/Next"), "MISSING_END_STATE: Workflow has no terminal state at null"],
    ),
    "a next out of a branch": (
        machine(
            A={"Type": "Parallel", "Branches": [machine("I", I={"Type": "Pass", "Next": "B"})], "Next": "B"}, B=DONE
        ),
        ["MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Branches[0]/States/I/Next"],
    ),
    "a start in a map that is nowhere": (
        machine(A=looped(ItemProcessor=machine("Nowhere", I=PASS))),
        [
            MISSING.format("/States/A/ItemProcessor/StartAt"),
            UNREACHABLE.format("I", "/States/A/ItemProcessor/States/I"),
        ],
    ),
    "a broken state deep inside": (
        machine(A=looped(ItemProcessor=machine("I", I=looped(ItemProcessor=machine("J", J={"Type": "Pass"}))))),
        [f"{REQUIRED} [Next] or [End] at /States/A/ItemProcessor/States/I/ItemProcessor/States/J"],
    ),
    "an unreachable state in an iterator": (
        machine(A={"Type": "Map", "Iterator": machine("I", I=PASS, J=PASS), "End": True}),
        [UNREACHABLE.format("J", "/States/A/Iterator/States/J")],
    ),
    "a name twice, inside and outside": (
        machine(A=looped(ItemProcessor=machine("A", A=PASS))),
        ["DUPLICATE_STATE_NAME: Duplicate State name: A at /States/A/ItemProcessor/States/A"],
    ),
    "a name in two branches": (
        machine(A={"Type": "Parallel", "Branches": [machine("I", I=PASS), machine("I", I=PASS)], "End": True}),
        ["DUPLICATE_STATE_NAME: Duplicate State name: I at /States/A/Branches[1]/States/I"],
    ),
    "States.ALL beside another error": (
        machine(A={**TASK, "Retry": [{"ErrorEquals": ["States.ALL", "NoTea"]}]}),
        [CATCH_ALL.format("/States/A/Retry[0]/ErrorEquals")],
    ),
    "States.ALL that is not last": (
        machine(A={**TASK, "Catch": [{**ALL, "Next": "B"}, {"ErrorEquals": ["NoTea"], "Next": "B"}]}, B=DONE),
        [CATCH_ALL.format("/States/A/Catch[0]/ErrorEquals")],
    ),
    "a JSONata field without JSONata": (
        machine(A={**PASS, "Output": "{% 1 %}"}),
        [
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported "
            "for the 'JSONata' QueryLanguage at /States/A"
        ],
    ),
    "a JSONPath field in JSONata": (
        {"QueryLanguage": "JSONata", **machine(A={**PASS, "InputPath": "$.a"})},
        [
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported "
            "for the 'JSONPath' QueryLanguage at /States/A"
        ],
    ),
    "a map's JSONata that its states do not inherit": (
        machine(A=looped(QueryLanguage="JSONata", ItemProcessor=machine("I", I={**PASS, "Output": 1}))),
        [
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported "
            "for the 'JSONata' QueryLanguage at /States/A/ItemProcessor/States/I"
        ],
    ),
    "JSONPath in a JSONata machine": (
        {"QueryLanguage": "JSONata", **machine(A={**PASS, "QueryLanguage": "JSONPath"})},
        [
            "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' "
            "for whole state machine at /States/A"
        ],
    ),
}


@pytest.mark.parametrize(("definition", "expected"), INVALID.values(), ids=INVALID.keys())
def test_invalid_definition_is_refused_in_awss_words(definition, expected):
    assert sorted(found(definition)) == sorted(expected)


WRONG = {
    "no JSON": ("{'StartAt': 'A'}", "INVALID_JSON_DESCRIPTION"),
    "JSON cut short": ('{"StartAt": "A", "States": {', "line 1"),
    "nothing": ("", "INVALID_JSON_DESCRIPTION"),
    "a list": ("[]", "at /"),
    "no states": ({"StartAt": "A", "States": {}}, "at /States"),
    "an unknown type": (machine(A={"Type": "Tusk", "End": True}), "'Tusk' is not one of"),
    "a type in lower case": (machine(A={"Type": "pass", "End": True}), "'pass' is not one of"),
    "next and end": (machine(A={**PASS, "Next": "B"}, B=DONE), "[Next, End] exclude each other"),
    "an end that is false": (machine(A={"Type": "Pass", "End": False}), "at /States/A/End"),
    "a wait for nothing": (machine(A={"Type": "Wait", "End": True}), "Exactly one of these fields is required"),
    "a wait for two things": (
        machine(A={"Type": "Wait", "Seconds": 1, "Timestamp": "2030-01-01T00:00:00Z", "End": True}),
        "Exactly one of these fields is required",
    ),
    "a map of nothing": (
        machine(A={"Type": "Map", "End": True}),
        "One of these fields is required: [ItemProcessor, Iterator]",
    ),
    "an empty list of choices": (machine(A=choice(Default="B"), B=DONE), "at /States/A/Choices"),
    "a rule that compares nothing": (
        machine(A=choice({"Variable": "$.a", "Next": "B"}), B=DONE),
        "A comparison is required beside the field [Variable] at /States/A/Choices[0]",
    ),
    "a rule without condition": (machine(A=choice({"Next": "B"}), B=DONE), "at /States/A/Choices[0]"),
    "an empty and": (machine(A=choice({"And": [], "Next": "B"}), B=DONE), "at /States/A/Choices[0]/And"),
    "no branches": (machine(A={"Type": "Parallel", "Branches": [], "End": True}), "at /States/A/Branches"),
    "no errors to retry": (machine(A={**TASK, "Retry": [{"ErrorEquals": []}]}), "at /States/A/Retry[0]/ErrorEquals"),
    "fewer than no attempts": (
        machine(A={**TASK, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": -1}]}),
        "at /States/A/Retry[0]/MaxAttempts",
    ),
    "a backoff that shrinks": (
        machine(A={**TASK, "Retry": [{"ErrorEquals": ["E"], "BackoffRate": 0.5}]}),
        "at /States/A/Retry[0]/BackoffRate",
    ),
    "a resource that is no text": (machine(A={**TASK, "Resource": 1}), "at /States/A/Resource"),
    "a state that is no object": (machine(A="Pass"), "at /States/A"),
    "a name of 81 characters": (machine("x" * 81, **{"x" * 81: PASS}), "at /States"),
    "an unknown query language": ({"QueryLanguage": "SQL", **machine(A=PASS)}, "at /QueryLanguage"),
}


@pytest.mark.parametrize(("definition", "words"), WRONG.values(), ids=WRONG.keys())
def test_wrong_definition_is_refused_and_says_where(definition, words):
    assert any(words in problem for problem in found(definition))


def test_missing_definition_is_refused():
    assert problems(None)[0].code == "INVALID_JSON_DESCRIPTION"


# Through boto3.

GOOD, BAD = json.dumps(machine(A=PASS)), json.dumps(machine(A=PASS, B=DONE))
REFUSAL = "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B'"


@pytest.fixture(scope="module")
def states(embedded):
    ready(embedded, ROLE)
    return Clients(embedded)["stepfunctions"]


@pytest.fixture
def existing(states):
    arn = states.create_state_machine(name="existing", definition=GOOD, roleArn=ROLE)["stateMachineArn"]
    yield arn
    states.delete_state_machine(stateMachineArn=arn)


def test_create_refuses_an_invalid_definition(states):
    with pytest.raises(ClientError) as caught:
        states.create_state_machine(name="broken", definition=BAD, roleArn=ROLE)
    assert caught.value.response["Error"] == {"Code": "InvalidDefinition", "Message": REFUSAL}
    assert "broken" not in [item["name"] for item in states.list_state_machines()["stateMachines"]]


def test_create_refuses_what_is_no_json(states):
    with pytest.raises(states.exceptions.InvalidDefinition, match="INVALID_JSON_DESCRIPTION"):
        states.create_state_machine(name="broken", definition="no JSON", roleArn=ROLE)


def test_update_refuses_an_invalid_definition_and_keeps_the_old_one(states, existing):
    with pytest.raises(states.exceptions.InvalidDefinition):
        states.update_state_machine(stateMachineArn=existing, definition=BAD)
    assert states.describe_state_machine(stateMachineArn=existing)["definition"] == GOOD


def test_update_without_definition_is_accepted(states, existing, embedded):
    states.update_state_machine(stateMachineArn=existing, roleArn=ready(embedded, f"{ROLE}-other"))


def test_every_problem_is_in_the_refusal(states):
    both = json.dumps(machine(A={"Type": "Pass", "Foo": 1, "Bar": 1}))
    with pytest.raises(states.exceptions.InvalidDefinition) as caught:
        states.create_state_machine(name="broken", definition=both, roleArn=ROLE)
    message = caught.value.response["Error"]["Message"]
    assert "is not supported at /States/A, SCHEMA_VALIDATION_FAILED: " in message


def test_validate_answers_with_diagnostics(states):
    answer = states.validate_state_machine_definition(definition=BAD)
    assert (answer["result"], answer["truncated"]) == ("FAIL", False)
    assert answer["diagnostics"] == [
        {
            "severity": "ERROR",
            "code": "MISSING_TRANSITION_TARGET",
            "message": 'State "B" is not reachable.',
            "location": "/States/B",
        }
    ]


def test_validate_leaves_out_a_location_that_there_is_not(states):
    loop = json.dumps(machine(A={"Type": "Pass", "Next": "A"}))
    [diagnostic] = states.validate_state_machine_definition(definition=loop)["diagnostics"]
    assert "location" not in diagnostic


def test_validate_finds_a_broken_jsonata_expression(states):
    definition = json.dumps({"QueryLanguage": "JSONata", **machine(A={**PASS, "Output": "{% 1 + %}"})})
    [diagnostic] = states.validate_state_machine_definition(definition=definition)["diagnostics"]
    assert diagnostic["code"] == "INVALID_JSONATA_EXPRESSION"
    assert diagnostic["location"] == "/States/A/Output"


@pytest.mark.parametrize("definition", VALID.values(), ids=VALID.keys())
def test_emulator_accepts_each_valid_definition(states, definition):
    answer = states.validate_state_machine_definition(definition=json.dumps(definition))
    assert (answer["result"], answer["diagnostics"]) == ("OK", [])
