"""Lab 09."""

import io
import zipfile

from .mistakes import (
    LABS,
    both,
    detach,
    edit,
    other_role,
    policy,
    rebuild_table,
    rename_function,
    rename_queue,
    rename_role,
    replaced,
    settings,
    trust,
)
from .slip import Slip

BUCKET, TABLE, SCHEDULE, FAILED = "pet-photos-000000000000", "PetPhotos", "tidy-photos-nightly", "thumbnail-failed"
MAKE, PAGE, TIDY, STARTER = "make-thumbnail", "photo-page", "tidy-photos", "start-tidy-photos-role"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:"
ROLE = "arn:aws:iam::000000000000:role/"
LOGGING = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
COMPILED = "PIL/_imaging.cpython-313-x86_64-linux-gnu.so"


def told_of(*prefixes, event="s3:ObjectCreated:*"):
    """S3 tells the function of such events of keys that begin so; without prefixes of none."""

    def make(clients):
        told = [
            {
                "LambdaFunctionArn": LAMBDA + MAKE,
                "Events": [event],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
            }
            for prefix in prefixes
        ]
        clients["s3"].put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": told}
        )

    return make


def permission(source=None, principal="s3.amazonaws.com"):
    """S3's permission is for another source, or another's; without a source it was forgotten."""

    def make(clients):
        named = {"FunctionName": MAKE, "StatementId": "s3"}
        clients["lambda"].remove_permission(**named)
        if source:
            clients["lambda"].add_permission(
                **named, Action="lambda:InvokeFunction", Principal=principal, SourceArn=source
            )

    return make


def packed(files):
    """An archive of files: what is in each, by its name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def no_layer(clients):
    clients["lambda"].delete_layer_version(LayerName="pillow", VersionNumber=1)


def layer(*names, called="pillow"):
    """A newer layer has these files alone."""
    content = {"ZipFile": packed(dict.fromkeys(names, ""))}
    return lambda clients: clients["lambda"].publish_layer_version(LayerName=called, Content=content)


def no_bucket(clients):
    s3 = clients["s3"]
    for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=each["Key"])
    s3.delete_bucket(Bucket=BUCKET)


def cors(**rule):
    """The bucket has another rule for pages; with nothing it was forgotten."""

    def make(clients):
        clients["s3"].delete_bucket_cors(Bucket=BUCKET)
        if rule:
            rules = {"AllowedOrigins": ["*"], "AllowedMethods": ["PUT", "GET"], **rule}
            clients["s3"].put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rules]})

    return make


def page(old, new):
    """The page's function, with its page beside it, has one thing otherwise."""
    handler = (LABS / "thumbnails/functions/photo_page/lambda_function.py").read_text(encoding="utf-8")
    html = (LABS / "thumbnails/given/photo_page/page.html").read_text(encoding="utf-8")
    archive = packed({"lambda_function.py": replaced(handler, old, new), "page.html": html})

    def make(clients):
        clients["lambda"].update_function_code(FunctionName=PAGE, ZipFile=archive)
        clients["lambda"].get_waiter("function_updated_v2").wait(FunctionName=PAGE, WaiterConfig={"Delay": 0.1})

    return make


def url(**changed):
    """The page's URL is another; with nothing there is none."""

    def make(clients):
        if changed:
            clients["lambda"].update_function_url_config(FunctionName=PAGE, **changed)
        else:
            clients["lambda"].delete_function_url_config(FunctionName=PAGE)

    return make


def schedule(name=SCHEDULE, target=(), **changed):
    """The schedule has another name or other settings, or its target has; without a name it was forgotten."""

    def make(clients):
        scheduler = clients["scheduler"]
        found = scheduler.get_schedule(Name=SCHEDULE)
        scheduler.delete_schedule(Name=SCHEDULE)
        if name:
            kept = ("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow")
            same = {key: found[key] for key in kept} | changed
            scheduler.create_schedule(Name=name, **same, Target=found["Target"] | dict(target))

    return make


def handler(old, new):
    return edit("thumbnails", "make_thumbnail", old, new)


def tidy(old, new):
    return edit("thumbnails", "tidy_photos", old, new)


