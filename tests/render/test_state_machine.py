"""Tests for the picture of a state machine: what it shows of definition and execution, however odd they are."""

import re
from collections import Counter
from xml.etree import ElementTree

import pytest

from lab_harness.account.execution_path import ExecutionPath, Fate
from lab_harness.render.state_machine import STYLES, UNTOUCHED, machine_picture
from tests.pictures import assert_stands_alone

SVG = "{http://www.w3.org/2000/svg}"
PASS = {"Type": "Pass", "End": True}
HOSTILE = "<script>alert('x')</script> & \"quoted\" </text>"
ADOPTION = {
    "StartAt": "Check",
    "States": {
        "Check": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:000000000000:function:check-pet",
            "Retry": [{"ErrorEquals": ["Flaky"], "MaxAttempts": 2}],
            "Catch": [{"ErrorEquals": ["NotFound", "Gone"], "Next": "Missing"}],
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Cheap?",
                "States": {
                    "Cheap?": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$.price", "NumericLessThan": 10, "Next": "Buy"}],
                        "Default": "Wait",
                    },
                    "Buy": {"Type": "Succeed"},
                    "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Cheap?"},
                },
            },
            "End": True,
        },
        "Missing": {"Type": "Fail"},
    },
}


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def machine(**states):
    return {"StartAt": next(iter(states)), "States": states}


def kinds(**fields):
    """What the picture says a Task with these fields calls."""
    return texts(machine_picture("m", machine(A={"Type": "Task", "End": True, **fields})))[1]


def label(rule):
    """What the picture says beside the arrow of a choice rule."""
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "B"}]}
    found = texts(machine_picture("m", machine(A=choice, B=PASS)))
    return found[1]


def test_definition_in_words_is_exactly_this():
    assert machine_picture("adoption", ADOPTION).text == (
        "adoption\n"
        "  Check (Task: Lambda check-pet) → Each, Missing\n"
        "  Each (Map)\n"
        "      Cheap? (Choice) → Buy, Wait\n"
        "      Buy (Succeed)\n"
        "      Wait (Wait) → Cheap?\n"
        "  Missing (Fail)"
    )


def test_picture_shows_each_state_and_each_condition():
    assert sorted(texts(machine_picture("adoption", ADOPTION))) == sorted(
        [
            "adoption", "Check", "Task: Lambda check-pet", "↻ retry Flaky, at most 2 times", "catch NotFound, Gone",
            "Each", "Map", "Cheap?", "Choice", "$.price < 10", "otherwise", "Buy", "Succeed", "Wait", "Wait",
            "Missing", "Fail",
        ]
    )  # fmt: skip


PATH = ExecutionPath(
    "RUNNING",
    {
        "Check": Counter([Fate.SUCCEEDED]),
        "Each": Counter([Fate.RUNNING]),
        "Cheap?": Counter({Fate.SUCCEEDED: 2, Fate.RUNNING: 1}),
        "Buy": Counter([Fate.SUCCEEDED]),
    },
    frozenset({("Check", "Each"), ("Cheap?", "Buy")}),
)


def test_execution_in_words_is_exactly_this():
    assert machine_picture("adoption", ADOPTION, PATH).text == (
        "adoption: RUNNING\n"
        "  Check (Task: Lambda check-pet) → Each, Missing: ✓ succeeded\n"
        "  Each (Map): … running\n"
        "      Cheap? (Choice) → Buy, Wait: ✓ succeeded 2, … running 1\n"
        "      Buy (Succeed): ✓ succeeded\n"
        "      Wait (Wait) → Cheap?: not entered\n"
        "  Missing (Fail): not entered"
    )


def test_picture_of_an_execution_says_what_the_text_says():
    found = machine_picture("adoption", ADOPTION, PATH)
    counts = Counter(texts(found))
    assert counts["✓ succeeded"] == 2
    assert counts["… running"] == counts["✓ succeeded 2, … running 1"] == 1
    assert counts["not entered"] == 2
    assert ElementTree.fromstring(found.svg).find(f"{SVG}title").text == "adoption: RUNNING"


def test_fates_are_told_apart_without_colour():
    assert STYLES.keys() == set(Fate)
    assert (
        len({style.symbol for style in STYLES.values()}) == len({style.word for style in STYLES.values()}) == len(Fate)
    )
    assert len({(style.dash, style.width, style.fill) for style in [*STYLES.values(), UNTOUCHED]}) == len(Fate) + 1


@pytest.mark.parametrize("worst", Fate)
def test_state_looks_as_the_worst_of_its_fates(worst):
    fates = {"A": Counter(list(Fate)[list(Fate).index(worst) :])}
    found = machine_picture("m", machine(A=PASS), ExecutionPath("RUNNING", fates, frozenset()))
    box = list(ElementTree.fromstring(found.svg).iter(f"{SVG}rect"))[1]
    assert (box.get("stroke"), box.get("fill")) == (STYLES[worst].stroke.plain, STYLES[worst].fill.plain)


