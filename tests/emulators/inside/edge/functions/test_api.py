"""Tests for what CloudFront refuses of functions, and for TestFunction."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.edge.distributions.distributions import behavior
from tests.emulators.inside.edge.functions.conftest import EVENT
from tests.emulators.inside.edge.functions.test_values import PASS, changed, returning


def code_of(refused):
    return refused.value.response["Error"]["Code"]


def test_a_test_tells_what_was_returned_logged_and_used(functions):
    functions.make(returning("console.log('was', request.uri); request.uri += 'index.html'"), publish=False)
    result = functions.test()
    assert json.loads(result["FunctionOutput"])["request"]["uri"] == "/pets/index.html"
    assert result["FunctionExecutionLogs"] == ["was /pets/"]
    assert 0 <= int(result["ComputeUtilization"]) <= 100
    assert result["FunctionErrorMessage"] == ""
    assert result["FunctionSummary"]["FunctionMetadata"]["Stage"] == "DEVELOPMENT"


def test_each_stage_is_tested_as_it_is(functions):
    functions.make(returning("request.uri = '/old'"))
    cloudfront, about = functions.cloudfront, {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    etag = cloudfront.describe_function(Name="rewrite", Stage="DEVELOPMENT")["ETag"]
    code = returning("request.uri = '/new'").encode()
    cloudfront.update_function(Name="rewrite", IfMatch=etag, FunctionConfig=about, FunctionCode=code)
    uris = [
        json.loads(functions.test(stage=each)["FunctionOutput"])["request"]["uri"] for each in ("LIVE", "DEVELOPMENT")
    ]
    assert uris == ["/old", "/new"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("function handler(e) { return e.nothing.there; }", "TypeError: cannot read property 'there' of undefined"),
        ("function handler(e) {", "SyntaxError"),
        ("function other(e) {}", "no handler"),
        (returning("request.uri = 5"), "request.uri"),
        ("function handler(e) { for(;;); }", "1 ms"),
        ("function handler(e) { var all = []; for(;;) all.push(new Uint8Array(99999)); }", "2 MB"),
        ("async function handler(e) { await new Promise(() => {}); }", "promise"),
    ],
)
def test_a_test_tells_what_is_wrong(functions, code, words):
    functions.make(code, publish=False)
    result = functions.test()
    assert words in result["FunctionErrorMessage"]
    assert result.get("FunctionOutput", "") == ""


def test_a_response_is_tested_too(functions):
    functions.make(changed("response.statusCode = 404"), publish=False)
    context = {"eventType": "viewer-response"}
    result = functions.test(event=EVENT | {"context": context, "response": {"statusCode": 200, "headers": {}}})
    assert json.loads(result["FunctionOutput"])["response"]["statusCode"] == 404


def test_a_test_needs_the_version_that_is_there_and_an_event(functions):
    functions.make(PASS, publish=False)
    test, event = functions.cloudfront.test_function, json.dumps(EVENT).encode()
    etag = functions.cloudfront.describe_function(Name="rewrite", Stage="DEVELOPMENT")["ETag"]
    with pytest.raises(ClientError) as refused:
        test(Name="rewrite", IfMatch="other", EventObject=event)
    assert code_of(refused) == "InvalidIfMatchVersion"
    deep = b'{"request": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for wrong in (b"?", b"[]", b"{}", b'{"request": {}}', b'{"request": {"uri": "/", "headers": 5}}', deep):
        with pytest.raises(ClientError) as refused:
            test(Name="rewrite", IfMatch=etag, EventObject=wrong)
        assert code_of(refused) == "InvalidArgument"
    with pytest.raises(ClientError) as refused:
        test(Name="rewrite", IfMatch=etag, EventObject=event, Stage="LIVE")
    assert code_of(refused) == "NoSuchFunctionExists"


def test_ten_kilobytes_are_the_most(functions):
    functions.make(PASS + " " * (10 * 1024 - len(PASS)), name="full")
    with pytest.raises(ClientError) as refused:
        functions.make(PASS + " " * (10 * 1024 - len(PASS) + 1), name="more")
    assert code_of(refused) == "FunctionSizeLimitExceeded"
    about, etag = (
        {"Comment": "", "Runtime": "cloudfront-js-2.0"},
        functions.cloudfront.describe_function(Name="full", Stage="DEVELOPMENT"),
    )
    with pytest.raises(ClientError) as refused:
        functions.cloudfront.update_function(
            Name="full", IfMatch=etag["ETag"], FunctionConfig=about, FunctionCode=b" " * 10_241
        )
    assert code_of(refused) == "FunctionSizeLimitExceeded"


@pytest.mark.parametrize("name", ["with space", "x" * 65, "a.b"])
def test_names_are_letters_digits_hyphens_and_underscores(functions, name):
    with pytest.raises(ClientError) as refused:
        functions.make(PASS, name=name)
    assert code_of(refused) == "InvalidArgument"


def test_a_function_in_use_is_not_deleted(functions):
    functions.use(PASS)
    cloudfront = functions.cloudfront
    etag = cloudfront.describe_function(Name="rewrite", Stage="DEVELOPMENT")["ETag"]
    with pytest.raises(ClientError) as refused:
        cloudfront.delete_function(Name="rewrite", IfMatch=etag)
    assert code_of(refused) == "FunctionInUse"
    functions.associate()
    cloudfront.delete_function(Name="rewrite", IfMatch=etag)


def test_what_is_not_published_is_not_associated(functions):
    arn = functions.make(PASS, publish=False)
    with pytest.raises(ClientError) as refused:
        functions.associate(("viewer-request", arn))
    assert code_of(refused) == "InvalidFunctionAssociation"
    with pytest.raises(ClientError) as refused:
        functions.associate(("viewer-request", arn + "x"))
    assert code_of(refused) == "InvalidFunctionAssociation"


def test_a_function_is_associated_by_its_arn_alone(functions):
    name = functions.make(PASS).rpartition("/")[2]
    with pytest.raises(ClientError) as refused:
        functions.associate(("viewer-request", name))
    assert code_of(refused) == "InvalidFunctionAssociation"


@pytest.mark.parametrize("events", [("origin-request",), ("viewer-request", "viewer-request")])
def test_functions_are_for_the_viewers_events_one_each(functions, events):
    arn = functions.make(PASS)
    with pytest.raises(ClientError) as refused:
        functions.associate(*((each, arn) for each in events))
    assert code_of(refused) == "InvalidFunctionAssociation"


def test_a_new_distribution_is_looked_at_as_well(functions):
    items = [{"EventType": "viewer-request", "FunctionARN": functions.make(PASS, publish=False)}]
    config = functions.cloudfront.get_distribution_config(Id=functions.viewer.distribution["Id"])["DistributionConfig"]
    associated = behavior(FunctionAssociations={"Quantity": 1, "Items": items})
    with pytest.raises(ClientError) as refused:
        functions.cloudfront.create_distribution(
            DistributionConfig=config | {"CallerReference": "new", "DefaultCacheBehavior": associated}
        )
    assert code_of(refused) == "InvalidFunctionAssociation"


def test_an_update_tells_the_etag_with_which_to_publish(functions):
    functions.make("function handler(event) { return event.request; }", publish=False)
    etag = functions.cloudfront.describe_function(Name="rewrite", Stage="DEVELOPMENT")["ETag"]
    about = {"Name": "rewrite", "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"}}
    updated = functions.cloudfront.update_function(**about, IfMatch=etag, FunctionCode=b"function handler() {}")
    functions.cloudfront.publish_function(Name="rewrite", IfMatch=updated["ETag"])
