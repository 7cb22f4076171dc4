"""Tests for the proof of whose call it is: each form of signature, with real clients, and ways to get around one."""

import hashlib
import hmac
import http.client
import io
import json
import urllib.error
import urllib.request
import zipfile
from urllib.parse import quote, urlsplit

import boto3
import pytest
import urllib3
from botocore import UNSIGNED
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpchecksum import AwsChunkedWrapper  # noqa: F401  what uploads with a trailer need

from lab_harness.authors.http_clients import URLLIB3
from lab_harness.aws import Clients
from lab_harness.emulators.credentials import Credentials, of_checks
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.access.keys import Keys
from lab_harness.emulators.inside.access.refusals import ADVICE
from lab_harness.emulators.process import free_port, read_process
from tests.labs.helpers import aws_cli, zipped
from tests.roles import ready
from tests.waiting import PATIENCE, wait_until

ROLE = "arn:aws:iam::000000000000:role/functions"
STRANGER = Credentials("test", "test")
KEYS = ["plain", "a b+c%2Fd//e", "größe/ß", "q?x=1&y=2#z", "a:b;c,d", "..", "dots/./../x", "~-_.!*'()", "日本", "%41"]


def client(embedded, service, key=None, **config):
    key = key or embedded.learner
    session = boto3.Session(key.access_key_id, key.secret_access_key, config.pop("token", None), "us-east-1")
    endpoint = config.pop("endpoint", embedded.endpoint)
    settings = Config(retries={"total_max_attempts": 1}, **config)
    return session.client(service, endpoint_url=endpoint, config=settings)


def code(caught):
    return caught.value.response["Error"]["Code"]


def send(embedded, method, target, headers=None, body=None):
    connection = http.client.HTTPConnection(urlsplit(embedded.endpoint).netloc, timeout=PATIENCE)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module", autouse=True)
def bucket(embedded):
    embedded.reset()
    ready(embedded, ROLE)
    client(embedded, "s3").create_bucket(Bucket="signed")
    return "signed"


SERVICES = {
    "s3": ("list_buckets", "SignatureDoesNotMatch", "AccessDenied"),
    "sqs": ("list_queues", "SignatureDoesNotMatch", "AccessDenied"),
    "sns": ("list_topics", "SignatureDoesNotMatch", "MissingAuthenticationToken"),
    "dynamodb": ("list_tables", "InvalidSignatureException", "MissingAuthenticationTokenException"),
    "lambda": ("list_functions", "InvalidSignatureException", "MissingAuthenticationTokenException"),
    "apigatewayv2": ("get_apis", "InvalidSignatureException", "MissingAuthenticationTokenException"),
    "cloudwatch": ("list_metrics", "SignatureDoesNotMatch", "MissingAuthenticationToken"),
    "ec2": ("describe_instances", "AuthFailure", "MissingParameter"),
    "iam": ("list_users", "SignatureDoesNotMatch", "MissingAuthenticationToken"),
}


@pytest.mark.parametrize("service", SERVICES)
def test_unsigned_call_and_one_with_another_key_get_awss_code_and_what_to_do(embedded, service):
    operation, wrong, missing = SERVICES[service]
    for made, expected in (
        (client(embedded, service, STRANGER), wrong),
        (client(embedded, service, signature_version=UNSIGNED), missing),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(made, operation)()
        assert (code(caught), caught.value.response["Error"]["Message"]) == (expected, ADVICE)
    assert getattr(client(embedded, service), operation)()


def test_old_signature_in_a_header_is_refused_as_by_aws(embedded):
    with pytest.raises(ClientError) as caught:
        client(embedded, "s3", signature_version="s3").list_buckets()
    assert "Please use AWS4-HMAC-SHA256" in str(caught.value)


def test_key_that_nobody_has_is_unknown(embedded):
    with pytest.raises(ClientError) as caught:
        client(embedded, "s3", Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40)).list_buckets()
    assert code(caught) == "InvalidAccessKeyId"


