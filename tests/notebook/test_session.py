"""Tests for a lab that is open in a notebook."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import boto3
import pytest
from msgspec import structs

from lab_harness import open_lab
from lab_harness.aws import replace_environment
from lab_harness.emulators.base import Call, Mail
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port
from lab_harness.errors import ForeignEndpoint, UsageError
from lab_harness.lab.finished import Shown, record
from lab_harness.learner.progress import Progress
from lab_harness.notebook import OpenLab
from lab_harness.notebook.panel.quiz import QuizView
from lab_harness.notebook.session import Session

IN_A_PROCESS = """
import json, os
import boto3
from lab_harness import open_lab

lab = open_lab("queue")
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="sample-queue")["QueueUrl"]
sqs.send_message(QueueUrl=url, MessageBody="hello")
report = lab.check()
print(json.dumps({
    "endpoint": sqs.meta.endpoint_url, "emulator": lab.emulator.endpoint, "region": sqs.meta.region_name,
    "report": report.to_dict(), "aws": {name: os.environ[name] for name in os.environ if name.startswith("AWS_")},
}))
"""


@pytest.fixture
def opened(sample_course, in_use):
    """The sample lab, opened on the session's emulator; the environment is as before afterwards."""
    sample_course("queue")
    before = dict(os.environ)
    yield open_lab("queue")
    replace_environment(before)


