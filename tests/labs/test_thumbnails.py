"""Tests for the lab thumbnails."""

import io
import json
import re
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from importlib.metadata import files
from zoneinfo import ZoneInfo

import pytest

from lab_harness import load_lab, run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.authors import Failure, buckets, expect, items, queues
from lab_harness.authors.witness import Witness
from tests.waiting import wait_until

from .helpers import aws_cli, configure, failure, found_alone, huge_picture, not_passed

lab = load_lab("thumbnails")
# What fails in an untouched account.
FIRST = {
    "bucket_exists",
    "table_exists",
    "queue_exists",
    "roles_exist",
    "layer_exists",
    "function_exists",
    "schedule_exists",
}
checks, photos, uploads = lab.checks, lab.checks.photos, lab.checks.uploads
RESOURCES = {each.name for each in lab.file.resources}
BUCKET, MAKE, PAGE, TIDY = checks.BUCKET, checks.MAKE, checks.PAGE, checks.TIDY
ACCOUNT = "000000000000"
ARN = "arn:aws:{}:us-east-1:000000000000:{}"
CODE = {
    name: (lab.folder / "functions" / name.replace("-", "_") / "lambda_function.py").read_text(encoding="utf-8")
    for name in (MAKE, PAGE, TIDY)
}
HTML = (lab.folder / "given" / "photo_page" / "page.html").read_text(encoding="utf-8")
RUNTIME = f"python3.{sys.version_info.minor}"


@pytest.fixture
def solved(clients):
    lab.solve(clients)
    return clients


@pytest.fixture
def quick(monkeypatch):
    """What never comes is waited for in vain; what does come has a warm function."""
    for module in (photos, uploads, checks.pages):
        monkeypatch.setattr(module, "QUICKLY", 5)


def failed(clients, *only):
    return not_passed(run_checks(lab, clients, only or None))


def deploy(clients, name, code):
    """Give a function other code, with the page beside it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("lambda_function.py", code)
        archive.writestr("page.html", HTML)
    clients["lambda"].update_function_code(FunctionName=name, ZipFile=buffer.getvalue())
    clients["lambda"].get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    if name == MAKE:  # it starts cold, which takes long on a busy machine
        clients["lambda"].invoke(FunctionName=name, Payload=b'{"Records": []}')


def changed(clients, name, *changes):
    """Deploy the right code with texts in it replaced."""
    code = CODE[name]
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    deploy(clients, name, code)


def layer(clients, names, **settings):
    """Publish a version of the layer with files of these names, and let make-thumbnail use it; its ARN."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    made = clients["lambda"].publish_layer_version(
        LayerName="pillow", Content={"ZipFile": buffer.getvalue()}, **settings
    )
    return made["LayerVersionArn"]


def notify(clients, *rules):
    """Have the bucket tell make-thumbnail of created objects, by rules of a prefix and a suffix."""
    told = [
        {
            "LambdaFunctionArn": ARN.format("lambda", f"function:{MAKE}"),
            "Events": [event],
            "Filter": {
                "Key": {"FilterRules": [{"Name": "Prefix", "Value": prefix}, {"Name": "Suffix", "Value": suffix}]}
            },
        }
        for event, prefix, suffix in rules
    ]
    clients["s3"].put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": told}
    )