def test_checks_key_cannot_be_made_from_the_learners(embedded):
    token = read_process(embedded.home / "emulator.json").token
    assert embedded.checks == of_checks(token)
    assert embedded.checks.access_key_id == embedded.learner.access_key_id
    for guess in (token, hmac.new(embedded.learner.secret_access_key.encode(), b"checks", hashlib.sha256).hexdigest()):
        with pytest.raises(ClientError):
            client(embedded, "sqs", Credentials("test", guess)).list_queues()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("name", KEYS)
def test_odd_names_of_objects_are_signed_as_they_are(embedded, host, style, name):
    if style == "virtual" and host != "localhost":
        pytest.skip("an address has no names below it")
    endpoint = embedded.endpoint.replace("127.0.0.1", host)
    s3 = client(embedded, "s3", endpoint=endpoint, s3={"addressing_style": "path"})
    s3.put_object(Bucket="signed", Key=name, Body=b"content", Metadata={"a": "b  c"}, Tagging="x=1&y=a%20b")
    assert s3.get_object(Bucket="signed", Key=name)["Body"].read() == b"content"
    assert s3.list_objects_v2(Bucket="signed", Prefix=name)["KeyCount"] == 1
    s3.copy_object(Bucket="signed", Key=f"{name}-copy", CopySource={"Bucket": "signed", "Key": name})
    s3.delete_objects(Bucket="signed", Delete={"Objects": [{"Key": name}, {"Key": f"{name}-copy"}]})


@pytest.mark.parametrize("size", [0, 1, 70_000, 9 * 2**20])
@pytest.mark.parametrize("checksum", [None, "CRC32", "SHA256"])
def test_uploads_of_all_sizes_pass_in_parts_and_with_checksums(embedded, size, checksum):
    s3, body = client(embedded, "s3"), b"x" * size
    extra = {"ExtraArgs": {"ChecksumAlgorithm": checksum}} if checksum else {}
    s3.upload_fileobj(io.BytesIO(body), "signed", "large", **extra)
    assert s3.get_object(Bucket="signed", Key="large")["Body"].read() == body
    s3.put_object(Bucket="signed", Key="large", Body=io.BytesIO(body))
    assert s3.head_object(Bucket="signed", Key="large")["ContentLength"] == size


def test_body_that_is_not_the_signed_one_is_refused(embedded):
    s3, sent = client(embedded, "s3"), []
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(request))
    s3.put_object(Bucket="signed", Key="mine", Body=b"mine")
    [request] = sent
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    target = urlsplit(request.url).path
    assert send(embedded, "PUT", target, headers, b"mine")[0] == 200  # It is the signature that lets it in.
    assert send(embedded, "PUT", target, headers, b"fake")[0] == 403
    assert send(embedded, "PUT", "/signed/other", headers, b"mine")[0] == 403
    assert send(embedded, "POST", target, headers, b"mine")[0] == 403
    assert send(embedded, "PUT", f"{target}?acl", headers, b"mine")[0] == 403
    assert s3.get_object(Bucket="signed", Key="mine")["Body"].read() == b"mine"


