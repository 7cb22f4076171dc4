"""Tests for how a function and a bucket are set: the Failures, word for word."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors import expect
from lab_harness.authors.http import Response
from tests.authors.making import create_function, failure
from tests.roles import ready


class States:
    """A Lambda client whose function has these states, in turn."""

    def __init__(self, *states):
        self.states = list(states)

    def get_function_configuration(self, **_):
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"State": state} if state else {}


def test_a_function_that_becomes_active_is_waited_for(monkeypatch):
    assert expect.active(States("Pending", "Pending", "Active"), "worker") is None
    assert expect.active(States(None), "worker") is None  # as LocalStack tells it of some functions
    monkeypatch.setattr(expect.settings, "STARTING", 0)
    assert failure(expect.active, States("Failed"), "worker").found == "the state Failed (after waiting 0 s)"


class Mappings:
    """A Lambda client whose mappings from a queue are in these states, in turn; each for a function."""

    def __init__(self, *looks, function="worker", others=()):
        self.others = others
        self.looks, self.function = list(looks), f"arn:aws:lambda:us-east-1:000000000000:function:{function}"

    def get_paginator(self, operation):
        assert operation == "list_event_source_mappings"
        return self

    def paginate(self, FunctionName=None, **_):  # noqa: N803  boto3's spelling
        if FunctionName:
            mine = self.function.endswith(f":{FunctionName}")
            return [{"EventSourceMappings": [{"EventSourceArn": each} for each in self.others if mine]}]
        states = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return [{"EventSourceMappings": [{"State": state, "FunctionArn": self.function} for state in states]}]


def mapping(lambda_):
    expect.mapping(lambda_, "worker", "arn:aws:sqs:us-east-1:000000000000:letters", "Section 6.")


def test_a_mapping_that_is_or_becomes_enabled_is_fine():
    assert mapping(Mappings(["Enabled"])) is None
    assert mapping(Mappings(["Disabled", "Enabled"])) is None
    assert mapping(Mappings(["Creating"], ["Creating"], ["Enabled"])) is None


@pytest.mark.parametrize(
    ("lambda_", "found"),
    [
        (Mappings([]), "no mapping between the two"),
        (Mappings(["Enabled"], function="worker-2"), "no mapping between the two"),
        (Mappings([], others=["arn:aws:sqs:us-east-1:0:dead"]), "no mapping between the two; it reads dead"),
        (Mappings(["Disabled"]), "a mapping in state Disabled"),
        (Mappings(["Enabling"], ["Disabled"]), "a mapping in state Disabled (after waiting 0 s)"),
    ],
)
def test_a_mapping_that_is_missing_or_stays_off_is_named(lambda_, found, monkeypatch):
    monkeypatch.setattr(expect.settings, "STARTING", 0)
    shown = failure(mapping, lambda_)
    assert shown.expected == "an enabled event source mapping from letters to worker"
    assert shown.found == found
    assert shown.next_step.startswith("update_event_source_mapping enables" if "Disabled" in found else "Section 6.")


def test_a_queues_attribute_is_told_with_the_one_wanted(clients):
    clients["sqs"].create_queue(QueueName="lab-test-letters", Attributes={"VisibilityTimeout": "6"})
    try:
        assert expect.queue_attribute(clients["sqs"], "lab-test-letters", "VisibilityTimeout", "6") is None
        assert expect.queue_attribute(clients["sqs"], "lab-test-letters", "RedrivePolicy", "none") is None
        shown = failure(expect.queue_attribute, clients["sqs"], "lab-test-letters", "VisibilityTimeout", "30")
        assert shown.expected == "VisibilityTimeout of lab-test-letters: 30"
        assert shown.found == "VisibilityTimeout of lab-test-letters: 6"
        assert "set_queue_attributes" in shown.next_step
    finally:
        clients["sqs"].delete_queue(QueueUrl=clients["sqs"].get_queue_url(QueueName="lab-test-letters")["QueueUrl"])


# A bucket's notifications.

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:thumbnail"
BUCKET, QUEUE = "pet-shop", "arn:aws:sqs:us-east-1:000000000000:uploads"


def told_of(target, *events, **filters):
    """A bucket's configuration that tells this target of events, with rules such as prefix="in/" on the keys."""
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    kind = "Queue" if target == QUEUE else "LambdaFunction"
    told = {f"{kind}Arn": target, "Events": events, "Filter": {"Key": {"FilterRules": rules}}}
    return {f"{kind}Configurations": [told]}


