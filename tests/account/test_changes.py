"""Tests for the changes in the account: whose they are, what they touch, and which checks they can affect."""

import contextlib
import json
from types import SimpleNamespace

import pytest

from lab_harness.account.changes import BREATH, INTERVAL, LONGEST_INTERVAL, SETTLING, Change, Changes, affected
from lab_harness.account.concern import Concern, concern_of
from lab_harness.account.resources import deleters, remove_resources
from lab_harness.account.service import Part
from lab_harness.authors import api_gateway
from lab_harness.aws import Clients, using_emulator
from lab_harness.course import Course
from lab_harness.emulators.base import Call
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorError
from lab_harness.lab.labs import Check, load_lab
from lab_harness.lab.solutions import CELL, answers
from lab_harness.runner import run_checks
from tests.conftest import ROOT
from tests.per_lab import LABS
from tests.waiting import PATIENCE, in_thread

SERVICES = ("dynamodb", "ec2", "events", "lambda", "logs", "s3", "sns", "sqs", "stepfunctions")


def change(*services, sets_going=False):
    return Change(frozenset(services), sets_going)


ONLY_OTHERS = change()


def test_two_changes_make_one():
    both = change("sqs") | change("s3", sets_going=True)
    assert both == change("s3", "sqs", sets_going=True)
    assert change("sqs") | ONLY_OTHERS == change("sqs")


def test_change_is_the_learners_when_it_touches_or_sets_going():
    assert change("sqs").learner
    assert change(sets_going=True).learner
    assert not ONLY_OTHERS.learner


# What a call changes.


class Log:
    """An emulator that tells the calls of a list, a batch each time it is asked."""

    name = "fake"

    def __init__(self, *batches):
        self.batches = list(batches)
        self.asked = []

    def calls(self, since=0, wait=0.0):
        self.asked.append((since, wait))
        return self.batches.pop(0) if self.batches else []


def call(service, operation, caller="learner", status=200, number=8, about=()):
    return Call(number, 0.0, service, operation, caller, status, 0.0, about=about)


def change_by(*calls, **how):
    emulator = Log([call("sqs", "ListQueues", number=7)], list(calls))
    return Changes(SimpleNamespace(emulator=emulator), SERVICES, **how).wait(0)


def test_what_names_only_things_of_other_labs_is_no_change():
    concern = Concern(frozenset({"mine"}), frozenset({"theirs"}))

    def by(operation, *about):
        return change_by(call("sqs", operation, about=about), concern=concern)

    assert by("CreateQueue", "mine") == by("CreateQueue", "mine", "theirs") == by("CreateQueue") == change("sqs")
    assert by("CreateQueue", "anything") == change("sqs")
    assert by("CreateQueue", "theirs") is by("SendMessage", "QueueUrl", "theirs") is None


def test_concern_of_a_lab_is_what_it_asks_for_and_no_other_lab_does(sample_course):
    concern = concern_of(load_lab("orders_pipeline", Course(ROOT)), Course(ROOT))
    assert {"pet-orders", "PetOrders"} <= concern.own
    assert {"hello-world", "PetStore"} <= concern.others
    assert not concern.own & concern.others
    assert concern.about_text('["arn:aws:sqs:us-east-1:000000000000:pet-orders"]')
    assert not concern.about_text('["arn:aws:lambda:us-east-1:000000000000:function:pet-store"]')
    broken = sample_course("queue")
    (broken.labs / "bad").mkdir()
    (broken.labs / "bad" / "lab.toml").write_text("no TOML", encoding="utf-8")
    assert concern_of(load_lab("queue", broken), broken).others == frozenset()


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("lambda", "GetFunction"), ("sqs", "ListQueues"), ("sqs", "GetQueueUrl"), ("dynamodb", "DescribeTable"),
        ("s3", "HeadObject"), ("s3", "GetObject"), ("dynamodb", "BatchGetItem"), ("dynamodb", "TransactGetItems"),
        ("dynamodb", "Query"), ("dynamodb", "Scan"), ("logs", "FilterLogEvents"), ("logs", "StartQuery"),
        ("events", "TestEventPattern"), ("iam", "SimulatePrincipalPolicy"), ("cloudtrail", "LookupEvents"),
        ("s3", "SelectObjectContent"), ("s3", "GET /a key"), ("lambda", "HEAD /a"), ("stepfunctions", "ListExecutions"),
        ("stepfunctions", "ValidateStateMachineDefinition"),
    ],
)  # fmt: skip
def test_call_that_reads_changes_nothing(service, operation):
    assert change_by(call(service, operation)) is None


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("lambda", "CreateFunction"), ("lambda", "PublishVersion"), ("lambda", "AddPermission"), ("sqs", "CreateQueue"),
        ("sqs", "ReceiveMessage"), ("sqs", "PurgeQueue"), ("s3", "PutBucketPolicy"), ("s3", "POST /a-bucket"),
        ("dynamodb", "UpdateItem"), ("dynamodb", "ExecuteStatement"), ("events", "PutRule"), ("sns", "Subscribe"),
        ("logs", "DeleteLogGroup"), ("lambda", "PATCH /an/unknown/operation"), ("sqs", "AnOperationOfTheFuture"),
    ],
)  # fmt: skip
def test_any_other_call_changes_its_service(service, operation):
    assert change_by(call(service, operation)) == change(service)