def schedule(clients, **settings):
    """The schedule with other settings."""
    known = clients["scheduler"].get_schedule(Name="tidy-photos-nightly")
    kept = ("Name", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target", "State")
    clients["scheduler"].update_schedule(**{name: known[name] for name in kept} | settings)


def holds(clients):
    """What the account holds of photos: keys, rows and dead letters."""
    url = queues.url(clients["sqs"], "thumbnail-failed")
    return (
        sorted(buckets.keys(clients["s3"], BUCKET)),
        sorted(row["key"] for row in items.read_items(clients["dynamodb"], "PetPhotos")),
        queues.counts(clients["sqs"], url)["visible"],
    )


def test_solution_passes_every_check_leaves_no_trace_and_can_be_reset(solved):
    solved["s3"].put_object(Bucket=BUCKET, Key="in/My cat (1).jpg", Body=photos.picture(300, 200))
    wait_until(lambda: len(holds(solved)[0]) == 2 and holds(solved)[1])
    before = holds(solved)
    report = run_checks(lab, solved)
    assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
    assert holds(solved) == before
    assert {resource.name for resource in remove_resources(lab, solved)} == RESOURCES
    assert failed(solved) == FIRST


# Undo one thing: exactly that check fails.


def test_deleted_things_are_named(solved):
    solved["scheduler"].delete_schedule(Name="tidy-photos-nightly")
    assert found_alone(lab, solved, "schedule_exists") == "no schedules"
    solved["lambda"].delete_function(FunctionName=TIDY)
    assert "photo-page" in found_alone(lab, solved, "tidy_exists")
    solved["lambda"].delete_function(FunctionName=PAGE)
    assert MAKE in found_alone(lab, solved, "page_answers")
    solved["lambda"].delete_layer_version(LayerName="pillow", VersionNumber=1)
    assert found_alone(lab, solved, "layer_exists") == "no layers"
    solved["sqs"].delete_queue(QueueUrl=queues.url(solved["sqs"], "thumbnail-failed"))
    assert "thumbnail-failed" not in found_alone(lab, solved, "queue_exists")
    solved["lambda"].delete_function(FunctionName=MAKE)
    assert found_alone(lab, solved, "function_exists") == "no functions"


def test_roles_and_layers_that_are_wrong_and_layers_that_are_right_otherwise(solved):
    iam = solved["iam"]
    document = iam.get_role_policy(RoleName="make-thumbnail-role", PolicyName="work")["PolicyDocument"]
    narrow = json.dumps(document).replace("/in/*", "/in*ages/*")
    iam.put_role_policy(RoleName="make-thumbnail-role", PolicyName="work", PolicyDocument=narrow)
    assert "s3:GetObject" in found_alone(lab, solved, "roles_allow_the_work")
    iam.put_role_policy(RoleName="make-thumbnail-role", PolicyName="work", PolicyDocument=json.dumps(document))
    trust = json.dumps(iam.get_role(RoleName="photo-page-role")["Role"]["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(RoleName="photo-page-role", PolicyDocument=trust.replace("lambda.", "s3."))
    assert "s3.amazonaws.com" in found_alone(lab, solved, "roles_allow_the_work")

    configure(solved, MAKE, Role=f"arn:aws:iam::{ACCOUNT}:role/tidy-photos-role")
    assert "tidy-photos-role" in found_alone(lab, solved, "function_uses_role")
    for names in (["PIL/__init__.py", "PIL/_imaging.cpython-311-x86_64-linux-gnu.so"], ["python/PIL/__init__.py"]):
        layer(solved, names)
        assert names[0] in found_alone(lab, solved, "layer_has_pillow")
    arn = layer(solved, ["python/PIL/_imaging.cpython-310-x86_64-linux-gnu.so"])
    configure(solved, MAKE, Layers=[arn])
    assert "python3.10" in found_alone(lab, solved, "function_has_the_layer")
    configure(solved, MAKE, Layers=[])
    assert found_alone(lab, solved, "function_has_the_layer") == "no layers"
    for name in (
        f"python/lib/{RUNTIME}/site-packages/PIL/_imaging.abi3.so",
        f"python/PIL/_imaging.cp{RUNTIME.removeprefix('python').replace('.', '')}-win_amd64.pyd",
    ):
        configure(solved, MAKE, Layers=[layer(solved, [name])])
        assert failed(solved, "function_has_the_layer", "layer_has_pillow") == set(), name


THUMBNAIL = [
    ("LONGEST = 128", "LONGEST = 127", "127 x|x 127 "),
    ("image.thumbnail((LONGEST, LONGEST))", "image = image.resize((LONGEST, LONGEST))", "128 x 128 pixels"),
    ("small.getvalue()", "b'none'", "4 bytes that are no image"),
    ("small.getvalue()", "small.getvalue()[:-40]", "breaks off"),
    ("    small =", '    image = Image.new("RGB", image.size, "grey")\n    small =', "looks otherwise"),
    (
        "    image.thumbnail",
        "    image = image.crop((0, 0, width, height // 2)).resize((width, height))\n    image.thumbnail",
        "looks otherwise",
    ),
    ('"out/" + key.removeprefix("in/")', '"out/" + key', "AccessDenied|out/in/"),
]
ROW = [
    ('"width": {"N": str(width)}', '"width": {"S": str(width)}'),
    ("str(len(photo))", "str(len(small.getvalue()))"),
    ("hashlib.sha256(photo).hexdigest()", "hashlib.sha1(photo).hexdigest()"),
    ('"width": {"N": str(width)}', '"width": {"N": str(height)}'),
]
MADE_UP = """
    import uuid
    row = {"key": {"S": uuid.uuid4().hex}, "sha256": {"S": hashlib.sha256(photo).hexdigest()}}
    dynamodb.put_item(TableName="PetPhotos", Item=row)
"""


def test_file_that_says_it_is_a_huge_picture_is_the_learners_mistake():
    with pytest.raises(Failure, match="bytes that are no image"):
        photos.expect_size(huge_picture(), "in/cat.jpg", (400, 300), "Look.")


def test_thumbnails_and_names_that_are_wrong(solved, quick):
    for old, new, words in THUMBNAIL:
        more = [("image.format", "'PNG'")] if "image = " in new else []
        changed(solved, MAKE, (old, new), *more)
        assert re.search(words, found_alone(lab, solved, "photo_becomes_a_thumbnail")), new
    changed(solved, MAKE, ('unquote_plus(record["s3"]["object"]["key"])', 'record["s3"]["object"]["key"]'))
    assert re.search("AccessDenied|NoSuchKey", found_alone(lab, solved, "odd_names_are_understood"))


def test_rows_that_say_something_else_or_come_twice(solved, quick):
    for old, new in ROW:
        changed(solved, MAKE, (old, new))
        assert '"key": "in/' in found_alone(lab, solved, "photo_is_noted"), new
    changed(solved, MAKE, ("    small = io.BytesIO()\n", f"    small = io.BytesIO(){MADE_UP}"))
    assert re.match("[34] rows: ", found_alone(lab, solved, "same_photo_is_noted_once"))
    wait_until(lambda: holds(solved)[:2] == ([], []))


def test_notifications_of_other_keys_or_for_everybody_or_in_a_loop(solved):
    lambda_ = solved["lambda"]
    for rules in (
        [("s3:ObjectCreated:*", "", "")],
        [("s3:ObjectCreated:*", "in", "")],
        [("s3:ObjectCreated:*", "in/", ".jpg")],
        [("s3:ObjectCreated:Put", "in/", "")],
        [("s3:ObjectRemoved:*", "in/", "")],
    ):
        notify(solved, *rules)
        assert rules[0][0] in found_alone(lab, solved, "uploads_start_it"), rules
    notify(solved, ("s3:ObjectCreated:*", "in/", ""), ("s3:ObjectCreated:*", "out/", ""))
    assert "out/" in found_alone(lab, solved, "thumbnails_start_nothing")
    notify(solved)
    assert found_alone(lab, solved, "uploads_start_it") == "no notifications"
    assert failed(solved, "photo_is_noted", "odd_names_are_understood") == set()  # tried by hand then
    lambda_.remove_permission(FunctionName=MAKE, StatementId="s3")
    assert found_alone(lab, solved, "s3_may_start_it") == "no permission for s3.amazonaws.com"
    lambda_.add_permission(
        FunctionName=MAKE, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    assert found_alone(lab, solved, "s3_may_start_it") == "permission for every source"


@pytest.mark.embedded_only("LocalStack does not see who started a function")
def test_uploads_that_start_another_function_are_noticed(solved, quick):
    """Somebody invokes the right function by hand; what S3 starts is another one's doing."""
    code = f"""
import boto3, json

def lambda_handler(event, context):
    boto3.client("lambda").invoke(FunctionName="{MAKE}", Payload=json.dumps(event))
"""
    allowed = json.dumps(document(may("lambda:InvokeFunction", "*")))
    solved["iam"].put_role_policy(RoleName="tidy-photos-role", PolicyName="more", PolicyDocument=allowed)
    deploy(solved, TIDY, code)
    solved["lambda"].add_permission(
        FunctionName=TIDY, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    told = [{"LambdaFunctionArn": ARN.format("lambda", f"function:{TIDY}"), "Events": ["s3:ObjectCreated:*"],
             "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}]  # fmt: skip
    solved["s3"].put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": told}
    )
    assert TIDY in found_alone(lab, solved, "uploads_start_it")
    key, photo = photos.new_key(solved["s3"]), photos.picture(200, 150)
    moment = Witness(solved.emulator).moment()
    with photos.uploaded(solved["s3"], solved["dynamodb"], key, photo):
        buckets.awaited(solved["s3"], BUCKET, photos.thumbnail_of(key), "wait")
        told = failure(lambda: expect.started_by(Witness(solved.emulator), MAKE, key, "checks", moment, "Section 4."))
    assert TIDY in told.found


def test_failures_that_go_nowhere_or_are_hidden_or_a_function_that_is_switched_off(solved, quick):
    lambda_ = solved["lambda"]
    configure(solved, MAKE, DeadLetterConfig={"TargetArn": ""})
    assert found_alone(lab, solved, "failures_are_kept") == "no DeadLetterConfig"
    configure(solved, MAKE, DeadLetterConfig={"TargetArn": ARN.format("sqs", "thumbnail-failed")})
    if solved.emulator.name == "embedded":  # LocalStack tries again after minutes: there the setting alone is judged
        hiding = "        try:\n            make_thumbnail(bucket, key)\n        except Exception as error:\n"
        hiding += "            print(error)"
        changed(solved, MAKE, ("        make_thumbnail(bucket, key)", hiding))
        assert "cannot identify image" in found_alone(lab, solved, "failures_are_kept")
        assert holds(solved) == ([], [], 0)
        deploy(solved, MAKE, CODE[MAKE])
        lambda_.put_function_concurrency(FunctionName=MAKE, ReservedConcurrentExecutions=0)
        assert failed(solved, "upload_becomes_a_thumbnail") == {"photo_becomes_a_thumbnail"}


def test_page_and_links_that_are_wrong(solved, quick):
    lambda_, s3 = solved["lambda"], solved["s3"]
    lambda_.update_function_url_config(FunctionName=PAGE, AuthType="AWS_IAM")
    assert found_alone(lab, solved, "page_answers") == "AuthType AWS_IAM"
    lambda_.delete_function_url_config(FunctionName=PAGE)
    assert found_alone(lab, solved, "page_answers") == "no function URL"
    lambda_.create_function_url_config(FunctionName=PAGE, AuthType="NONE")
    for change, check, words in (
        (('"text/html; charset=utf-8"', '"text/plain"'), "page_answers", "text/plain: 200 <!doctype"),
        (('config=Config(signature_version="s3v4")', 'config=Config(signature_version="s3")'), "links_are_signed",
         "Signature="),
        (("VALID = 300", "VALID = 86_400"), "links_are_signed", "a link that is valid for 86400 s"),
        (("VALID = 300", "VALID = 301"), "links_are_signed", "a link that is valid for 301 s"),
        (("{uuid.uuid4().hex}.jpg", "photo.jpg"), "links_are_new", f"twice /{BUCKET}/in/photo.jpg"),
        (("dumps(links()", "dumps(links() if 'asked' not in globals() and not globals().update(asked=1) else []"),
         "links_are_new", "200 []"),
        (('"upload": s3', '"upload": "http://[" + s3'), "links_are_signed", "http://["),
        (('f"out/{name}"', 'f"in/{name}"'), "links_upload_and_show", "/in/"),
        (('"put_object", Params=upload', '"get_object", Params=upload'), "links_upload_and_show", "403"),
    ):  # fmt: skip
        changed(solved, PAGE, change)
        assert words in found_alone(lab, solved, check), change
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})
    assert '["GET"]' in found_alone(lab, solved, "pages_may_upload")
    s3.delete_bucket_cors(Bucket=BUCKET)
    assert found_alone(lab, solved, "pages_may_upload") == "no CORS configuration"


def test_wrong_tidying_is_seen_and_the_learners_photos_stay(solved, quick):
    solved["s3"].put_object(Bucket=BUCKET, Key="in/mine.jpg", Body=photos.picture(200, 100))
    wait_until(lambda: "out/mine.jpg" in holds(solved)[0])
    everything = json.dumps(document(may("s3:*", "*")))
    solved["iam"].put_role_policy(RoleName="tidy-photos-role", PolicyName="more", PolicyDocument=everything)
    for old, new, words in (
        ("timedelta(days=30)", "timedelta(days=3)", "removed"),
        ("timedelta(days=30)", "timedelta(days=31)", "still there"),
        ('photo["LastModified"] < oldest', "True", "removed"),
        ('datetime.fromisoformat(event["time"])', "datetime.now().astimezone()", "still there"),
        ('Prefix=event["prefix"]', 'Prefix=""', "removed"),
    ):
        changed(solved, TIDY, (old, new))
        assert words in found_alone(lab, solved, "old_photos_are_removed"), new
        wait_until(lambda: "in/mine.jpg" in holds(solved)[0])


def test_schedules_and_starters_that_are_wrong_and_schedules_that_are_right_otherwise(solved):
    iam = solved["iam"]
    trust = json.dumps(iam.get_role(RoleName="start-tidy-photos-role")["Role"]["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(
        RoleName="start-tidy-photos-role", PolicyDocument=trust.replace("scheduler", "events")
    )
    assert "events.amazonaws.com" in found_alone(lab, solved, "scheduler_may_start_it")
    iam.update_assume_role_policy(RoleName="start-tidy-photos-role", PolicyDocument=trust)
    iam.delete_role_policy(RoleName="start-tidy-photos-role", PolicyName="work")
    assert "lambda:InvokeFunction" in found_alone(lab, solved, "scheduler_may_start_it")
    iam.put_role_policy(
        RoleName="start-tidy-photos-role", PolicyName="work",
        PolicyDocument=json.dumps(document(may("lambda:InvokeFunction", "*"))),
    )  # fmt: skip
    for settings, words in (
        ({"ScheduleExpression": "cron(3 0 * * ? *)"}, "cron(3 0"),
        ({"ScheduleExpression": "cron(0 3 ? * MON-FRI *)"}, "MON-FRI"),
        ({"ScheduleExpression": "rate(1 day)"}, "rate(1 day)"),
        ({"ScheduleExpressionTimezone": "UTC"}, "in UTC"),
        ({"ScheduleExpressionTimezone": "Europe/London"}, "Europe/London"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}}, "FLEXIBLE"),
        ({"State": "DISABLED"}, "DISABLED"),
        ({"EndDate": datetime.now(UTC) + timedelta(days=9)}, "EndDate"),
    ):
        known = solved["scheduler"].get_schedule(Name="tidy-photos-nightly")
        schedule(solved, **settings)
        assert words in found_alone(lab, solved, "schedule_is_nightly"), settings
        schedule(solved, **{name: known[name] for name in settings if name in known})
    schedule(solved, ScheduleExpression="cron(3 0 * * ? *)")
    (told,) = [each for each in run_checks(lab, solved, ["schedule_is_nightly"]) if each.outcome == "failed"]
    assert "where your cell calls create_schedule; update_schedule changes" in told.next_step
    for text in ("cron(0 3 ? * * *)", "cron(0 3 ? * SUN-SAT *)", "cron(00 03 1-31 JAN-DEC ? *)"):
        schedule(solved, ScheduleExpression=text)
        assert failed(solved, "schedule_is_nightly") == set(), text
    schedule(solved, ScheduleExpression="cron(0 3 * * ? *)")
    target = solved["scheduler"].get_schedule(Name="tidy-photos-nightly")["Target"]
    trust = json.dumps(trusting("scheduler"))
    another = iam.create_role(RoleName="another", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for wrong, words in (
        ({"Arn": ARN.format("lambda", f"function:{MAKE}")}, MAKE),
        ({"RoleArn": another}, "role/another"),
        ({"Input": '{"prefix": "in/"}'}, 'the Input {"prefix": "in/"}'),
        ({"Input": '{"prefix": "out/", "time": "<aws.scheduler.scheduled-time>"}'}, "out/"),
        ({"Input": '{"prefix": "in/", "time": "2027-03-28T02:00:00Z"}'}, "2027"),
        ({"Input": "tidy"}, "the Input tidy"),
    ):
        schedule(solved, Target={**target, **wrong})
        assert words in found_alone(lab, solved, "schedule_starts_tidy_photos"), wrong


# Built another valid way, all pass.


def packages(folder):
    """The paths of zip archives: the layer, as `pip install --target` would leave it, and the three functions."""
    made = {name: folder / f"{name}.zip" for name in ("layer", MAKE, PAGE, TIDY)}
    with zipfile.ZipFile(made["layer"], "w") as archive:
        for file in files("pillow"):
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(file.locate(), f"python/lib/{RUNTIME}/site-packages/{file}")
    for name, code in CODE.items():
        with zipfile.ZipFile(made[name], "w") as archive:
            archive.writestr("lambda_function.py", code)
            archive.writestr("page.html", HTML)
    return made


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def may(action, resource):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def trusting(service):
    principal = {"Service": [f"{service}.amazonaws.com"]}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


LOGS = may("logs:*", "*")
WORK = {
    MAKE: [
        may(["s3:Get*", "s3:Put*"], f"arn:aws:s3:::{BUCKET}/*"),
        may("dynamodb:*Item", "*"),
        may("sqs:*", "*"),
        LOGS,
    ],
    PAGE: [may(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{BUCKET}*"), LOGS],
    TIDY: [may("s3:*", [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/in/*"]), LOGS],
}
INPUT = json.dumps({"time": "<aws.scheduler.scheduled-time>", "prefix": "in/", "by": "<aws.scheduler.schedule-arn>"})


def test_built_by_the_aws_cli_all_pass(clients, tmp_path):
    def aws(*words):
        texts = [each if isinstance(each, str) else json.dumps(each) for each in words]
        return json.loads(aws_cli(clients, *texts, "--output", "json") or "{}")

    zips = packages(tmp_path)
    aws("s3api", "create-bucket", "--bucket", BUCKET)
    aws("dynamodb", "create-table", "--table-name", "PetPhotos", "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=key,AttributeType=S", "--key-schema",
        "AttributeName=key,KeyType=HASH")  # fmt: skip
    aws("sqs", "create-queue", "--queue-name", "thumbnail-failed")
    made = aws("lambda", "publish-layer-version", "--layer-name", "pillow", "--zip-file", f"fileb://{zips['layer']}")
    for name, statements in WORK.items():
        role = f"{name}-role"
        arn = aws("iam", "create-role", "--role-name", role, "--assume-role-policy-document", trusting("lambda"))
        aws("iam", "put-role-policy", "--role-name", role, "--policy-name", "all", "--policy-document",
            document(*statements))  # fmt: skip
        more = {MAKE: ["--layers", made["LayerVersionArn"], "--dead-letter-config",
                       f"TargetArn={ARN.format('sqs', 'thumbnail-failed')}"]}  # fmt: skip
        aws("lambda", "create-function", "--function-name", name, "--runtime", RUNTIME, "--role", arn["Role"]["Arn"],
            "--handler", "lambda_function.lambda_handler", "--timeout", "15", "--zip-file", f"fileb://{zips[name]}",
            "--environment", {"Variables": {"BUCKET": BUCKET}}, *more.get(name, []))  # fmt: skip
        aws("lambda", "wait", "function-active-v2", "--function-name", name)
    aws("lambda", "add-permission", "--function-name", MAKE, "--statement-id", "bucket", "--principal",
        "s3.amazonaws.com", "--action", "lambda:InvokeFunction", "--source-arn", f"arn:aws:s3:::{BUCKET}")  # fmt: skip
    rules = [
        {
            "LambdaFunctionArn": ARN.format("lambda", f"function:{MAKE}"),
            "Events": [event],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
        }
        for event in (*uploads.CREATED, "s3:ObjectCreated:Copy")
    ]
    aws("s3api", "put-bucket-notification-configuration", "--bucket", BUCKET, "--notification-configuration",
        {"LambdaFunctionConfigurations": rules})  # fmt: skip
    aws("lambda", "create-function-url-config", "--function-name", PAGE, "--auth-type", "NONE")
    aws("lambda", "add-permission", "--function-name", PAGE, "--statement-id", "url", "--action",
        "lambda:InvokeFunctionUrl", "--principal", "*", "--function-url-auth-type", "NONE")  # fmt: skip
    aws("lambda", "add-permission", "--function-name", PAGE, "--statement-id", "all", "--action",
        "lambda:InvokeFunction", "--principal", "*")  # fmt: skip
    cors = [{"AllowedOrigins": ["*"], "AllowedMethods": [method], "AllowedHeaders": ["*"]} for method in ("GET", "PUT")]
    aws("s3api", "put-bucket-cors", "--bucket", BUCKET, "--cors-configuration", {"CORSRules": cors})
    starter = aws("iam", "create-role", "--role-name", "start-tidy-photos-role", "--assume-role-policy-document",
                  trusting("scheduler"))["Role"]["Arn"]  # fmt: skip
    aws("iam", "put-role-policy", "--role-name", "start-tidy-photos-role", "--policy-name", "start",
        "--policy-document", document(may("lambda:Invoke*", ARN.format("lambda", "function:tidy-*"))))  # fmt: skip
    target = {"Arn": ARN.format("lambda", f"function:{TIDY}"), "RoleArn": starter, "Input": INPUT}
    aws("scheduler", "create-schedule", "--name", "tidy-photos-nightly", "--schedule-expression", "cron(0 3 ? * * *)",
        "--schedule-expression-timezone", "Europe/Lisbon", "--flexible-time-window", "Mode=OFF", "--target",
        target)  # fmt: skip
    assert failed(clients) == set()


def test_built_by_cloudformation_all_pass(clients, tmp_path):
    s3, formation = clients["s3"], clients["cloudformation"]
    s3.create_bucket(Bucket="code")
    for name, path in packages(tmp_path).items():
        s3.put_object(Bucket="code", Key=name, Body=path.read_bytes())

    def of(kind, **properties):
        return {"Type": f"AWS::{kind}", "Properties": properties}

    def arn(name):
        return {"Fn::GetAtt": [name, "Arn"]}

    def role(name, service, statements):
        policy = {"PolicyName": "all", "PolicyDocument": document(*statements)}
        return of("IAM::Role", RoleName=name, AssumeRolePolicyDocument=trusting(service), Policies=[policy])

    def function(name, **settings):
        return of(
            "Lambda::Function", FunctionName=name, Runtime=RUNTIME, Handler="lambda_function.lambda_handler",
            Role=arn(f"Role{name.replace('-', '')}"), Code={"S3Bucket": "code", "S3Key": name}, Timeout=15,
            Environment={"Variables": {"BUCKET": BUCKET}}, **settings,
        )  # fmt: skip

    lets_in = of(
        "Lambda::Permission", FunctionName=arn("Make"), Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{BUCKET}", SourceAccount=ACCOUNT,
    )  # fmt: skip
    rule = {
        "Event": "s3:ObjectCreated:*",
        "Function": arn("Make"),
        "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}]}},
    }
    cors = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"]}
    parts = {
        "Table": of(
            "DynamoDB::Table", TableName="PetPhotos", BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        ),
        "Failed": of("SQS::Queue", QueueName="thumbnail-failed"),
        "Layer": of("Lambda::LayerVersion", LayerName="pillow", Content={"S3Bucket": "code", "S3Key": "layer"}),
        **{f"Role{name.replace('-', '')}": role(f"{name}-role", "lambda", work) for name, work in WORK.items()},
        "Make": function(MAKE, Layers=[{"Ref": "Layer"}], DeadLetterConfig={"TargetArn": arn("Failed")}),
        "Page": function(PAGE),
        "Tidy": function(TIDY),
        "LetsIn": lets_in,
        "Bucket": {
            **of(
                "S3::Bucket", BucketName=BUCKET, CorsConfiguration={"CorsRules": [cors]},
                NotificationConfiguration={"LambdaConfigurations": [rule]},
            ),
            "DependsOn": ["LetsIn"],
        },
        "Url": of("Lambda::Url", TargetFunctionArn=arn("Page"), AuthType="NONE"),
        "UrlPublic": of(
            "Lambda::Permission", FunctionName=arn("Page"), Action="lambda:InvokeFunctionUrl", Principal="*",
            FunctionUrlAuthType="NONE",
        ),
        "Public": of("Lambda::Permission", FunctionName=arn("Page"), Action="lambda:InvokeFunction", Principal="*"),
        "Starter": role("start-tidy-photos-role", "scheduler", [may("lambda:InvokeFunction", arn("Tidy"))]),
        "Nightly": of(
            "Scheduler::Schedule", Name="tidy-photos-nightly", ScheduleExpression="cron(0 3 * * ? *)",
            ScheduleExpressionTimezone="Europe/Lisbon", FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn("Tidy"), "RoleArn": arn("Starter"), "Input": INPUT},
        ),
    }  # fmt: skip
    formation.create_stack(
        StackName="photos", TemplateBody=json.dumps({"Resources": parts}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    formation.get_waiter("stack_create_complete").wait(
        StackName="photos", WaiterConfig={"Delay": 0.2, "MaxAttempts": 300}
    )
    try:
        assert failed(clients) == set()
    finally:
        formation.delete_stack(StackName="photos")


# What the clock and a browser set going.


@pytest.mark.embedded_only("time is not moved there")
def test_sixty_nights_remove_a_photo_once_and_keep_their_hour_in_lisbon(solved):
    lisbon = ZoneInfo("Europe/Lisbon")
    solved["s3"].put_object(Bucket=BUCKET, Key="in/cat.jpg", Body=photos.picture(200, 100))
    wait_until(lambda: "out/cat.jpg" in holds(solved)[0])
    list(solved.emulator.advance(60 * 86_400.0))
    lines = wait_until(lambda: (found := nights(solved)) and len(found) == 60 and found)
    assert {moment.astimezone(lisbon).hour for moment, _ in lines} == {3}
    assert [removed for _, removed in lines].count("1") == 1
    assert holds(solved)[0] == ["out/cat.jpg"]


def nights(clients):
    """When tidy-photos was started, and how many photos it removed."""
    found = [re.search(r"at (\S+) removed (\d+)", line) for run in clients.emulator.runs(TIDY) for line in run.lines]
    return [(datetime.fromisoformat(match[1]), match[2]) for match in found if match]


def test_photo_goes_up_from_the_page_and_its_thumbnail_appears(solved, page):
    url = solved["lambda"].get_function_url_config(FunctionName=PAGE)["FunctionUrl"]
    page.goto(url)
    page.get_by_label("Choose a photo").set_input_files(
        {"name": "Kätzchen.jpg", "mimeType": "image/jpeg", "buffer": photos.picture(400, 300)}
    )
    image = page.get_by_role("img", name="the thumbnail of your photo")
    image.wait_for()
    assert image.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [128, 96]
    assert "Here is your thumbnail." in page.get_by_role("status").inner_text()