@pytest.mark.parametrize("version", ["s3", "s3v4", None])
@pytest.mark.parametrize("name", KEYS)
def test_presigned_links_read_and_write_what_they_are_for_and_nothing_else(embedded, version, name):
    s3 = client(embedded, "s3", **({"signature_version": version} if version else {}))
    put = s3.generate_presigned_url("put_object", {"Bucket": "signed", "Key": name})
    get = s3.generate_presigned_url("get_object", {"Bucket": "signed", "Key": name})
    target = {url: url.removeprefix(embedded.endpoint) for url in (put, get)}
    assert send(embedded, "PUT", target[put], body=b"by a link")[0] == 200
    assert send(embedded, "GET", target[get]) == (200, b"by a link")
    assert send(embedded, "DELETE", target[get])[0] == 403
    assert send(embedded, "PUT", target[get], body=b"no")[0] == 403
    other = target[get].replace("/signed/", "/signed/x", 1)
    assert send(embedded, "GET", other)[0] == 403


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_link_ends(embedded, version):
    s3 = client(embedded, "s3", signature_version=version)
    client(embedded, "s3").put_object(Bucket="signed", Key="late", Body=b"")
    url = s3.generate_presigned_url("get_object", {"Bucket": "signed", "Key": "late"}, ExpiresIn=-1)
    status, body = send(embedded, "GET", url.removeprefix(embedded.endpoint))
    assert (status, b"Request has expired" in body) == (403, True)
    longer = url.replace("X-Amz-Expires=-1", "X-Amz-Expires=900")
    if version == "s3":
        expires = urlsplit(url).query.partition("Expires=")[2].partition("&")[0]
        longer = url.replace(f"Expires={expires}", "Expires=99999999999")
    assert b"SignatureDoesNotMatch" in send(embedded, "GET", longer.removeprefix(embedded.endpoint))[1]


def test_presigned_link_is_good_for_a_week_at_most_and_one_for_longer_is_refused_in_the_words_of_s3(embedded):
    s3 = client(embedded, "s3", signature_version="s3v4")
    client(embedded, "s3").put_object(Bucket="signed", Key="late", Body=b"in time")
    week = 7 * 24 * 3600

    def get(seconds):
        url = s3.generate_presigned_url("get_object", {"Bucket": "signed", "Key": "late"}, ExpiresIn=seconds)
        return send(embedded, "GET", url.removeprefix(embedded.endpoint))

    assert get(week) == (200, b"in time")
    for longer in (week + 1, 8 * 24 * 3600, 365 * 24 * 3600):
        status, body = get(longer)
        assert (status, b"<Code>AuthorizationQueryParametersError</Code>" in body) == (400, True)
        assert b"X-Amz-Expires must be less than a week (in seconds)" in body


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DETOURS = [
    ({"X-Amz-Target": "AWSEvents.ListEventBuses"}, b"{}"),
    ({"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}"),
    (FORM, b"Action=CreateQueue&QueueName=stolen"),
    (FORM, b"Action=CreateStack&StackName=stolen&TemplateBody={}"),
    ({"Authorization": "x Credential=a/b/c/sqs/aws4_request"}, b""),
    ({"Authorization": "Credential=a/b/c/lambda/"}, b""),
]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize(("headers", "body"), DETOURS)
def test_presigned_link_to_s3_does_not_lead_to_another_service(embedded, version, headers, body):
    s3 = client(embedded, "s3", signature_version=version)
    url = s3.generate_presigned_url("put_object", {"Bucket": "signed", "Key": "link"})
    before = [call.service for call in embedded.calls()]
    status, _ = send(embedded, "PUT", url.removeprefix(embedded.endpoint), headers, body)
    assert status in (400, 403)
    target = url.removeprefix(embedded.endpoint) + "&Action=ListQueues"
    assert send(embedded, "PUT", target)[0] == 403
    assert [call.service for call in embedded.calls()] == before


def test_presigned_link_takes_no_header_of_awss_that_was_not_signed(embedded):
    s3 = client(embedded, "s3", signature_version="s3v4")
    s3.create_bucket(Bucket="vault")
    s3.put_object(Bucket="vault", Key="mine", Body=b"private")
    url = s3.generate_presigned_url("put_object", {"Bucket": "signed", "Key": "drop"})
    status, body = send(embedded, "PUT", url.removeprefix(embedded.endpoint), {"X-Amz-Copy-Source": "/vault/mine"})
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)
    copy = {"Bucket": "signed", "Key": "drop", "CopySource": "vault/mine"}
    url = s3.generate_presigned_url("copy_object", copy)
    assert send(embedded, "PUT", url.removeprefix(embedded.endpoint), {"X-Amz-Copy-Source": "vault/mine"})[0] == 200