@pytest.mark.parametrize(
    ("service", "operation", "touched"),
    [
        ("sqs", "SendMessage", "sqs"), ("dynamodb", "PutItem", "dynamodb"), ("s3", "PutObject", "s3"),
        ("stepfunctions", "StartExecution", "stepfunctions"), ("stepfunctions", "SendTaskSuccess", "stepfunctions"),
        ("ec2", "TerminateInstances", "ec2"),
        # What is sent to these does not stay there.
        ("lambda", "Invoke", None), ("sns", "Publish", None), ("events", "PutEvents", None),
        ("apigateway", "TestInvokeMethod", None),
        ("execute-api", "GET /pets", None), ("execute-api", "POST /pets", None), ("lambda-url", "GET /", None),
    ],
)  # fmt: skip
def test_call_that_sends_or_starts_something_sets_going(service, operation, touched):
    assert change_by(call(service, operation)) == change(*filter(None, [touched]), sets_going=True)


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_call_that_failed_changes_nothing(status):
    assert change_by(call("sqs", "CreateQueue", status=status)) is None
    assert change_by(call("lambda", "Invoke", status=status)) is None
    assert change_by(call("sqs", "CreateQueue", "checks", status)) is None


def test_request_that_is_answered_with_an_error_has_set_going_what_failed():
    assert change_by(call("execute-api", "GET /pets", status=502)) == change(sets_going=True)


def test_call_that_was_cut_off_may_have_changed_something():
    assert change_by(call("sqs", "CreateQueue", status=0)) == change("sqs")


@pytest.mark.parametrize("caller", ["checks", "function work"])
def test_what_functions_and_checks_change_is_not_the_learners(caller):
    assert change_by(call("dynamodb", "PutItem", caller)) == ONLY_OTHERS
    assert change_by(call("cloudformation", "CreateStack", caller)) == ONLY_OTHERS
    assert change_by(call("dynamodb", "GetItem", caller)) is None


@pytest.mark.parametrize("operation", ["CreateStack", "DescribeStacks"])
@pytest.mark.parametrize("service", ["cloudformation", "cloudcontrol"])
def test_what_builds_other_services_touches_them_all_also_who_waits_for_its_end(service, operation):
    assert change_by(call(service, operation)) == change(*SERVICES)


def test_service_that_is_none_of_the_labs_is_not_the_labs_business():
    assert change_by(call("cognito-idp", "CreateUserPool")) == ONLY_OTHERS


def test_calls_that_come_together_are_one_change():
    calls = [
        call("sqs", "CreateQueue", number=8),
        call("sqs", "ListQueues", number=9),
        call("dynamodb", "PutItem", "function work", number=10),
        call("lambda", "Invoke", number=11),
    ]
    assert change_by(*calls) == change("sqs", sets_going=True)


