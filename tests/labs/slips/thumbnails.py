"""Lab 09."""

from .mistakes import edit, policy, rebuild_table, settings
from .slip import Slip

BUCKET, TABLE, SCHEDULE = "pet-photos-000000000000", "PetPhotos", "tidy-photos-nightly"
MAKE, TIDY, STARTER = "make-thumbnail", "tidy-photos", "start-tidy-photos-role"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:"


def told_of(prefix):
    """S3 tells the function of keys that begin so."""

    def make(clients):
        rules = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
        told = {"LambdaFunctionArn": LAMBDA + MAKE, "Events": ["s3:ObjectCreated:*"], "Filter": rules}
        clients["s3"].put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": [told]}
        )

    return make


def permission(source):
    """S3's permission is for another source."""

    def make(clients):
        named = {"FunctionName": MAKE, "StatementId": "s3"}
        clients["lambda"].remove_permission(**named)
        clients["lambda"].add_permission(
            **named, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com", SourceArn=source
        )

    return make


def no_layer(clients):
    clients["lambda"].delete_layer_version(LayerName="pillow", VersionNumber=1)


def schedule(name=SCHEDULE, **target):
    """The schedule has another name, or its target other settings."""

    def make(clients):
        scheduler = clients["scheduler"]
        found = scheduler.get_schedule(Name=SCHEDULE)
        scheduler.delete_schedule(Name=SCHEDULE)
        same = {key: found[key] for key in ("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow")}
        scheduler.create_schedule(Name=name, **same, Target=found["Target"] | target)

    return make


a_small_letter = edit("thumbnails", "make_thumbnail", 'event["Records"]', 'event["records"]')
MISSPELT = '{"prefix": "in/", "time": "<aws.scheduler.scheduledtime>"}'
SLIPS = {
    "table_exists": [
        Slip("plural", rebuild_table(TABLE, "PetPhoto"), "PetPhoto is nearly PetPhotos"),
    ],
    "roles_allow_the_work": [
        Slip("out and in", policy("make-thumbnail-role", "/out/*", "/in/*"), "s3:PutObject"),
    ],
    "layer_exists": [
        Slip("forgotten", no_layer, "no layers", "publish_layer_version"),
    ],
    "function_has_the_layer": [
        Slip("another Python", settings(MAKE, Runtime="python3.9"), "whose compiled part is for"),
    ],
    "photo_becomes_a_thumbnail": [
        Slip(
            "a small letter",
            a_small_letter,
            "Nothing is called 'records'",
        ),
    ],
    "s3_may_start_it": [
        Slip("its objects", permission(f"arn:aws:s3:::{BUCKET}/*"), f"{BUCKET}/*", "SourceArn"),
    ],
    "uploads_start_it": [
        Slip("no slash", told_of("in"), "for keys in*"),
    ],
    "scheduler_may_start_it": [
        Slip("another function", policy(STARTER, TIDY, MAKE), f"{MAKE} only"),
    ],
    "schedule_exists": [
        Slip("underscores", schedule("tidy_photos_nightly"), "tidy_photos_nightly is nearly"),
    ],
    "schedule_starts_tidy_photos": [
        Slip("misspelt", schedule(Input=MISSPELT), "scheduledtime", "Section 7 names the keyword"),
    ],
}