def dashes(picture):
    """Of each arrow, from top to bottom, whether it is dashed."""
    return [bool(path.get("stroke-dasharray")) for path in ElementTree.fromstring(picture.svg).iter(f"{SVG}path")]


def test_steps_that_were_taken_are_drawn_through_and_others_dashed():
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "B"}], "Default": "C"}
    definition = machine(A=choice, B=PASS, C=PASS)
    fates = {"A": Counter([Fate.SUCCEEDED]), "B": Counter([Fate.SUCCEEDED])}
    took = ExecutionPath("SUCCEEDED", fates, frozenset({("A", "B")}))
    assert dashes(machine_picture("m", definition)) == [False] * 5
    # From the start, to B, to C, from B to the end, from C to the end.
    assert dashes(machine_picture("m", definition, took)) == [False, False, True, False, True]


def test_arrow_to_the_end_was_taken_by_the_state_that_ended_the_execution():
    definition = machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Fail"})
    fates = {"A": Counter([Fate.SUCCEEDED]), "B": Counter([Fate.FAILED])}
    assert (
        dashes(machine_picture("m", definition, ExecutionPath("FAILED", fates, frozenset({("A", "B")})))) == [False] * 3
    )
    stopped = {"A": Counter([Fate.SUCCEEDED]), "B": Counter([Fate.STOPPED])}
    assert dashes(machine_picture("m", definition, ExecutionPath("ABORTED", stopped, frozenset({("A", "B")})))) == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Resource": "arn:aws:lambda:us-east-1:000000000000:function:work:1"}, "Task: Lambda work:1"),
        (
            {
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "arn:a:b:function:work:$LATEST"},
            },
            "Task: Lambda work",
        ),
        ({"Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "work"}}, "Task: Lambda work"),
        (
            {"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters": {"FunctionName": "work"}},
            "Task: Lambda work, waits for a token",
        ),
        (
            {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName.$": "$.f"}},
            "Task: lambda invoke",
        ),
        ({"Resource": "arn:aws:states:::dynamodb:updateItem"}, "Task: dynamodb updateItem"),
        ({"Resource": "arn:aws:states:::aws-sdk:ec2:describeInstances"}, "Task: ec2 describeInstances"),
        ({"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}, "Task: sqs sendMessage, waits for a token"),
        ({"Resource": "arn:aws:states:::states:startExecution.sync:2"}, "Task: states startExecution.sync 2"),
        ({"Resource": "{% $resource %}", "Arguments": "{% $arguments %}"}, "Task: {% $resource %}"),
        ({}, "Task"),
    ],
)
def test_task_says_what_it_calls(fields, said):
    assert kinds(**fields) == said


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"Variable": "$.s", "StringEquals": "größe"}, '$.s = "größe"'),
        ({"Variable": "$.n", "NumericGreaterThanEquals": 3}, "$.n ≥ 3"),
        ({"Variable": "$.n", "NumericLessThanEqualsPath": "$.m"}, '$.n ≤ "$.m"'),
        ({"Variable": "$.t", "TimestampGreaterThan": "2030"}, '$.t > "2030"'),
        ({"Variable": "$.n", "NumericLessThan": 3}, "$.n < 3"),
        ({"Variable": "$.b", "BooleanEquals": True}, "$.b = true"),
        ({"Variable": "$.b", "IsPresent": False}, "$.b IsPresent false"),
        ({"Variable": "$.s", "StringMatches": "*x"}, '$.s StringMatches "*x"'),
        ({"Not": {"Variable": "$.b", "IsNull": True}}, "not $.b IsNull true"),
        (
            {"And": [{"Variable": "$.a", "NumericEquals": 1}, {"Variable": "$.b", "NumericEquals": 2}]},
            "$.a = 1 and $.b = 2",
        ),
        ({"Or": [{"Variable": "$.a", "NumericEquals": 1}, {"Not": {}}]}, "$.a = 1 or not ? null"),
        ({"Condition": "{% $n > 3 %}", "Comment": "big"}, "{% $n > 3 %}"),
        ({"Condition": "x" * 50}, "x" * 43 + "…"),
        ({"Variable": "$.a"}, "$.a ? null"),
    ],
)
def test_choice_rule_is_said_shortly(rule, said):
    assert label(rule) == said


def test_ways_between_the_same_states_are_one_arrow_with_all_its_conditions():
    task = {"Type": "Task", "Catch": [{"ErrorEquals": ["A"], "Next": "B"}], "Next": "B"}
    assert "next; catch A" in texts(machine_picture("m", machine(A=task, B=PASS)))
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "B"}], "Default": "B"}
    assert "$ = 1; otherwise" in texts(machine_picture("m", machine(A=choice, B=PASS)))