def test_calls_of_which_some_are_lost_may_have_changed_everything():
    assert change_by(call("sqs", "ListQueues", number=9)) == change(*SERVICES, sets_going=True)


def test_first_call_of_all_is_no_sign_of_lost_ones():
    emulator = Log([], [call("sqs", "CreateQueue", number=17)])
    assert Changes(SimpleNamespace(emulator=emulator), SERVICES).wait(0) == change("sqs")


def test_each_call_is_told_once():
    emulator = Log([], [call("sqs", "CreateQueue", number=8)], [call("s3", "CreateBucket", number=9)])
    changes = Changes(SimpleNamespace(emulator=emulator), SERVICES)
    assert [changes.wait(0) for _ in range(3)] == [change("sqs"), change("s3"), None]
    assert [since for since, _ in emulator.asked] == [0, 0, 8, 9]


def test_program_that_only_reads_is_waited_out_with_few_questions():
    reads = [[call("sqs", "ListQueues", number=number)] for number in range(1, 1000)]
    emulator = Log([], *reads)
    assert Changes(SimpleNamespace(emulator=emulator), SERVICES).wait(5 * BREATH) is None
    assert len(emulator.asked) <= 8


# Which checks a change can affect.


class LabOf:
    """A lab of checks that read, by name: `needs` come after a colon."""

    def __init__(self, *services, **checks):
        self.file = SimpleNamespace(services=services)
        self.all_checks = tuple(self._check(name, *text.split(":")) for name, text in checks.items())

    @staticmethod
    def _check(name, reads, needs=""):
        parameters = {each: each for each in reads.split() if each != "apart"}
        return Check(name, lambda: None, name, None, 1, tuple(needs.split()), parameters, apart="apart" in reads)


def test_check_is_affected_by_what_it_reads():
    lab = LabOf("iam", "sqs", "lambda", role="iam", queue="sqs", uses="lambda iam")
    assert affected(lab, change("iam")) == {"role", "uses"}
    assert affected(lab, change("sqs", "lambda")) == {"queue", "uses"}
    assert affected(lab, change("s3")) == affected(lab, ONLY_OTHERS) == frozenset()


def test_check_is_affected_by_what_the_checks_read_that_it_needs():
    lab = LabOf("sqs", "lambda", "logs", queue="sqs", mapping="lambda:queue", works="logs:mapping", other="logs")
    assert affected(lab, change("sqs")) == {"queue", "mapping", "works"}
    assert affected(lab, change("lambda")) == {"mapping", "works"}
    assert affected(lab, change("logs")) == {"works", "other"}


@pytest.mark.parametrize("probe", ["http", "inbox"])
def test_check_of_requests_or_mails_is_affected_by_each_of_the_labs_services(probe):
    lab = LabOf("iam", "lambda", "s3", answers=probe, role="iam")
    for service in ("lambda", "s3", "iam"):
        assert "answers" in affected(lab, change(service))
    assert affected(lab, change("sqs")) == frozenset()


@pytest.mark.parametrize("probe", ["http", "inbox"])
def test_check_of_requests_or_mails_is_affected_by_what_was_set_going_even_if_the_lab_only_configures(probe):
    assert affected(LabOf("lambda", answers=probe), change(sets_going=True)) == {"answers"}


def test_what_was_set_going_affects_whatever_can_be_left_behind_and_nothing_that_is_configured():
    lab = LabOf(
        "iam", "lambda", "apigateway", "events", "sns", "logs", "cloudwatch", "sqs", "dynamodb", "s3", "a-new-one",
        role="iam", function="lambda", api="apigateway", rule="events", topic="sns", log="logs", metrics="cloudwatch",
        queue="sqs", table="dynamodb", bucket="s3", new="a_new_one a-new-one", behind="iam:log",
    )  # fmt: skip
    assert affected(lab, change(sets_going=True)) == {
        "log", "metrics", "queue", "table", "bucket", "new", "behind",
    }  # fmt: skip


def test_check_that_stands_apart_is_never_affected():
    lab = LabOf("sqs", queue="sqs", gone="apart sqs")
    assert affected(lab, change("sqs", sets_going=True)) == {"queue"}