MISSPELT = '{"prefix": "in/", "time": "<aws.scheduler.scheduledtime>"}'
NOW = '{"prefix": "in/", "time": "2026-12-01T03:00:00Z"}'
BY_PAGE = f"arn:aws:s3:::{BUCKET}"
SLIPS = {
    "bucket_exists": [
        Slip("not run", no_bucket, "no buckets", "Run the cell of section 1"),
    ],
    "table_exists": [
        Slip("plural", rebuild_table(TABLE, "PetPhoto"), "PetPhoto is nearly PetPhotos"),
        Slip("capital", rebuild_table(TABLE, rename=str.title), "the key Key (HASH, S)"),
        Slip("a number", rebuild_table(TABLE, kind="N"), "the key key (HASH, N)"),
    ],
    "queue_exists": [
        Slip("underscore", rename_queue(FAILED, "thumbnail_failed"), "thumbnail_failed is nearly thumbnail-failed"),
        Slip("not run", rename_queue(FAILED), "no queues", "Run the cell of section 1"),
    ],
    "roles_exist": [
        Slip("underscores", rename_role("photo-page-role", "photo_page_role"), "photo_page_role is nearly"),
        Slip("deleted", rename_role("photo-page-role"), "Run the cell of section 1"),
    ],
    "roles_allow_the_work": [
        Slip("out and in", policy("make-thumbnail-role", "/out/*", "/in/*"), "s3:PutObject"),
        Slip("no log", detach("tidy-photos-role", LOGGING), "logs:PutLogEvents"),
        Slip("another service", trust("photo-page-role", "lambda.", "s3."), "s3.amazonaws.com", "lambda.amazonaws.com"),
    ],
    "layer_exists": [
        Slip("forgotten", no_layer, "no layers", "publish_layer_version"),
        Slip("capital", both(layer("python/x", called="Pillow"), no_layer), "Pillow is nearly pillow"),
    ],
    "layer_has_pillow": [
        Slip("no folder python", layer("PIL/__init__.py", COMPILED), "PIL/__init__.py", "in which folder"),
        Slip("the folder around it", layer(f"layer/python/{COMPILED}"), "layer/python/PIL", "in which folder"),
        Slip(
            "no compiled part",
            layer("python/PIL/__init__.py"),
            "python/PIL/__init__.py",
            "the compiled part, PIL/_imaging…, is missing",
            never=["in which folder"],
        ),
    ],
    "function_exists": [
        Slip("underscore", rename_function(MAKE, "make_thumbnail"), "make_thumbnail is nearly make-thumbnail"),
        Slip("not run", rename_function(MAKE), "Run the cell below the handler's"),
    ],
    "function_uses_role": [
        Slip("another function's", settings(MAKE, Role=f"{ROLE}photo-page-role"), "photo-page-role", "Correct Role"),
        Slip("nearly this role", other_role(MAKE, "make-thumbnails-role"), "make-thumbnails-role", "Correct Role"),
    ],
    "function_has_the_layer": [
        Slip("another Python", settings(MAKE, Runtime="python3.9"), "whose compiled part is for"),
        Slip("forgotten", settings(MAKE, Layers=[]), "no layers", "Layers of update_function_configuration"),
    ],
    "photo_becomes_a_thumbnail": [
        Slip("a small letter", handler('event["Records"]', 'event["records"]'), "Nothing is called 'records'"),
        Slip("too small", handler("LONGEST = 128", "LONGEST = 100"), "100", "Image.thumbnail"),
    ],
    "same_photo_is_noted_once": [
        Slip(
            "refused the second time",
            handler(
                'TableName="PetPhotos",',
                'TableName="PetPhotos", ConditionExpression="attribute_not_exists(#k)",'
                ' ExpressionAttributeNames={"#k": "key"},',
            ),
            "ConditionalCheckFailed",
            "what the handler does twice must give the same",
        ),
    ],
    "s3_may_start_it": [
        Slip("its objects", permission(f"{BY_PAGE}/*"), f"{BUCKET}/*", "SourceArn"),
        Slip("forgotten", permission(), "no permission for s3.amazonaws.com", "Section 4 names add_permission"),
        Slip("another service", permission(BY_PAGE, "sns.amazonaws.com"), "no permission for s3.amazonaws.com"),
    ],
    "uploads_start_it": [
        Slip("no slash", told_of("in"), "for keys in*"),
        Slip("removed ones", told_of("in/", event="s3:ObjectRemoved:*"), "s3:ObjectRemoved:*", "of which events"),
        Slip("forgotten", told_of(), "no notifications", "Section 4 says"),
    ],
    "thumbnails_start_nothing": [
        Slip("what it writes, too", told_of("in/", "out/"), "of keys out/*", "it would start itself"),
    ],
    "failures_are_kept": [
        Slip("forgotten", settings(MAKE, DeadLetterConfig={"TargetArn": ""}), "no DeadLetterConfig", "update_function"),
    ],
    "page_answers": [
        Slip("no URL", url(), "no function URL", "Run the cell of section 5"),
        Slip("for signed requests", url(AuthType="AWS_IAM"), "AuthType AWS_IAM"),
        Slip("another name", rename_function(PAGE, "photo_page"), "photo_page is nearly photo-page"),
    ],
    "pages_may_upload": [
        Slip("forgotten", cors(), "no CORS configuration", "Run the cell of section 5"),
        Slip("only shown", cors(AllowedMethods=["GET"], AllowedHeaders=["*"]), '"AllowedMethods": ["GET"]'),
        Slip("no header", cors(AllowedHeaders=[]), '"AllowedMethods": ["PUT", "GET"]'),
    ],
    "links_are_signed": [
        Slip("an hour", page("VALID = 300", "VALID = 3600"), "3600 s", "ExpiresIn"),
        Slip("another name", page('"upload": s3', '"put": s3'), "this one has put, thumbnail"),
        Slip("misspelt", page('"put_object"', '"putobject"'), "502"),
    ],
    "links_upload_and_show": [
        Slip("to read", page('"put_object"', '"get_object"'), "403", "for which operation it is signed"),
        Slip("two names", page('"Key": f"out/{name}"', '"Key": f"out/x{name}"'), "sign both for the same name"),
        Slip("beside in/", page('f"in/{name}"', 'f"photos/{name}"'), "/photos/", "is out/NAME"),
    ],
    "links_are_new": [
        Slip("always one", page('f"{uuid.uuid4().hex}.jpg"', '"photo.jpg"'), "twice", "as by uuid4"),
    ],
    "tidy_exists": [
        Slip("underscore", rename_function(TIDY, "tidy_photos"), "tidy_photos is nearly tidy-photos"),
        Slip("another role", settings(TIDY, Role=f"{ROLE}{MAKE}-role"), f"{MAKE}-role", "Correct Role"),
        Slip("not run", rename_function(TIDY), "Run the cell of section 6"),
    ],
    "old_photos_are_removed": [
        Slip("three days", tidy("days=30", "days=3"), "removed", "less 30 days"),
        Slip("the new ones", tidy("< oldest", "> oldest"), "removed", "Compare LastModified"),
        Slip("for ever", tidy("days=30", "days=300"), "still there", "Compare LastModified"),
    ],
    "scheduler_may_start_it": [
        Slip("another function", policy(STARTER, TIDY, MAKE), f"{MAKE} only"),
        Slip("for Lambda", trust(STARTER, "scheduler.", "lambda."), "this is for scheduler.amazonaws.com"),
        Slip("for rules", trust(STARTER, "scheduler.", "events."), "this is for scheduler.amazonaws.com"),
    ],
    "schedule_exists": [
        Slip("underscores", schedule("tidy_photos_nightly"), "tidy_photos_nightly is nearly"),
        Slip("a letter is missing", schedule("tidy-photo-nightly"), "tidy-photo-nightly is nearly"),
        Slip("forgotten", schedule(None), "no schedules", "create_schedule"),
    ],
    "schedule_is_nightly": [
        Slip("in UTC", schedule(ScheduleExpressionTimezone="UTC"), "in UTC"),
        Slip("afternoon", schedule(ScheduleExpression="cron(0 15 * * ? *)"), "cron(0 15 * * ? *)"),
        Slip("each hour's 3rd minute", schedule(ScheduleExpression="cron(3 * * * ? *)"), "cron(3 * * * ? *)"),
    ],
    "schedule_starts_tidy_photos": [
        Slip("misspelt", schedule(target={"Input": MISSPELT}), "scheduledtime", "Section 7 names the keyword"),
        Slip("a fixed time", schedule(target={"Input": NOW}), "2026-12-01", "Section 7 names the keyword"),
        Slip("another function", schedule(target={"Arn": LAMBDA + MAKE}), MAKE, "Correct the Target"),
    ],
}