class Bucket:
    """S3 with one bucket, which has this configuration."""

    def __init__(self, configuration):
        self.configuration = configuration

    def get_bucket_notification_configuration(self, **_):
        return self.configuration


@pytest.mark.parametrize(
    ("configuration", "target", "wanted"),
    [
        (told_of(FUNCTION, "s3:ObjectCreated:Put"), FUNCTION, {}),
        (told_of(FUNCTION, "s3:ObjectCreated:*"), FUNCTION, {}),
        (told_of(FUNCTION, "s3:ObjectCreated:*"), FUNCTION, {"event": "s3:ObjectCreated:*"}),
        (told_of(f"{FUNCTION}:live", "s3:ObjectCreated:Put"), FUNCTION, {}),
        (told_of(QUEUE, "s3:ObjectRemoved:Delete", "s3:ObjectCreated:*"), QUEUE, {}),
        (told_of(FUNCTION, "s3:ObjectCreated:*", Prefix="in/"), FUNCTION, {"prefix": "in/"}),
        (told_of(FUNCTION, "s3:ObjectCreated:*", suffix=".jpg", prefix="in/"), FUNCTION,
         {"prefix": "in/", "suffix": ".jpg"}),
    ],
)  # fmt: skip
def test_bucket_that_tells_the_target_is_fine(configuration, target, wanted):
    assert expect.notification(Bucket(configuration), "photos", target, "Look.", **wanted) is None


@pytest.mark.parametrize(
    ("configuration", "wanted", "found"),
    [
        ({}, {}, "no notifications"),
        (told_of(f"{FUNCTION}-2", "s3:ObjectCreated:*"), {}, f"s3:ObjectCreated:* to {FUNCTION}-2"),
        (told_of(QUEUE, "s3:ObjectCreated:*"), {}, f"s3:ObjectCreated:* to {QUEUE}"),
        (told_of(FUNCTION, "s3:ObjectRemoved:*", "s3:ObjectCreated:Copy"), {},
         f"s3:ObjectRemoved:* and s3:ObjectCreated:Copy to {FUNCTION}"),
        (told_of(FUNCTION, "s3:ObjectCreated:Put"), {"event": "s3:ObjectCreated:*"},
         f"s3:ObjectCreated:Put to {FUNCTION}"),
        (told_of(FUNCTION, "s3:ObjectCreated:*", Suffix=".png"), {"suffix": ".jpg"},
         f"s3:ObjectCreated:* for keys *.png to {FUNCTION}"),
        (told_of(FUNCTION, "s3:ObjectCreated:*", Prefix="in/"), {}, f"s3:ObjectCreated:* for keys in/* to {FUNCTION}"),
        (told_of(FUNCTION, "s3:ObjectCreated:*"), {"prefix": "in/"}, f"s3:ObjectCreated:* to {FUNCTION}"),
    ],
)  # fmt: skip
def test_bucket_that_tells_somebody_else_or_of_something_else_is_shown(configuration, wanted, found):
    shown = failure(lambda: expect.notification(Bucket(configuration), "photos", FUNCTION, "Section 5.", **wanted))
    assert (shown.found, shown.next_step) == (found, "Section 5.")
    assert shown.expected.startswith("a notification of s3:ObjectCreated:")
    assert shown.expected.endswith(f" from photos to {FUNCTION}")