# On the embedded emulator.


@pytest.fixture
def learner(embedded):
    """Clients whose calls are the learner's."""
    return Clients(embedded, as_learner=True)


def test_change_is_told_while_it_is_waited_for(embedded, learner):
    changes = Changes(Clients(embedded), SERVICES)
    learner["sqs"].list_queues()
    waiting = in_thread(changes.wait, 25)
    learner["sqs"].list_queues()
    embedded.inbox()
    Clients(embedded)["sqs"].list_queues()
    learner["sqs"].create_queue(QueueName="awaited")
    assert waiting.result(20) == change("sqs")  # before the wait is over
    assert changes.wait(0) is None


def test_nothing_is_told_of_what_was_before(embedded, learner):
    learner["sqs"].create_queue(QueueName="before")
    assert Changes(Clients(embedded), SERVICES).wait(0.01) is None


def test_checks_are_told_apart_though_they_run_at_the_same_time(embedded, learner):
    clients = Clients(embedded)
    changes = Changes(clients, SERVICES)
    with changes.checking():
        clients["sqs"].create_queue(QueueName="probe-queue")
        assert changes.wait(PATIENCE) == ONLY_OTHERS
        learner["s3"].create_bucket(Bucket="of-the-learner")
        changes.acted()
        assert changes.wait(PATIENCE) == change("s3")
    assert changes.wait(0) is None


def test_account_that_was_emptied_is_another_at_the_next_call(embedded, learner):
    learner["sqs"].list_queues()
    changes = Changes(Clients(embedded), SERVICES)
    embedded.reset()
    learner["sqs"].list_queues()
    assert changes.wait(PATIENCE) == change(*SERVICES, sets_going=True)


def test_emulator_that_is_gone_is_an_error_and_what_happens_when_it_is_back_is_told(tmp_path):
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    try:
        clients = Clients(emulator)
        clients["sqs"].list_queues()
        changes = Changes(clients, SERVICES)
        waiting = in_thread(changes.wait, 25)
        other = Embedded(tmp_path)
        assert other.stop()
        for _ in ("while it waits", "at once"):
            with pytest.raises(EmulatorError):
                waiting.result(PATIENCE)
            waiting = in_thread(changes.wait, 25)
        other.start()
        Clients(other, as_learner=True)["sqs"].create_queue(QueueName="new")
        assert changes.wait(PATIENCE) == change(*SERVICES, sets_going=True)
        assert changes.wait(0) is None
    finally:
        emulator.stop()


# Without a call log: what is seen between two looks.


class Account:
    """An account that is whatever the test says: by service, what was built and what was left behind."""

    def __init__(self, monkeypatch):
        self.rows = {(service, part): frozenset() for service in SERVICES for part in Part}
        self.looks = 0
        monkeypatch.setattr("lab_harness.account.changes.account_state", self.look)

    def look(self, clients, services, concerns=lambda text: True):
        self.looks += 1
        return {key: rows for key, rows in self.rows.items() if key[0] in services}

    def build(self, service):
        self._add(service, Part.BUILT)

    def leave(self, service):
        self._add(service, Part.LEFT)

    def _add(self, service, part):
        rows = self.rows[service, part]
        self.rows[service, part] = rows | {f"row {len(rows)}"}


NO_LOG = SimpleNamespace(emulator=SimpleNamespace(calls=lambda: None, supports=lambda service: service != "events"))


@pytest.fixture
def account(monkeypatch):
    return Account(monkeypatch)


@pytest.fixture
def looking(account):
    """Changes that are looked for so often that nothing has to be waited for."""
    return Changes(NO_LOG, SERVICES, interval=0.001)


def test_difference_in_what_is_built_is_the_learners(looking, account):
    assert looking.wait(0.05) is None
    account.build("sqs")
    account.build("sns")
    assert looking.wait(PATIENCE) == change("sns", "sqs")
    assert looking.wait(0.05) is None


def test_difference_in_what_was_left_behind_may_be_the_learners_and_something_was_set_going(looking, account):
    account.leave("dynamodb")
    assert looking.wait(PATIENCE) == change("dynamodb", sets_going=True)
    account.leave("sns")  # a mail, of which the topic knows nothing
    assert looking.wait(PATIENCE) == change(sets_going=True)