def build(*, message=True):
    """Do what the lab asks, as a learner does."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="sample-queue")["QueueUrl"]
    if message:
        sqs.send_message(QueueUrl=url, MessageBody="hello")


def test_open_lab_starts_an_emulator_that_plain_boto3_reaches(sample_course, home, tmp_path):
    sample_course("queue")
    # The user's own settings, none of which may be used.
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\n[profile mine]\nregion = eu-west-2\n", encoding="utf-8")
    users = {"AWS_PROFILE": "mine", "AWS_CONFIG_FILE": str(config), "AWS_SESSION_TOKEN": "secret"}
    users |= {"HTTP_PROXY": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_SQS": "https://sqs.eu-west-1.amazonaws.com"}
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS],
        env=os.environ | users, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said["endpoint"] == said["emulator"] == said["aws"]["AWS_ENDPOINT_URL"]
    assert said["endpoint"].startswith("http://127.0.0.1:")
    assert said["region"] == "us-east-1"
    assert (said["report"]["passed"], said["report"]["total"]) == (2, 2)
    assert not said["aws"].keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SQS"}
    assert said["aws"]["AWS_ACCESS_KEY_ID"] == "test"
    assert said["aws"]["AWS_CONFIG_FILE"] == os.devnull


@pytest.mark.parametrize("emulator", [None, "localstack"])
def test_open_lab_refuses_a_foreign_endpoint(sample_course, monkeypatch, emulator):
    sample_course("queue")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://lambda.us-east-1.amazonaws.com")
    with pytest.raises(ForeignEndpoint, match="nothing was sent"):
        open_lab("queue", emulator=emulator)
    assert os.environ["AWS_ENDPOINT_URL"] == "https://lambda.us-east-1.amazonaws.com"


def test_open_lab_of_an_unknown_lab_or_emulator_names_the_known_ones(sample_course):
    sample_course("queue")
    with pytest.raises(UsageError, match="Did you mean queue"):
        open_lab("que")
    with pytest.raises(UsageError, match="Choose one of: embedded, localstack"):
        open_lab("queue", emulator="moto")


def test_check_judges_what_is_in_the_account_now(opened):
    assert [str(result.outcome) for result in opened.check()] == ["failed", "blocked"]
    build(message=False)
    assert [str(result.outcome) for result in opened.check()] == ["passed", "failed"]
    build()
    assert opened.check().complete


def test_check_of_a_task_or_a_single_check_reports_only_that(opened):
    build()
    assert [result.name for result in opened.check("message")] == ["message_is_there"]
    assert [result.name for result in opened.check("queue_exists")] == ["queue_exists"]
    with pytest.raises(UsageError, match="Did you mean message"):
        opened.check("massage")


def test_check_counts_a_try_and_look_does_not(opened):
    opened.look()
    assert opened.progress.of("queue").tries == {}
    opened.check()
    opened.check("queue")
    assert opened.progress.of("queue").tries == {"queue_exists": 2}


def test_hints_come_one_by_one_and_stay_visible(opened):
    first = opened.hint("queue")
    assert (first.title, first.sentences) == (
        "Hint 1 of 3: Create the queue sample-queue",
        ("1. A queue needs no more than a name.", "Call hint('queue') again for the next of 2 more."),
    )
    opened.hint("queue")
    for _ in range(2):
        last = opened.hint("queue")
        assert last.title == "Hint 3 of 3: Create the queue sample-queue"
        assert [sentence[:2] for sentence in last.sentences[:-1]] == ["1.", "2.", "3."]
        assert last.sentences[-1] == "That was the last hint."
    assert opened.hint("message").title == "Hint 1 of 1: Send a message"


def test_solution_shows_a_tasks_cell_and_is_noted(opened):
    note = opened.solution("message")
    assert (note.title, note.code) == (
        "Solution: Send a message",
        'sqs.send_message(QueueUrl=url, MessageBody="hello")',
    )
    assert opened.progress.of("queue").solutions == {"message"}


@pytest.mark.parametrize("ask", ["hint", "solution"])
def test_unknown_task_names_the_nearest_and_counts_nothing(opened, ask):
    with pytest.raises(UsageError, match=r"no task 'queu'\. Did you mean queue\? The lab queue has: queue, message"):
        getattr(opened, ask)("queu")
    assert opened.progress.of("queue").hints == {}
    assert opened.progress.of("queue").solutions == frozenset()


def test_reset_removes_what_the_lab_asked_for_and_keeps_the_progress(opened):
    build()
    boto3.client("sqs").create_queue(QueueName="of-another-lab")
    opened.check()
    assert str(opened.reset()) == "Removed:\n  AWS::SQS::Queue sample-queue"
    assert str(opened.reset()) == "There was nothing to remove."
    assert len(boto3.client("sqs").list_queues()["QueueUrls"]) == 1
    assert opened.progress.of("queue").passed.keys() == {"queue_exists", "message_is_there"}
    assert [call.caller for call in opened.emulator.calls() if call.operation == "DeleteQueue"] == ["learner"]


def test_hint_and_solution_without_a_task_are_those_of_the_next_one(opened):
    assert opened.hint().title == "Hint 1 of 3: Create the queue sample-queue"
    build(message=False)
    opened.look()
    assert opened.hint().title == "Hint 1 of 1: Send a message"
    assert opened.solution().title == "Solution: Send a message"
    build()
    opened.look()
    assert str(opened.hint()) == "All tasks are done.\n  Name one: lab.hint('queue')"
    assert str(opened.solution()) == "All tasks are done.\n  Name one: lab.solution('queue')"
    opened.reset()
    assert opened.next_task() == "queue"


def test_a_task_done_on_another_day_is_not_the_next_one(opened):
    build(message=False)
    opened.check()
    assert OpenLab(opened.lab, opened.emulator, opened.progress).next_task() == "message"


def test_interrupting_a_check_is_one_line_and_ends_the_cell(opened, monkeypatch):
    def interrupted(only):
        raise KeyboardInterrupt

    monkeypatch.setattr(opened.runs, "run", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        opened.check()
    assert caught.value._render_traceback_() == ["The check was interrupted. Run the cell again to check."]


def test_cleaning_up_what_was_never_built_is_no_success(sample_course, in_use):
    sample_course("apart")
    before = dict(os.environ)
    lab = open_lab("apart")
    (result,) = lab.check("clean_up")
    assert (result.outcome, result.next_step[:19]) == ("blocked", "Nothing of this lab")
    boto3.client("sqs").create_queue(QueueName="sample-queue")
    lab.check()
    lab.reset()
    assert lab.check("clean_up").complete
    replace_environment(before)


def test_cleaning_up_what_was_built_without_a_check_is_a_success_where_the_emulator_can_tell(sample_course, in_use):
    sample_course("apart")
    before = dict(os.environ)
    lab = open_lab("apart")
    url = boto3.client("sqs").create_queue(QueueName="sample-queue")["QueueUrl"]
    boto3.client("sqs").delete_queue(QueueUrl=url)
    assert lab.check("clean_up").complete
    replace_environment(before)


def test_an_unknown_function_is_named_with_those_that_are_there(opened):
    with pytest.raises(UsageError, match=r"There is no function 'echo'\. The account has: none"):
        opened.logs("echo")


def test_logs_are_a_functions_lines_with_their_times_the_newest_invocation_first(opened):
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/echo")
    assert str(opened.logs("echo")) == "Log of echo\n  It has logged nothing yet."
    logs.create_log_stream(logGroupName="/aws/lambda/echo", logStreamName="a")
    report = "REPORT RequestId: {}\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMax Memory Used: 40 MB"
    said = ["START RequestId: r1", "first\n", "second", report.format("r1"), "START RequestId: r2", "third"]
    events = [{"timestamp": 1000 * number, "message": line} for number, line in enumerate(said)]
    logs.put_log_events(logGroupName="/aws/lambda/echo", logStreamName="a", logEvents=events)
    table = opened.logs("echo")
    assert table.columns == ("time (UTC)", "request", "message", "billed ms", "memory used MB")
    assert table.rows == [
        ("00:00:05", "r2", "third", "", ""),
        ("00:00:01", "r1", "first", "", ""),
        ("00:00:02", "r1", "second", "", ""),
        ("00:00:03", "r1", "REPORT Duration: 1.50 ms", "2", "40"),
    ]


def test_what_works_at_the_end_is_shown_before_anything_is_built(opened):
    assert str(opened.finished()) == "Of this lab's end nothing is recorded."
    record(opened.lab.folder, [Shown("the order is there")])
    assert str(opened.finished()).endswith("(recorded; nothing of it is in your account yet):\n\nthe order is there")


def test_facts_are_those_of_the_labs_services_or_of_the_services_named(opened):
    assert [row[1] for row in opened.facts().rows] == ["the longest time that a long poll waits"]
    assert [row[2] for row in opened.facts("lambda").rows] == ["1,800 seconds"]
    with pytest.raises(UsageError, match="Did you mean lambda"):
        opened.facts("lamda")


def test_calls_are_the_learners_and_the_checks_only_when_asked_for(opened):
    build(message=False)
    opened.check()
    mine = opened.calls()
    assert mine.columns == ("time (UTC)", "caller", "service", "operation", "status", "seconds")
    assert [row[1:5] for row in mine.rows] == [("learner", "sqs", "CreateQueue", "200")]
    callers = [row[1] for row in opened.calls(checks=True).rows]
    assert callers[-1] == "learner"
    assert set(callers[:-1]) == {"checks"}
    build()
    assert [row[3] for row in opened.calls(1).rows] == ["SendMessage"]


def test_inbox_is_the_mails_that_were_sent(opened):
    assert str(opened.inbox()) == "Inbox\n  No mail yet."
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")
    sns.publish(TopicArn=topic, Subject="Hello", Message="A text.")
    assert ("ada@example.com", "Hello", "A text.") in opened.inbox().rows


class Quiet:
    """An emulator that keeps no call log."""

    name, endpoint = "localstack", "http://127.0.0.1:4566"

    def calls(self, since=0):
        return None

    def inbox(self):
        return [Mail("ada@example.com", "Hello", "A text.")]


def test_emulator_without_a_call_log_says_which_has_one(opened):
    quiet = OpenLab(opened.lab, Quiet(), opened.progress)
    assert "There is no call log here: LocalStack keeps none" in str(quiet.calls())
    assert quiet.inbox().rows == [("ada@example.com", "Hello", "A text.")]


def test_calls_show_their_time_in_utc(opened, monkeypatch):
    call = Call(1, 1_700_000_000.25, "sqs", "CreateQueue", "learner", 200, 0.0042)
    monkeypatch.setattr(opened.emulator, "calls", lambda since=0: [call])
    assert opened.calls().rows == [("22:13:20.250", "learner", "sqs", "CreateQueue", "200", "0.004")]


def test_overview_follows_the_progress(opened):
    def states():
        return {row[0]: row[2] for row in opened.overview().rows}

    assert states() == {"queue": "0 of 1 checks", "message": "0 of 1 checks"}
    build(message=False)
    opened.check()
    assert states() == {"queue": "✓ done", "message": "0 of 1 checks"}
    opened.reset()
    opened.check()
    assert states()["queue"] == "✓ done"


def test_opened_lab_displays_goal_emulator_and_tasks_the_same_each_time(opened):
    assert str(opened) == (
        "A queue (about 5 minutes)\n"
        "  Send a message to a queue.\n"
        "  Your AWS account is the embedded emulator on this machine: no bill, nothing to break.\n"
        "\n"
        "Tasks\n"
        "  task     what to do                     so far\n"
        "  queue    Create the queue sample-queue  0 of 1 checks\n"
        "  message  Send a message                 0 of 1 checks"
    )
    assert str(opened) == str(open_lab("queue"))


def test_opened_lab_says_when_progress_cannot_be_kept(opened):
    path = opened.progress.path
    lost = OpenLab(opened.lab, opened.emulator, Progress(path.parent / "emulator.log" / "progress.sqlite"))
    assert "Your progress could not be saved" in str(lost)
    assert lost.hint("queue").title == "Hint 3 of 3: Create the queue sample-queue"
    assert lost.check().total == 2
    assert len(lost.notices()) == 1


# Where there is a notebook.


def test_panel_is_made_once_and_starts_nothing_by_itself(opened):
    assert opened.panel() is opened.panel()
    assert "checks" not in {call.caller for call in opened.emulator.calls()}


@pytest.fixture
def notebook(monkeypatch):
    """Makes this process one in which there is a notebook, or a terminal with IPython, or neither."""

    def be(shell):
        monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)

    return be


def test_opened_lab_displays_itself_as_the_panel_in_a_notebook(opened, notebook, outputs, capsys):
    notebook(SimpleNamespace(kernel="a kernel"))
    opened._ipython_display_()
    assert [set(data) for data, _ in outputs][1] == {"text/plain", "text/html"}
    assert outputs[1][0]["text/plain"] == str(opened)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_opened_lab_displays_itself_in_words_in_a_terminal(opened, notebook, outputs, capsys, shell):
    notebook(shell)
    opened._ipython_display_()
    assert capsys.readouterr().out == f"{opened}\n"
    assert outputs == []


def test_quiz_is_the_labs_questions(opened):
    quiz = opened.quiz()
    assert isinstance(quiz, QuizView)
    assert "What does a queue do with a message?" in str(quiz)
    assert quiz.progress is opened.progress


def test_lab_without_a_quiz_says_so(opened):
    (opened.lab.folder / "quiz.toml").unlink()
    assert str(open_lab("queue").quiz()) == "This lab has no questions."


def test_looking_quietly_notes_what_passes_and_counts_no_try(opened):
    build(message=False)
    report = opened.look_quietly(["queue_exists", "message_is_there"])
    assert [str(result.outcome) for result in report] == ["passed", "failed"]
    assert opened.progress.of("queue").passed.keys() == {"queue_exists"}
    assert set(opened.progress.of("queue").tries.values()) == {0}


def test_look_that_is_interrupted_notes_nothing(opened, monkeypatch):
    build()
    monkeypatch.setattr(opened.runs, "run_quietly", lambda names, cancelled: None)
    assert opened.look_quietly(["queue_exists"]) is None
    assert opened.progress.of("queue").tries == {}


@pytest.fixture
def alone(sample_course, home):
    """The sample lab, opened on an emulator of its own."""
    sample_course("queue")
    before = dict(os.environ)
    yield open_lab("queue")
    replace_environment(before)


def test_connecting_starts_the_emulator_that_was_stopped(alone, home):
    build()
    Embedded(home).stop()
    alone.connect()
    assert Embedded(home).healthy()
    assert alone.check("queue").complete


def test_reset_removes_what_was_built_though_the_emulator_was_stopped(alone, home):
    build()
    Embedded(home).stop()
    assert "sample-queue" in str(alone.reset())
    assert not alone.check("queue_exists").complete


def test_following_brings_kernel_and_checks_to_where_the_emulator_is_now(alone, home):
    first, clients = alone.emulator.endpoint, alone.clients
    alone.follow()
    assert alone.clients is clients  # it is where it was
    Embedded(home).stop()
    Embedded(home, free_port()).start()
    assert alone.emulator.healthy()
    alone.follow()
    assert alone.emulator.endpoint != first
    assert os.environ["AWS_ENDPOINT_URL"] == alone.emulator.endpoint
    build()
    assert alone.check().complete


def test_following_brings_the_checks_there_even_where_the_kernel_is_already(alone, home):
    another = open_lab("queue")
    Embedded(home).stop()
    Embedded(home, free_port()).start()
    for lab in (another, alone):
        assert lab.emulator.healthy()
        lab.follow()
        build()
        assert lab.check("queue").complete


def test_what_is_otherwise_on_localstack_is_a_notice_there_and_nowhere_else(opened, tmp_path):
    lab = replace(opened.lab, file=structs.replace(opened.lab.file, localstack=("It keeps no log of calls.",)))
    session = Session(lab, opened.emulator, Progress(tmp_path / "progress.sqlite"))
    assert "It keeps no log of calls." not in session.notices()
    session.emulator = SimpleNamespace(name="localstack", notices=())
    assert session.notices() == ("It keeps no log of calls.",)
    lab = replace(lab, file=structs.replace(lab.file, embedded_alone="It has no layers."))
    session.lab = lab
    assert session.notices() == ("It has no layers. Take the embedded emulator for this lab.",)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda lab: lab.chek(), "There is no lab.chek. Did you mean lab.check?"),
        (lambda lab: lab.clock.advence(hours=1), "There is no lab.clock.advence. Did you mean lab.clock.advance?"),
        (lambda lab: lab.check("que"), "There is no task or check 'que'. Did you mean queue?"),
        (lambda lab: lab.check(task="queue"), "lab.check: got an unexpected keyword argument 'task'."),
        (lambda lab: lab.hint(99), "lab.hint: 'task' must be a text, and is 99."),
        (lambda lab: lab.solution("nosuch"), "There is no task 'nosuch'."),
        (lambda lab: lab.calls(-1), "There are no last -1 calls: lab.calls(20) shows the last 20."),
        (lambda lab: lab.calls(0), "There are no last 0 calls"),
        (lambda lab: lab.calls("all"), "lab.calls: 'count' must be a whole number, and is 'all'."),
        (lambda lab: lab.logs("nosuch"), "There is no function 'nosuch'. The account has: none."),
        (lambda lab: lab.logs("nosuch", since=-5), "lab.logs: got an unexpected keyword argument 'since'."),
        (lambda lab: lab.logs(""), "There is no function ''."),
        (lambda lab: lab.state_machine("nosuch"), "There is no state machine 'nosuch'."),
        (lambda lab: lab.execution("abc"), "There is no execution 'abc'. It is named by its ARN: what start_execution"),
        (lambda lab: lab.execution(""), "There is no execution ''."),
        (lambda lab: lab.facts("nosuch"), "There is no fact of 'nosuch'"),
        (lambda lab: lab.why(3), "lab.why: 'about' must be a text, and is 3."),
        (lambda lab: lab.clock.advance(hours="x"), "lab.clock.advance: 'hours' must be a number, and is 'x'."),
        (lambda lab: lab.clock.advance(26), "lab.clock.advance: too many positional arguments."),
        (lambda lab: lab.clock.advance(hours=-1), "The clock moves forward, by at most 366 days"),
        (lambda lab: lab.clock.advance(hours=float("nan")), "The clock moves forward"),
        (lambda lab: lab.clock.advance(days=10**400), "The clock moves forward"),
        (lambda lab: lab.match(), "lab.match: missing a required argument: 'rule'."),
        (lambda lab: lab.inbox("all"), "lab.inbox: too many positional arguments."),
        (lambda lab: lab.trace(checks="yes"), "lab.trace: 'checks' must be True or False, and is 'yes'."),
    ],
)
def test_what_cannot_be_meant_is_one_message_with_what_to_do(opened, call, said):
    with pytest.raises(UsageError) as caught:
        call(opened)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("event", "said"),
    [({"id": {1, 2}}, "The event is no JSON: Object of type set"), ("{", "The event is no JSON"), (None, "nosuch")],
)
def test_an_event_that_cannot_be_tried_is_one_sentence(opened, event, said):
    assert said in str(opened.match("nosuch", event))
    assert "could not be tried" in str(opened.match("", {}))


def test_that_nothing_was_refused_is_said_of_whatever_is_asked_for(opened):
    assert "Nothing was refused" in str(opened.why())
    assert "No call about nosuch of yours" in str(opened.why("nosuch"))