@pytest.mark.parametrize(
    "added", ["x-amz-copy-source=/signed/private", "X-Amz-Copy-Source=/signed/private", "retention", "renameObject"]
)
@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_link_takes_no_parameter_that_was_not_signed(embedded, version, added):
    client(embedded, "s3").put_object(Bucket="signed", Key="private", Body=b"private")
    s3 = client(embedded, "s3", signature_version=version)
    target = s3.generate_presigned_url("put_object", {"Bucket": "signed", "Key": "drop"}).removeprefix(
        embedded.endpoint
    )
    status, body = send(embedded, "PUT", f"{target}&{added}")
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)
    assert send(embedded, "PUT", target)[0] == 200


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_links_list_a_bucket_and_store_metadata(embedded, version):
    s3 = client(embedded, "s3", signature_version=version)
    put = {"Bucket": "signed", "Key": "noted", "Metadata": {"by": "me"}}
    url = s3.generate_presigned_url("put_object", put)
    headers = {"x-amz-meta-by": "me"}
    assert send(embedded, "PUT", url.removeprefix(embedded.endpoint), headers, b"x")[0] == 200
    assert client(embedded, "s3").head_object(Bucket="signed", Key="noted")["Metadata"] == {"by": "me"}
    for operation in ("list_objects", "list_objects_v2"):
        url = s3.generate_presigned_url(operation, {"Bucket": "signed", "Prefix": "noted"})
        status, body = send(embedded, "GET", url.removeprefix(embedded.endpoint))
        assert (status, b"<Key>noted</Key>" in body) == (200, True)


def test_presigned_link_to_another_service_takes_no_other_body(embedded):
    request = AWSRequest("POST", f"{embedded.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15", data=b"")
    key = embedded.learner
    frozen = boto3.Session(key.access_key_id, key.secret_access_key).get_credentials().get_frozen_credentials()
    SigV4QueryAuth(frozen, "sts", "us-east-1").add_auth(request)
    target = request.url.removeprefix(embedded.endpoint)
    assert send(embedded, "POST", target)[0] == 200
    empty = hashlib.sha256(b"").hexdigest()
    for headers in (FORM, {**FORM, "X-Amz-Content-Sha256": empty}):
        assert send(embedded, "POST", target, headers, b"Action=CreateQueue&QueueName=stolen")[0] == 403


def form(fields, content=b"from a form", boundary="boundary"):
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    last = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    return "".join(parts).encode() + last.encode() + content + f"\r\n--{boundary}--\r\n".encode()