def test_service_that_could_not_be_read_is_compared_when_it_can_be(looking, account):
    hidden = {("sqs", part): account.rows.pop(("sqs", part)) for part in Part}
    assert looking.wait(0.05) is None
    account.rows |= hidden
    account.build("sqs")
    assert looking.wait(PATIENCE) == change("sqs")


def test_service_that_the_emulator_lacks_is_not_looked_at(looking, account):
    account.build("events")
    assert looking.wait(0.05) is None


def test_what_is_left_behind_while_checks_run_is_not_the_learners_but_what_is_built_is(looking, account):
    with looking.checking():
        account.leave("logs")
        assert looking.wait(PATIENCE) == ONLY_OTHERS
        account.leave("logs")
        account.build("sqs")
        assert looking.wait(PATIENCE) == change("sqs")


def test_checks_that_ran_while_the_account_was_looked_at_are_known(looking, account, monkeypatch):
    def look_while_checks_run(clients, services, concerns):
        with looking.checking():
            account.leave("logs")
        return account.look(clients, services)

    monkeypatch.setattr("lab_harness.account.changes.account_state", look_while_checks_run)
    assert looking.wait(PATIENCE) == ONLY_OTHERS


def test_what_the_learner_does_while_checks_run_is_told_when_they_have_ended(looking, account):
    with looking.checking():
        looking.acted()
        account.leave("logs")
        assert looking.wait(PATIENCE) == ONLY_OTHERS
        assert looking.wait(0.05) is None
    assert looking.wait(PATIENCE) == change(sets_going=True)
    assert looking.wait(0.05) is None


def test_what_the_learner_does_before_the_probes_have_settled_is_told_at_once(looking, account):
    with looking.checking():
        pass
    looking.acted()
    assert looking.wait(PATIENCE) == change(sets_going=True)
    assert looking.wait(0.05) is None


def test_what_the_learner_does_while_no_checks_run_is_told_if_it_changes_something(looking, account):
    looking.acted()
    assert looking.wait(0.05) is None


class Clock:
    """Time that passes only while somebody waits."""

    now = 1000.0

    def monotonic(self):
        return self.now


class Bell:
    """Stands for an event that rings only when it is set before."""

    def __init__(self, clock):
        self.clock = clock
        self.rung = False

    def wait(self, seconds):
        if not self.rung:
            self.clock.now += seconds
        return self.rung

    def set(self):
        self.rung = True

    def clear(self):
        self.rung = False


@pytest.fixture
def timed(account, monkeypatch):
    """Changes, and the clock that they go by."""
    clock = Clock()
    monkeypatch.setattr("lab_harness.account.changes.time", clock)
    monkeypatch.setattr("lab_harness.account.changes.threading", SimpleNamespace(Event=lambda: Bell(clock)))
    return Changes(NO_LOG, SERVICES), clock


def test_what_checks_left_behind_is_theirs_until_it_has_settled(timed, account):
    changes, clock = timed
    with changes.checking():
        account.leave("logs")
    assert changes.wait(60) == ONLY_OTHERS
    for _ in range(5):  # each stirs before the one before it has settled
        clock.now += SETTLING * 0.9
        account.leave("logs")
        assert changes.wait(60) == ONLY_OTHERS
    assert changes.wait(SETTLING + INTERVAL) is None
    account.leave("logs")
    assert changes.wait(60) == change("logs", sets_going=True)


def test_checks_that_left_nothing_behind_hide_what_follows_for_a_moment_only(timed, account):
    changes, _ = timed
    with changes.checking():
        pass
    assert changes.wait(SETTLING + INTERVAL) is None
    account.leave("logs")
    assert changes.wait(60) == change("logs", sets_going=True)


def looks_within(changes, account, seconds):
    before = account.looks
    changes.wait(seconds)
    return account.looks - before


