"""No submission escapes its score: whatever it lets the judge meet, its row says what was judged."""

import json

import pytest

from lab_harness.grading.grade import Status, Submission
from lab_harness.grading.room.judge import LONGEST_TEXT, _short
from lab_harness.grading.room.lines import LONGEST_LINE
from lab_harness.grading.room.sandbox import missing_protections
from lab_harness.grading.told import grade_of
from lab_harness.lab.labs import load_lab
from lab_harness.lab.notebooks import solved_notebook, task_of
from lab_harness.results import CheckResult, Outcome
from tests.grading.class_work import RIGHT_CELLS, outcomes
from tests.grading.hostile import ROLE, said

pytestmark = pytest.mark.skipif(bool(missing_protections()), reason="bubblewrap cannot close submissions off here")


@pytest.mark.parametrize(
    "answer",
    [
        "{'statusCode': 200, 'headers': {f'x-{n}': 'y' for n in range(150)}, 'body': ''}",
        "{'statusCode': 200, 'headers': {'x': 'y' * 100_000}, 'body': ''}",
        "{'statusCode': 100, 'body': ''}",
    ],
)
def test_an_answer_that_no_client_can_read_fails_its_check_and_the_others_are_judged(attack, course, answer):
    lab = load_lab("pets_api", course)
    kept = [cell for cell in solved_notebook(course, lab).cells if cell.id in ("clients", "handler-folder")]
    cells = {task_of(cell) or cell.id: cell.source for cell in solved_notebook(course, lab).cells}
    wanted = [*(cell.id for cell in kept), "api", "page", "deploy", "handler", "function", "routes", "plan"]
    sources = {name: source for name, source in cells.items() if name in wanted}
    sources["handler"] = sources["handler"].split("\n")[0] + f"\ndef lambda_handler(*_): return {answer}"
    grade = attack(*sources.values(), lab=lab.id)
    found = outcomes(grade)
    assert (grade.status, found["routes_are_deployed"]) == (Status.GRADED, "failed")
    assert found["page_is_served"] == found["function_exists"] == "passed"


FETCHES = """
    import boto3, concurrent.futures, urllib.error, urllib.request
    gateway = boto3.client("apigateway")
    def fetch(url):
        api = gateway.create_rest_api(name="fetch")["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
        gateway.put_method(**method, authorizationType="NONE")
        gateway.put_integration(**method, type="HTTP_PROXY", integrationHttpMethod="GET",
            uri="${stageVariables.place}")
        gateway.create_deployment(restApiId=api, stageName="prod", variables={"place": url})
        try:
            path = f"http://127.0.0.1:4566/_aws/execute-api/{api}/prod/"
            return urllib.request.urlopen(path, timeout=2).status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return "it waits"
    def fetch_all(*urls):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return sorted({*pool.map(fetch, urls)}, key=str)
    """


def test_the_emulator_opens_no_file_for_a_student_so_nothing_is_taken_from_the_judge(attack):
    grade = attack(
        *RIGHT_CELLS,
        FETCHES,
        """
        names = [f"file:///proc/{process}/fd/{number}" for process in (1, "self") for number in range(3, 20)]
        raise SystemExit(str(fetch_all(*names, "file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x")))
        """,
    )
    assert said(grade) == "SystemExit: [504]"
    assert (grade.status, grade.points) == (Status.GRADED, 4)


def test_an_emulator_that_hangs_is_a_limit_that_was_hit(attack):
    grade = attack(
        *RIGHT_CELLS,
        ROLE,
        """
        import boto3, botocore.config, json, urllib.request
        soon = botocore.config.Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
        states = boto3.client("stepfunctions", config=soon)
        rule = {"Variable": "$.x", "StringMatches": "*a*a*a*a*a*b", "Next": "End"}
        choose = {"Choose": {"Type": "Choice", "Choices": [rule], "Default": "End"}, "End": {"Type": "Succeed"}}
        definition = json.dumps({"StartAt": "Choose", "States": choose})
        role = "arn:aws:iam::000000000000:role/x"
        made = states.create_state_machine(name="x", definition=definition, roleArn=role)["stateMachineArn"]
        """,
        # A cell of its own, which ends as soon as nothing answers: well within the time that a cell has.
        """
        states.start_execution(stateMachineArn=made, input=json.dumps({"x": "a" * 20_000}))
        while True:
            urllib.request.urlopen("http://127.0.0.1:4566/_lab/health", timeout=1)
        """,
    )
    assert (grade.status, grade.total) == (Status.LIMITED, 4)
    assert "stopped answering" in grade.reason or "did not end in time" in grade.reason


def test_a_judge_that_the_emulator_answers_no_more_leaves_what_was_judged_so_far(course, tmp_path):
    told = {"hit": ["The emulator stopped answering"], "judged": False, "errors": [], "cpu": 0.1, "fingerprint": ""}
    told["results"] = [CheckResult("queue_exists", "The queue exists", "queue", Outcome.PASSED, 2).to_dict()]
    grade = grade_of(Submission("ana", "first_steps", tmp_path), load_lab("first_steps", course), told, 1.0)
    assert (grade.status, grade.points, grade.total) == (Status.LIMITED, 2, 5)
    assert outcomes(grade)["message_says_hello"] == "blocked"


def test_the_longest_result_that_a_check_can_have_is_heard_as_a_whole():
    text = "\U0001f600" * LONGEST_TEXT * 2
    result = _short(dict.fromkeys(("name", "title", "expected", "found", "next_step"), text))
    assert len(json.dumps({"result": result})) < LONGEST_LINE


def test_text_of_a_result_is_cut_only_where_it_is_longer_than_it_may_be():
    fits = "x" * LONGEST_TEXT
    assert _short({"found": fits, "points": 3}) == {"found": fits, "points": 3}
    assert _short({"found": fits + "y"}) == {"found": fits + "…"}