MULTIPART = {"Content-Type": "multipart/form-data; boundary=boundary"}


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_form_uploads_what_its_policy_allows_and_no_more(embedded, version):
    s3 = client(embedded, "s3", signature_version=version)
    client(embedded, "s3").create_bucket(Bucket="other")
    fields = s3.generate_presigned_post("signed", "form-${filename}")["fields"]
    assert send(embedded, "POST", "/signed", MULTIPART, form(fields))[0] == 204
    assert client(embedded, "s3").get_object(Bucket="signed", Key="form-f")["Body"].read() == b"from a form"
    late = s3.generate_presigned_post("signed", "late", ExpiresIn=-5)["fields"]
    signature = "signature" if version == "s3" else "x-amz-signature"
    unsigned = {name: value for name, value in fields.items() if name in ("key", "policy")}
    for target, given in [
        ("/other", fields),
        ("/signed", late),
        ("/signed", {**fields, "key": "elsewhere"}),
        ("/signed", {**fields, signature: fields[signature][::-1]}),
        ("/signed", {**fields, "policy": late["policy"]}),
        ("/signed", unsigned),
        ("/signed", {"key": "k"}),
    ]:
        assert send(embedded, "POST", target, MULTIPART, form(given))[0] == 403
    other = client(embedded, "s3", STRANGER, signature_version=version).generate_presigned_post("signed", "k")["fields"]
    assert send(embedded, "POST", "/signed", MULTIPART, form(other))[0] == 403


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/signed", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}),
        ("/signed", {"Content-Encoding": "aws-chunked"}),
        ("/signed", {"X-Amz-Decoded-Content-Length": "1"}),
        ("/signed", {"Authorization": "Credential=a/b/c/sqs/"}),
        ("/2015-03-31/functions", {}),
        ("/Execute", {}),
        ("/v2/email/identities", {}),
        ("/signed?Action=ListQueues", {}),
        ("/_ministack/config", {}),
    ],
)
def test_form_that_is_rightly_signed_leads_to_its_bucket_only(embedded, target, headers):
    fields = client(embedded, "s3").generate_presigned_post("signed", "k")["fields"]
    before = len(embedded.calls())
    assert send(embedded, "POST", target, MULTIPART | headers, form(fields))[0] in (400, 403)
    assert len(embedded.calls()) == before


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_form_uploads_in_the_name_of_the_key_that_signed_it(embedded, version):
    iam = client(embedded, "iam")
    name = f"guest-{version}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    guest = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    fields = client(embedded, "s3", guest, signature_version=version).generate_presigned_post("signed", "by-guest")
    whole = form(fields["fields"])
    field, other = ("AWSAccessKeyId", "test") if version == "s3" else ("x-amz-credential", "test/1/us-east-1/s3/a")
    first = f'--boundary\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{other}\r\n'.encode()
    for body, headers in [(whole, {}), (first + whole, {}), (whole, {"Authorization": "AWS test:signature"})]:
        assert send(embedded, "POST", "/signed", MULTIPART | headers, body)[0] in (400, 403)
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::signed/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="uploads", PolicyDocument=document)
    assert send(embedded, "POST", "/signed", MULTIPART, whole)[0] == 204


def test_keys_that_the_account_issued_open_it_and_are_the_learners(embedded):
    iam = client(embedded, "iam")
    iam.create_user(UserName="ana")
    made = iam.create_access_key(UserName="ana")["AccessKey"]
    ana = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    session = client(embedded, "sts").assume_role(RoleArn=ROLE, RoleSessionName="session")["Credentials"]
    taken = Credentials(session["AccessKeyId"], session["SecretAccessKey"])
    number = embedded.calls()[-1].number
    assert "ana" in client(embedded, "sts", ana).get_caller_identity()["Arn"]
    assert "assumed-role" in client(embedded, "sts", taken, token=session["SessionToken"]).get_caller_identity()["Arn"]
    assert {call.caller for call in embedded.calls(since=number)} == {"learner"}
    for key, token in ((taken, None), (taken, "another"), (Credentials(ana.access_key_id, "x"), None)):
        with pytest.raises(ClientError):
            client(embedded, "sts", key, token=token).get_caller_identity()
    iam.delete_access_key(UserName="ana", AccessKeyId=ana.access_key_id)
    with pytest.raises(ClientError):
        client(embedded, "sqs", ana).list_queues()


SHOW = """
import os, boto3
def handler(event, context):
    boto3.client("sqs").list_queues()
    url = boto3.client("s3").generate_presigned_url("get_object", {"Bucket": "signed", "Key": "of-function"})
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {"key": [os.environ[name] for name in names], "url": url}
"""


