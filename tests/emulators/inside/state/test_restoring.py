"""Tests for loading the saved state: what is damaged is set aside, its copy is loaded, and a notice says so."""

import json
import os

import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.incidents import Incidents, set_aside
from lab_harness.emulators.inside.state.restoring import Damaged, payload_of, reason
from lab_harness.emulators.inside.state.saving import follow_port
from lab_harness.emulators.inside.state.seals import sealed
from lab_harness.emulators.inside.state.stored_objects import check_objects
from lab_harness.emulators.process import free_port
from tests.emulators.inside.state.test_saving import build, running
from tests.roles import ready


def whole(payload):
    return json.dumps({"__ministack_format__": 2, "payload": payload}).encode()


def cut(content):
    return content[: len(content) // 2]


def turned_into_a_folder(file):
    file.unlink()
    file.mkdir()


def turned_into_a_dangling_link(file):
    file.unlink()
    file.symlink_to("/nonexistent/state.json")


# Each service's file is damaged in a way of its own, and all at once.
DAMAGES = {
    "sqs": lambda file: file.write_bytes(cut(file.read_bytes())),
    "iam": lambda file: file.write_bytes(file.read_bytes().replace(b"worker", b"w\xf6rker")),
    "lambda": lambda file: file.write_bytes(b""),
    "dynamodb": lambda file: file.write_bytes(b"\x00" * 4096),
    "s3": turned_into_a_folder,
    "sns": lambda file: file.write_bytes(whole({"topics": []})),
    "eventbridge": turned_into_a_dangling_link,
    "stepfunctions": lambda file: file.write_bytes(b"[" * 100_000),
    "cloudwatch_logs": lambda file: file.write_bytes(file.read_bytes().replace(b"notes", b"votes")),
}


def build_more(aws):
    build(aws)
    aws["sns"].create_topic(Name="news")
    aws["events"].put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
    aws["stepfunctions"].create_state_machine(
        name="machine",
        roleArn=ready(aws.emulator),
        definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
    )
    aws["logs"].create_log_group(logGroupName="notes")


def found(aws):
    """How many there are of each kind."""
    return {
        "sqs": len(aws["sqs"].list_queues().get("QueueUrls", [])),
        "iam": len(aws["iam"].list_roles()["Roles"]),
        "lambda": len(aws["lambda"].list_functions()["Functions"]),
        "dynamodb": len(aws["dynamodb"].list_tables()["TableNames"]),
        "s3": len(aws["s3"].list_buckets()["Buckets"]),
        "sns": len(aws["sns"].list_topics()["Topics"]),
        "eventbridge": len(aws["events"].list_rules()["Rules"]),
        "stepfunctions": len(aws["stepfunctions"].list_state_machines()["stateMachines"]),
        "cloudwatch_logs": len(aws["logs"].describe_log_groups()["logGroups"]),
    }


@pytest.fixture(scope="module")
def mended(tmp_path_factory):
    """An emulator that found every file of its state damaged, and what there was before."""
    home = tmp_path_factory.mktemp("mended")
    with running(home) as first:
        build_more(Clients(first))
        before = found(Clients(first))
    for service, damage in DAMAGES.items():
        damage(home / "state" / f"{service}.json")
    with running(home) as again:
        yield again, before


def test_copies_take_the_place_of_damaged_files_and_nothing_is_lost(mended):
    emulator, before = mended
    assert 0 not in before.values()
    assert found(Clients(emulator)) == before
    assert Clients(emulator)["s3"].get_object(Bucket="photos", Key="cat.jpg")["Metadata"] == {"taken": "2030"}


def test_what_was_damaged_is_set_aside_under_another_name(mended):
    emulator, _ = mended
    aside = {path.name.partition(".")[0] for path in (emulator.home / "state").glob("*.damaged-*")}
    assert aside == set(DAMAGES)


def test_notice_says_what_happened_to_each_file(mended):
    emulator, _ = mended
    assert len(emulator.notices) == len(DAMAGES)
    for service in DAMAGES:
        [told] = [
            notice for notice in emulator.notices if notice.startswith(f"The saved state of {service} was damaged")
        ]
        assert f"it was set aside as state/{service}.json.damaged-" in told
        assert "The copy of " in told and "was loaded; what was changed" in told


def test_what_is_built_after_a_damage_is_saved(tmp_path):
    with running(tmp_path) as emulator:
        Clients(emulator)["sqs"].create_queue(QueueName="first")
    for file in (tmp_path / "state").glob("sqs*.json"):
        file.write_bytes(b"\xff\xfe damaged")
    with running(tmp_path) as emulator:
        [told] = emulator.notices
        assert "Its copy was damaged (it is not UTF-8)" in told
        assert "No copy could be loaded, so sqs begins empty." in told
        Clients(emulator)["sqs"].create_queue(QueueName="second")
    with running(tmp_path) as emulator:
        assert [url.rpartition("/")[2] for url in Clients(emulator)["sqs"].list_queues()["QueueUrls"]] == ["second"]
    assert len(list((tmp_path / "state").glob("sqs*.damaged-*"))) == 2


def test_damaged_port_and_inbox_lose_neither_state_nor_the_other_mails(tmp_path):
    mail = {"to": "ann@example.com", "subject": "Hello", "text": "✓", "time": 1.0}
    with running(tmp_path) as emulator:
        Clients(emulator)["sqs"].create_queue(QueueName="kept")
    (tmp_path / "state" / "port").write_bytes(b"\xff\x00")
    lines = [
        json.dumps(mail).encode(),
        b'{"to": "b\xf6b"}',
        b"[1]",
        b'{"to": 5}',
        json.dumps(mail | {"text": "2"}).encode(),
    ]
    (tmp_path / "inbox.jsonl").write_bytes(b"\n".join(lines))
    with running(tmp_path) as emulator:
        assert [mail.text for mail in emulator.inbox()] == ["✓", "2"]
        [told] = emulator.notices
        assert "3 of its 5 lines cannot be read" in told and "2 mails are kept" in told
        [aside] = tmp_path.glob("inbox.jsonl.damaged-*")
        assert aside.read_bytes() == b"\n".join(lines)
        # The mark was damaged, so the port is the one that the last command noted.
        [url] = Clients(emulator)["sqs"].list_queues()["QueueUrls"]
        assert url.startswith(f"{emulator.endpoint}/")


def test_code_that_is_damaged_is_told_of_and_other_functions_keep_theirs(tmp_path):
    with running(tmp_path) as emulator:
        build(Clients(emulator))
    [blob] = (tmp_path / "state" / "lambda-blobs").glob("*.zip")
    blob.write_bytes(b"no zip")
    with running(tmp_path) as emulator:
        [told] = emulator.notices
        assert told.startswith("The code of copy was damaged or missing in state/lambda-blobs")
        assert [each["FunctionName"] for each in Clients(emulator)["lambda"].list_functions()["Functions"]] == ["copy"]


def test_code_is_kept_while_only_a_file_that_was_set_aside_knows_it(tmp_path):
    with running(tmp_path) as emulator:
        build(Clients(emulator))
    for file in (tmp_path / "state").glob("lambda*.json"):
        file.write_bytes(file.read_bytes()[:-3])
    with running(tmp_path) as emulator:
        assert Clients(emulator)["lambda"].list_functions()["Functions"] == []
    assert len(list((tmp_path / "state" / "lambda-blobs").glob("*.zip"))) == 1


def test_lifespan_that_fails_fails_the_start(tmp_path, monkeypatch):
    package = tmp_path / "broken"
    package.mkdir()
    (package / "sitecustomize.py").write_text(
        "import wrapt\n"
        "def fail(app):\n"
        "    app._run_init_scripts = lambda: 1 / 0\n"
        "wrapt.register_post_import_hook(fail, 'ministack.app')\n"
    )
    monkeypatch.syspath_prepend(str(package))
    emulator = Embedded(tmp_path / "lab", free_port())
    with pytest.raises(Exception, match=r"(?s)did not start.*ZeroDivisionError"):
        emulator.start()
    assert not (tmp_path / "lab" / "emulator.json").exists()


# Without an emulator.


NO_STATES = (
    *(b"", b"{", b"null", b"[]", b"{}", b'{"a": 1}', b"\xff", b"[" * 100_000, b"\xef\xbb\xbf" + whole({})),
    *(whole(None), whole([]), whole(3), whole({"queues": {"__scoped__": True}}), json.dumps({}).encode("utf-16")),
    *(b'{"__ministack_format__": 99, "payload": {}}', b'{"__ministack_format__": "2", "payload": {}}'),
)


@pytest.mark.parametrize("content", NO_STATES)
def test_what_is_no_saved_state_is_damaged_and_a_phrase_says_why(content):
    with pytest.raises((Damaged, ValueError, KeyError, RecursionError)) as caught:
        payload_of(content, "sqs")
    assert reason(caught.value)


def test_content_that_was_changed_is_damaged_though_it_is_a_state():
    good = sealed(whole({"queues": {"orders": {"name": "orders"}}}))
    assert payload_of(good, "sqs") == {"queues": {"orders": {"name": "orders"}}}
    for changed in (good.replace(b'{"name": "orders"}', b"5"), good.replace(b"orders", b"orderz")):
        with pytest.raises(Damaged, match="it is not what was saved"):
            payload_of(changed, "sqs")


def test_state_that_follows_its_port_stays_good_and_what_is_damaged_stays_damaged(tmp_path):
    good = sealed(whole({"queues": {"q": "http://localhost:4566/0/q"}}))
    (tmp_path / "sqs.json").write_bytes(good)
    (tmp_path / "sns.json").write_bytes(good.replace(b'"q"', b'"p"'))
    follow_port(tmp_path, 5000, last=4566)
    moved = payload_of((tmp_path / "sqs.json").read_bytes(), "sqs")
    assert moved == {"queues": {"q": "http://localhost:5000/0/q"}}
    with pytest.raises(Damaged):
        payload_of((tmp_path / "sns.json").read_bytes(), "sqs")


def test_set_aside_never_takes_a_name_that_is_used(tmp_path, monkeypatch):
    names = set()
    for number in range(50):
        file = tmp_path / "sqs.json"
        file.write_text(str(number))
        names.add(set_aside(file))
    assert sorted(int(path.read_text()) for path in names) == list(range(50))


def test_incident_is_told_in_each_place_until_it_was_seen_there(tmp_path):
    Incidents(tmp_path / "incidents.json").add("It was damaged.")
    again = Incidents(tmp_path / "incidents.json")
    again.see("terminal")
    later = Incidents(tmp_path / "incidents.json")
    assert (later.unseen("terminal"), later.unseen("panel")) == ([], ["It was damaged."])
    later.see("panel")
    assert Incidents(tmp_path / "incidents.json").unseen("panel") == []


@pytest.mark.parametrize(
    "content", [b"\xff", b"{}", b"[1]", b'[{"text": 1}]', b'[{"text": "a", "seen": [{}]}]', b"[" * 100_000]
)
def test_damaged_list_of_incidents_is_set_aside_too(tmp_path, content):
    (tmp_path / "incidents.json").write_bytes(content)
    [told] = Incidents(tmp_path / "incidents.json").unseen("panel")
    assert "was damaged" in told
    assert len(list(tmp_path.glob("incidents.json.damaged-*"))) == 1


def test_damaged_objects_are_named_and_do_not_stay_in_others_way(tmp_path):
    bucket = tmp_path / "s3" / "000000000000" / "photos"
    bucket.mkdir(parents=True)
    for name, size in {"good.jpg": 4, "short.jpg": 9, "gone.jpg": 4}.items():
        (bucket / name).write_bytes(b"abcd")
        (bucket / f"{name}.meta.json").write_text(json.dumps({"size": size, "etag": "x", "key": name}))
    (bucket / "gone.jpg").unlink()
    (bucket / "odd.jpg").write_bytes(b"abcd")
    (bucket / "odd.jpg.meta.json").write_text("[1]")
    os.mkfifo(bucket / "pipe")
    incidents = Incidents(tmp_path / "incidents.json")
    check_objects(tmp_path / "s3", tmp_path / "damaged", incidents)
    unreadable, unknown, short = incidents.unseen("terminal")
    assert "photos/pipe" in unreadable
    assert "photos/odd.jpg" in unknown and "its content is kept" in unknown
    assert "photos/gone.jpg, photos/short.jpg" in short
    assert sorted(path.name.partition(".damaged-")[0] for path in (tmp_path / "damaged").iterdir()) == [
        "odd.jpg.meta.json",
        "pipe",
    ]
    assert (bucket / "odd.jpg").read_bytes() == b"abcd"


def test_stop_never_says_that_what_could_not_be_saved_is_saved(lab, home):
    home.mkdir(parents=True)
    (home / "state").write_text("no folder", encoding="utf-8")
    lab("start", "--port", free_port())
    Clients(Embedded(home))["sqs"].create_queue(QueueName="in-memory")
    refused = lab("stop")
    assert (refused.code, refused.out) == (3, "")
    assert "The state of" in refused.err and "could not be saved" in refused.err and "--unsaved" in refused.err
    assert "could not be saved" in lab("status").err
    stopped = lab("stop", "--unsaved")
    assert (stopped.code, stopped.out) == (0, "Stopped.\n")
    assert "could not be saved" in stopped.err
    assert not Embedded(home).healthy()


def test_what_a_file_is_called_cannot_command_the_terminal(home, lab, monkeypatch):
    home.mkdir()
    Incidents(home / "incidents.json").add("\x1b[2Jphotos/\u202ecat.png was damaged.")
    assert "�[2Jphotos/�cat.png was damaged." in lab("start").err