def test_notification_that_s3_keeps_is_read(clients):
    s3, lambda_ = clients["s3"], clients["lambda"]
    s3.create_bucket(Bucket="photos")
    create_function(lambda_, "thumbnail", ready(clients.emulator))
    lambda_.add_permission(
        FunctionName="thumbnail", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    told = told_of(FUNCTION, "s3:ObjectCreated:*", Prefix="in/", Suffix=".jpg")
    s3.put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=told)
    assert expect.notification(s3, "photos", FUNCTION, "Look.", prefix="in/", suffix=".jpg") is None
    assert "for keys in/*.jpg" in failure(expect.notification, s3, "photos", FUNCTION, "Look.").found


# A website.


@pytest.fixture
def s3(clients):
    """S3 with the bucket pet-shop."""
    clients["s3"].create_bucket(Bucket=BUCKET)
    return clients["s3"]


def website(s3, **configuration):
    s3.put_bucket_website(Bucket=BUCKET, WebsiteConfiguration=configuration)
    return expect.website(s3, BUCKET, "index.html", "put_bucket_website sets it.")


def test_website_with_the_index_document_asked_for_is_fine(s3):
    assert website(s3, IndexDocument={"Suffix": "index.html"}) is None
    assert website(s3, IndexDocument={"Suffix": "index.html"}, ErrorDocument={"Key": "404.html"}) is None


@pytest.mark.parametrize(
    ("configuration", "found"),
    [
        ({"IndexDocument": {"Suffix": "home.html"}}, "home.html"),
        ({"RedirectAllRequestsTo": {"HostName": "example.org"}}, "none"),
    ],
)
def test_another_index_document_is_told(s3, configuration, found):
    shown = failure(lambda: website(s3, **configuration))
    assert (shown.expected, shown.found) == ("the index document index.html", f"the index document {found}")


class Site:
    """The parameter `http` of a check, for which a site has these files, each with its status and content type."""

    def __init__(self, **files):
        self.files = {f"/{name.replace('_', '.')}": file for name, file in files.items()}

    def site(self, host):
        assert host == "shop.localhost"
        page = Response(200, {"content-type": "text/html; charset=utf-8"}, "")
        return {"/": page} | {path: Response(status, kind, "") for path, (status, kind) in self.files.items()}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("app_js", "text/javascript"),
        ("app_mjs", "application/javascript"),
        ("a_css", "text/css"),
        ("a_json", "application/json"),
    ],
)
def test_site_whose_files_are_served_as_what_they_are_is_fine(name, kind):
    assert expect.site(Site(**{name: (200, {"content-type": kind})}), "shop.localhost", "Look.") is None


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ((404, {"content-type": "text/html"}), "status 404 and the content type text/html"),
        ((403, {"content-type": "text/html"}), "status 403 and the content type text/html"),
        ((200, {"content-type": "text/plain"}), "status 200 and the content type text/plain"),
        ((200, {}), "status 200 and the content type none"),
    ],
)
def test_file_of_a_site_that_is_missing_or_served_as_something_else_is_shown(file, found):
    shown = failure(expect.site, Site(a_css=file), "shop.localhost", "Section 9.")
    assert shown.expected == "/a.css with status 200 and a content type of text/css"
    assert shown.found == found
    advice = {404: "Nothing has the key of /a.css: upload it", 403: "Not everyone may read /a.css"}
    assert shown.next_step.startswith(advice.get(file[0], "Section 9."))
    assert shown.next_step.endswith("Section 9.")


def test_bucket_that_is_no_website_has_no_index_document(s3):
    shown = failure(expect.website, s3, BUCKET, "index.html", "Look.")
    assert shown.found == "the index document none"


def test_setting_that_may_not_be_read_is_not_taken_for_none(s3, monkeypatch):
    def refuse(**_):
        answer = {"Error": {"Code": "AccessDenied", "Message": "not you"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(answer, "GetBucketWebsite")

    monkeypatch.setattr(s3, "get_bucket_website", refuse)
    with pytest.raises(ClientError, match="not you"):
        expect.website(s3, BUCKET, "index.html", "Look.")