def invoked(embedded, name, event=None):
    answer = client(embedded, "lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    return json.load(answer["Payload"])


def create(embedded, name, source):
    client(embedded, "lambda").create_function(
        FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="lambda_function.handler",
        Code={"ZipFile": zipped(source)},
    )  # fmt: skip


def test_function_has_a_key_of_its_own_that_ends_with_its_process(embedded):
    for name in ("first", "second"):
        create(embedded, name, SHOW)
    shown = {name: invoked(embedded, name) for name in ("first", "second")}
    key, secret, token = shown["first"]["key"]
    assert secret not in (embedded.learner.secret_access_key, shown["second"]["key"][1])
    number = embedded.calls()[-1].number
    client(embedded, "sqs", Credentials(key, secret), token=token).list_queues()
    assert [call.caller for call in embedded.calls(since=number)] == ["function first"]
    client(embedded, "s3").put_object(Bucket="signed", Key="of-function", Body=b"read")
    assert send(embedded, "GET", shown["first"]["url"].removeprefix(embedded.endpoint)) == (200, b"read")
    for wrong in ("second", shown["second"]["key"][2], f"{token}x", None):
        with pytest.raises(ClientError):
            client(embedded, "sqs", Credentials(key, secret), token=wrong).list_queues()
    client(embedded, "lambda").update_function_code(FunctionName="first", ZipFile=zipped(SHOW + "# other"))
    assert invoked(embedded, "first")["key"][2] != token
    old = client(embedded, "sqs", Credentials(key, secret), token=token)
    wait_until(lambda: is_refused(old.list_queues))  # Lambda may be a moment behind with its first process's end.


def is_refused(call):
    try:
        call()
    except ClientError:
        return True
    return False


def test_nothing_in_a_call_but_its_signature_says_who_makes_it(embedded):
    learner = client(embedded, "sqs", user_agent="lab-harness", token="lab-harness")
    number = embedded.calls()[-1].number
    learner.list_queues()
    send(embedded, "GET", "/_aws/execute-api/nowhere/x", {"User-Agent": "lab-harness"})
    assert {call.caller for call in embedded.calls(since=number)} == {"learner"}


ECHO = "def handler(event, context): return {'statusCode': 200, 'body': __import__('json').dumps(event['headers'])}"


def test_function_behind_a_url_cannot_tell_the_checks_request_from_anybodys(embedded, monkeypatch):
    create(embedded, "echo", ECHO)
    url = client(embedded, "lambda").create_function_url_config(FunctionName="echo", AuthType="NONE")["FunctionUrl"]
    path = urlsplit(url).path
    monkeypatch.setattr("lab_harness.authors.http.CLIENTS", (URLLIB3,))
    mine = json.loads(Clients(embedded)["http"].request("GET", path).text)
    anybodys = urllib3.request("GET", f"{embedded.endpoint}{path}", timeout=PATIENCE).json()
    each = "x-amzn-trace-id"  # is another for each request, whoever sends it
    assert mine | {each: ""} == anybodys | {each: ""}
    token = read_process(embedded.home / "emulator.json").token
    assert token not in str(mine)
    assert not [name for name in mine if name.startswith("x-lab")]


def test_link_to_a_functions_code_cannot_be_guessed_or_used_for_another(embedded):
    lambda_ = client(embedded, "lambda")
    create(embedded, "downloaded", "secret = 'of the learner'")
    create(embedded, "another", "secret = 'another'")
    layer = lambda_.publish_layer_version(LayerName="deps", Content={"ZipFile": zipped("layer = 1")})["Content"]
    for url in (lambda_.get_function(FunctionName="downloaded")["Code"]["Location"], layer["Location"]):
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            assert zipfile.ZipFile(io.BytesIO(answer.read())).namelist() == ["lambda_function.py"]
        path, _, query = url.partition(embedded.endpoint.rpartition(":")[2])[2].partition("?")
        for other in (
            path,
            f"{path}?{query[:-1]}",
            f"{path.replace('downloaded', 'another')}x?{query}",
            f"{path}/?{query}",
        ):
            assert send(embedded, "GET", other)[0] == 403
        assert send(embedded, "DELETE", f"{path}?{query}")[0] == 403


def test_link_to_a_layer_is_signed_anew_by_each_emulator_that_tells_of_it(tmp_path):
    emulator = Embedded(tmp_path / "lab", free_port())
    emulator.start()
    try:
        client(emulator, "lambda").publish_layer_version(LayerName="deps", Content={"ZipFile": zipped("layer = 1")})
        emulator.stop()
        emulator.start()
        for name in ("deps", "arn:aws:lambda:us-east-1:000000000000:layer:deps"):
            told = client(emulator, "lambda").get_layer_version(LayerName=name, VersionNumber=1)
            with urllib.request.urlopen(told["Content"]["Location"], timeout=PATIENCE) as answer:
                assert zipfile.ZipFile(io.BytesIO(answer.read())).namelist() == ["lambda_function.py"]
    finally:
        emulator.stop()


@pytest.mark.parametrize("words", [["s3", "mb", "s3://by-cli"], ["sqs", "create-queue", "--queue-name", "by-cli"]])
def test_aws_cli_is_the_learner(embedded, words):
    number = embedded.calls()[-1].number
    aws_cli(Clients(embedded), *words)
    assert {call.caller for call in embedded.calls(since=number)} == {"learner"}


def test_administrator_of_another_account_needs_the_same_secret(embedded):
    other = Credentials("111111111111", embedded.learner.secret_access_key)
    assert client(embedded, "sts", other).get_caller_identity()["Account"] == "111111111111"
    with pytest.raises(ClientError):
        client(embedded, "sts", Credentials("111111111111", "test")).get_caller_identity()


def test_users_of_an_application_sign_up_without_a_key_but_list_nothing(embedded):
    cognito = client(embedded, "cognito-idp")
    pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    application = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app")["UserPoolClient"]["ClientId"]
    anybody = client(embedded, "cognito-idp", signature_version=UNSIGNED)
    anybody.sign_up(ClientId=application, Username="ana", Password="Secret-123")
    with urllib.request.urlopen(f"{embedded.endpoint}/{pool}/.well-known/jwks.json", timeout=PATIENCE) as answer:
        assert "keys" in json.load(answer)
    with pytest.raises(ClientError) as caught:
        anybody.list_users(UserPoolId=pool)
    assert ADVICE in str(caught.value)


def test_nobody_is_given_a_key_without_having_one(embedded):
    for service, ask in (
        ("sts", lambda made: made.assume_role_with_web_identity(
            RoleArn=ROLE, RoleSessionName="stranger", WebIdentityToken="token")),
        ("sts", lambda made: made.assume_role_with_saml(
            RoleArn=ROLE, PrincipalArn="arn:aws:iam::000000000000:saml-provider/p", SAMLAssertion="abcd")),
    ):  # fmt: skip
        with pytest.raises(ClientError) as caught:
            ask(client(embedded, service, STRANGER))
        assert ADVICE in str(caught.value)


@pytest.mark.parametrize("key_id", ["", "test", "000000000000", "\u0661" * 12, "\uff11" * 12, "test ", "AKIA", "None"])
@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_no_key_id_makes_do_with_a_secret_that_everybody_knows(embedded, key_id, version):
    for secret in ("test", "None"):
        s3 = client(embedded, "s3", Credentials("placeholder", secret), signature_version=version)
        s3._request_signer._credentials.access_key = key_id
        url = s3.generate_presigned_url("get_object", {"Bucket": "signed", "Key": "late"})
        assert send(embedded, "GET", url.removeprefix(embedded.endpoint))[0] in (400, 403)


def test_call_that_was_signed_long_ago_is_refused(embedded, monkeypatch):
    import datetime

    from botocore import auth

    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: past)
    with pytest.raises(ClientError) as caught:
        client(embedded, "sqs").list_queues()
    assert "Signature expired" in str(caught.value)