def test_account_is_looked_at_each_second_and_ever_less_often_while_nothing_changes(timed, account):
    changes, _ = timed
    assert looks_within(changes, account, 10) == 10 / INTERVAL
    looks_within(changes, account, 20)
    assert looks_within(changes, account, 9) == 3  # half a minute later
    looks_within(changes, account, 60)
    assert looks_within(changes, account, 10 * LONGEST_INTERVAL) == 10


def test_account_is_looked_at_each_second_again_after_a_change(timed, account):
    changes, _ = timed
    looks_within(changes, account, 300)
    account.build("sqs")
    assert changes.wait(LONGEST_INTERVAL) == change("sqs")
    assert looks_within(changes, account, 5) == 5


def test_account_is_looked_at_at_once_when_the_learner_acted_or_checks_have_run(timed, account):
    changes, clock = timed
    looks_within(changes, account, 300)
    account.build("sqs")
    now = clock.now
    changes.acted()
    assert changes.wait(60) == change("sqs")
    assert clock.now == now
    with changes.checking():
        account.build("s3")
    assert changes.wait(60) == change("s3")
    assert clock.now == now
    assert looks_within(changes, account, 5) == 5


def test_account_is_looked_at_each_second_again_after_the_learner_acted(timed, account):
    changes, _ = timed
    looks_within(changes, account, 300)
    changes.acted()
    assert looks_within(changes, account, 5) == 1 + 5


def test_change_that_was_there_when_the_emulator_did_not_answer_is_told_when_it_does(looking, account, monkeypatch):
    def refuse(*_):
        raise EmulatorError("Nothing answers.")

    account.build("sqs")
    with monkeypatch.context() as patch:
        patch.setattr("lab_harness.account.changes.account_state", refuse)
        with pytest.raises(EmulatorError):
            looking.wait(PATIENCE)
    assert looking.wait(PATIENCE) == change("sqs")


# The promise: whoever runs only the checks that a change can affect knows the outcome of all.


def patience(emulator):
    """Seconds in which whatever happened has been told."""
    return 0.1 if emulator.name == "embedded" else SETTLING


class Ticks:
    """The outcomes of a lab's checks, kept up to date by running those alone that each change can affect."""

    def __init__(self, lab, clients):
        self.lab, self.clients = lab, clients
        self.every = frozenset(check.name for check in lab.all_checks if not check.apart)
        self.changes = Changes(clients, lab.file.services)
        self.outcomes = self.run(self.every)

    def run(self, names):
        ran = {}
        if names:  # the runner takes no names for all
            with self.changes.checking():
                run_checks(self.lab, self.clients, names, finished=lambda r: ran.update({r.name: str(r.outcome)}))
        return ran

    def follow(self):
        """Run what may have changed; returns the names of all the others."""
        self.changes.acted()
        happened = ONLY_OTHERS
        while more := self.changes.wait(patience(self.clients.emulator)):
            happened |= more
        names = affected(self.lab, happened)
        self.outcomes |= self.run(names)
        return self.every - names

    def assert_right_after(self, step):
        others = self.follow()
        before = {name: self.outcomes[name] for name in others}
        assert self.run(others) == before, step


def tasks_solved(lab, emulator, folder):
    """Builds the lab as its reference answer does; yields each task's id when it is done, if that is in the account."""
    left_out = lab.tasks_left_out(emulator.supports)
    todo = [answer for answer in answers(lab).values() if answer.task not in left_out]
    for answer in todo:
        if answer.file:
            path = folder / answer.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(answer.source + "\n", encoding="utf-8")
    text = (lab.folder / "solution.py").read_text(encoding="utf-8")
    scope = {"__name__": "solution"}
    with contextlib.chdir(folder), using_emulator(emulator):
        exec(text[: CELL.search(text).start()], scope)
        for answer in todo:
            if not answer.file:
                exec(answer.source, scope)
                yield answer.task


def queue_url(clients, name):
    return clients["sqs"].get_queue_url(QueueName=name)["QueueUrl"]


def forget_redrive(clients):
    clients["sqs"].set_queue_attributes(QueueUrl=queue_url(clients, "pet-orders"), Attributes={"RedrivePolicy": ""})