ODD = {
    "nothing": {},
    "no states": {"StartAt": "A", "States": {}},
    "states of another type": {"StartAt": 3, "States": ["A"]},
    "state of another type": {"StartAt": "A", "States": {"A": "Pass", "B": PASS}},
    "unknown start": {"StartAt": "X", "States": {"A": PASS}},
    "unknown targets": machine(A={"Type": "Choice", "Choices": [{"Next": "X"}], "Default": "Y"}, B={"Next": "Z"}),
    "targets of another type": machine(A={"Next": ["B"]}, B={"Type": "Choice", "Choices": [{"Next": {}}]}),
    "unknown type": machine(A={"Type": "Dance", "Next": "B"}, B={}),
    "fields of another type": machine(
        A={"Type": "Task", "Resource": 3, "Parameters": "x", "Catch": [3, {}, {"ErrorEquals": "", "Next": "B"}]},
        B={"Type": "Map", "Iterator": [], "ItemProcessor": None, "Retry": [{}, {"ErrorEquals": [1]}]},
        C={"Type": "Parallel", "Branches": [None, {}, {"States": {"D": PASS}}], "Choices": 3},
        E={"Type": "Choice", "Choices": [{"And": "x", "Next": "E"}, {"Not": 3, "Next": "E"}, {"Next": "E"}]},
    ),
    "to itself": machine(A={"Type": "Pass", "Next": "A"}),
    "to and fro": machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}),
    "names like ours": {"StartAt": "START", "States": {"START": {"Type": "Pass", "Next": "END"}, "END": PASS}},
    "empty name": {"StartAt": "", "States": {"": PASS}},
    "JSONata": {"QueryLanguage": "JSONata", **machine(A={"Type": "Pass", "Output": "{% $x %}", "End": True})},
}  # fmt: skip


@pytest.mark.parametrize("definition", ODD.values(), ids=ODD)
def test_odd_definition_is_drawn(definition):
    fates = {"A": Counter([Fate.FAILED]), "elsewhere": Counter([Fate.RUNNING])}
    for path in (None, ExecutionPath("FAILED", fates, frozenset({("A", "elsewhere"), ("A", "A")}))):
        found = machine_picture("odd", definition, path)
        names = [name for name in definition.get("States", []) if isinstance(definition["States"], dict)]
        for name in names:
            if isinstance(definition["States"][name], dict):
                assert (name or None) in texts(found)
        assert found.text.startswith("odd")


def within(picture):
    """Whether all that is drawn lies on the paper."""
    root = ElementTree.fromstring(picture.svg)
    width, height = float(root.get("width")) + 1, float(root.get("height")) + 1
    for path in root.iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.get("d"))]
        assert all(0 <= x <= width for x in numbers[::2])
        assert all(0 <= y <= height for y in numbers[1::2])
    for box in root.iter(f"{SVG}rect"):
        x, y, wide, high = (float(box.get(name)) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
    return True


@pytest.mark.parametrize("definition", [ADOPTION, *ODD.values()], ids=["adoption", *ODD])
def test_all_is_drawn_on_the_paper(definition):
    assert within(machine_picture("a name", definition))


def test_long_names_make_room_for_themselves():
    name = "n" * 80
    found = machine_picture(name, machine(**{name: PASS}), ExecutionPath("SUCCEEDED", {}, frozenset()))
    root = ElementTree.fromstring(found.svg)
    assert within(found)
    assert float(root.get("width")) > 8 * len(f"{name}: SUCCEEDED")
    box = list(root.iter(f"{SVG}rect"))[1]
    assert float(box.get("width")) > 8 * 80


def test_title_is_not_cut_off_over_a_small_machine():
    root = ElementTree.fromstring(machine_picture("a-machine-with-a-long-name", machine(A=PASS)).svg)
    assert float(root.get("width")) > 200


def test_everything_is_escaped_and_the_picture_stands_alone():
    task = {
        "Type": HOSTILE,
        "Resource": HOSTILE,
        "Retry": [{"ErrorEquals": [HOSTILE], "MaxAttempts": HOSTILE}],
        "Catch": [{"ErrorEquals": [HOSTILE], "Next": "B"}],
    }
    found = machine_picture(HOSTILE, machine(**{HOSTILE: task, "B": PASS, "\x00\x1b": PASS}))
    assert texts(found).count(HOSTILE) == 3
    assert_stands_alone(found)


def test_picture_is_the_same_each_time():
    assert machine_picture("adoption", ADOPTION, PATH) == machine_picture("adoption", ADOPTION, PATH)


def test_chain_of_many_states_is_drawn():
    states = {f"S{number}": {"Type": "Pass", "Next": f"S{number + 1}"} for number in range(1500)}
    found = machine_picture("long", machine(**states, S1500=PASS))
    assert len(texts(found)) == 2 * 1501 + 1