def test_link_that_is_to_last_longer_than_a_week_is_told_so_as_by_aws(embedded):
    s3 = client(embedded, "s3", signature_version="s3v4")
    url = s3.generate_presigned_url("get_object", {"Bucket": "signed", "Key": "late"}, ExpiresIn=8 * 86_400)
    status, body = send(embedded, "GET", url.removeprefix(embedded.endpoint))
    assert (status, b"<Code>AuthorizationQueryParametersError</Code>" in body) == (400, True)
    assert b"must be less than 604800 seconds" in body


def test_keys_are_compared_in_constant_time_and_not_shown():
    learner = Credentials("test", "a-secret")
    assert "a-secret" not in repr(learner)
    assert [key.caller for key in Keys(learner, Credentials("test", "b")).find("test", "")] == ["learner", "checks"]


@pytest.mark.parametrize("query", ["a=1&a=2&b=", "x=%2B+%20&y=%C3%A4", "empty", quote("ß=&")])
def test_odd_query_strings_are_signed_as_they_are(embedded, query):
    from botocore.auth import S3SigV4Auth

    key = embedded.learner
    frozen = boto3.Session(key.access_key_id, key.secret_access_key).get_credentials().get_frozen_credentials()
    request = AWSRequest("GET", f"{embedded.endpoint}/signed?{query}".replace("+", "%20"))
    S3SigV4Auth(frozen, "s3", "us-east-1").add_auth(request)
    sent = request.prepare()
    headers = dict(sent.headers.items())
    assert send(embedded, "GET", sent.url.removeprefix(embedded.endpoint), headers)[0] == 200