def remove_mapping(clients):
    lambda_ = clients["lambda"]
    [mapping] = lambda_.list_event_source_mappings(FunctionName="process-pet-order")["EventSourceMappings"]
    lambda_.delete_event_source_mapping(UUID=mapping["UUID"])


def say_no_to_all(clients):
    sfn = clients["stepfunctions"]
    arns = {each["name"]: each["stateMachineArn"] for each in sfn.list_state_machines()["stateMachines"]}
    definition = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No"}}}
    sfn.update_state_machine(stateMachineArn=arns["hello-world"], definition=json.dumps(definition))


def disable_key(clients):
    key = api_gateway.one_named(clients["apigateway"], "API key", "pet-store-key")
    operations = [{"op": "replace", "path": "/enabled", "value": "false"}]
    clients["apigateway"].update_api_key(apiKey=key["id"], patchOperations=operations)


def take_off_stage(clients):
    api = api_gateway.one_named(clients["apigateway"], "REST API", "PetStore")
    clients["apigateway"].delete_stage(restApiId=api["id"], stageName="prod")


def unsubscribe(clients):
    topic = "arn:aws:sns:us-east-1:000000000000:myEmailNotification"
    for each in clients["sns"].list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        clients["sns"].unsubscribe(SubscriptionArn=each["SubscriptionArn"])


SITE = "pet-shop-site-000000000000"
# What a learner may undo in a lab that is solved, one after the other, before its resources go, the last first.
UNDOINGS = {
    "hello_lambda": [
        lambda clients: clients["logs"].delete_log_group(logGroupName="/aws/lambda/hello-world"),
        lambda clients: clients["lambda"].invoke(FunctionName="hello-world", Payload=b"{}"),
        lambda clients: clients["lambda"].update_function_configuration(FunctionName="hello-world", Handler="a.b"),
    ],
    "orders_pipeline": [forget_redrive, remove_mapping],
    "state_machine": [say_no_to_all],
    "pets_api": [disable_key, take_off_stage],
    "termination_alert": [lambda clients: clients["events"].disable_rule(Name="EC2StateChange"), unsubscribe],
    "web_app": [
        lambda clients: clients["s3"].delete_object(Bucket=SITE, Key="index.html"),
        lambda clients: clients["lambda"].remove_permission(FunctionName="pet-shop-items", StatementId="rest-api"),
        lambda clients: clients["s3"].delete_bucket_policy(Bucket=SITE),
    ],
}


def cleared(lab, emulator, request):
    """Clients of an account in which nothing of the lab is left."""
    clients = Clients(emulator)
    if emulator.name == "embedded":
        emulator.reset()
    else:
        if "ec2" in lab.file.services:
            request.getfixturevalue("relay")
        remove_resources(lab, clients)
    return clients


@pytest.mark.parametrize("name", LABS)
def test_running_what_is_affected_keeps_all_outcomes_right(name, emulator, request, tmp_path):
    lab = load_lab(name)
    ticks, learners = Ticks(lab, cleared(lab, emulator, request)), Clients(emulator, as_learner=True)
    for task in tasks_solved(lab, emulator, tmp_path):
        ticks.assert_right_after(task)
    assert set(ticks.outcomes.values()) <= {"passed", "unsupported"}
    for undo in UNDOINGS.get(name, []):
        undo(learners)
        ticks.assert_right_after(undo)
    for resource in reversed(lab.file.resources):
        deleters()[resource.type](learners, resource.name)
        ticks.assert_right_after(resource)
    assert "passed" not in ticks.outcomes.values()


@pytest.mark.parametrize("name", ["hello_lambda", "pets_api", "termination_alert"])
def test_checks_are_not_set_off_by_what_they_do_themselves(name, emulator, request):
    lab = load_lab(name)
    clients = cleared(lab, emulator, request)
    lab.solve(clients)
    changes = Changes(clients, lab.file.services)
    with changes.checking():
        waiting = in_thread(lambda: run_checks(lab, clients))
        while not waiting.done():
            assert not (changes.wait(0.1) or ONLY_OTHERS).learner
    assert waiting.result().complete
    while late := changes.wait(2 * patience(emulator)):
        assert not late.learner