ANSWERS = """
import json, urllib.request
def handler(event, context):
    told = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({**told, "Status": "SUCCESS", "PhysicalResourceId": "made", "Data": {"said": "hello"}}).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT"))
"""


def test_custom_resource_of_cloudformation_answers_at_its_one_time_address(embedded):
    create(embedded, "custom", ANSWERS)
    arn = client(embedded, "lambda").get_function(FunctionName="custom")["Configuration"]["FunctionArn"]
    template = {
        "Resources": {"Mine": {"Type": "Custom::Mine", "Properties": {"ServiceToken": arn}}},
        "Outputs": {"Said": {"Value": {"Fn::GetAtt": ["Mine", "said"]}}},
    }
    formation = client(embedded, "cloudformation")
    formation.create_stack(StackName="custom", TemplateBody=json.dumps(template))
    formation.get_waiter("stack_create_complete").wait(StackName="custom", WaiterConfig={"Delay": 1})
    [stack] = formation.describe_stacks(StackName="custom")["Stacks"]
    assert stack["Outputs"][0]["OutputValue"] == "hello"


def upgrade(embedded, path, **headers):
    """The status of a WebSocket's handshake."""
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    return send(embedded, "GET", path, asked | {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} | headers)[0]


def test_websocket_opens_an_api_for_programs_and_own_pages_and_nothing_else(embedded):
    gateway = client(embedded, "apigatewayv2")
    api = gateway.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")[
        "ApiId"
    ]
    gateway.create_stage(ApiId=api, StageName="live", AutoDeploy=True)
    path, port = f"/_aws/execute-api/{api}/live", urlsplit(embedded.endpoint).port
    assert upgrade(embedded, path) == 101
    assert upgrade(embedded, path, Origin=f"http://site.s3-website.localhost:{port}") == 101
    assert upgrade(embedded, path, Origin="https://evil.example") == 403
    assert upgrade(embedded, "/") == 403
    url_of_function = f"{'a' * 32}.lambda-url.iot.us-east-1.localhost"
    for host in ("iot.us-east-1.localhost", "a.iot.us-east-1.s3-website.localhost", url_of_function):
        for path in ("/", "/health"):
            assert upgrade(embedded, path, Host=f"{host}:{port}", **{"Sec-WebSocket-Protocol": "mqtt"}) == 403


def test_messages_to_a_websockets_clients_are_sent_by_who_has_a_key(embedded):
    endpoint = f"{embedded.endpoint}/_aws/execute-api/0a1b2c3d/live"
    for key, expected in ((None, "GoneException"), (STRANGER, "InvalidSignatureException")):
        sender = client(embedded, "apigatewaymanagementapi", key, endpoint=endpoint)
        with pytest.raises(ClientError) as caught:
            sender.post_to_connection(ConnectionId="abc=", Data=b"hello")
        assert code(caught) == expected
