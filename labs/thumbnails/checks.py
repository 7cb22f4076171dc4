"""Checks for the lab thumbnails: what an upload sets going, and what the clock does."""

from lab_harness.authors import (
    Failure,
    check,
    customers,
    expect,
    functions,
    items,
    no_clock,
    no_witness,
    policies,
    queues,
    standard_checks,
)

from .probes import BUCKET, DEPLOY, FAILED, IN, MAKE, PAGE, TABLE, TIDY, layers, nights, pages, photos, uploads
from .probes.nights import SCHEDULE

ROLES = [f"{name}-role" for name in (MAKE, PAGE, TIDY)]
LAYER, STARTER = "pillow", "start-tidy-photos-role"
BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
RUN_GIVEN = "Run the cell of section 1 that is given; it may run again."
TABLE_ARN, FAILED_ARN = policies.arn("dynamodb", f"table/{TABLE}"), policies.arn("sqs", FAILED)
WRITE_ACTIONS = ("dynamodb:PutItem", "dynamodb:UpdateItem")
NEEDED = {
    ROLES[0]: [
        ("s3:GetObject", f"{BUCKET_ARN}/in/photo"),
        ("s3:PutObject", f"{BUCKET_ARN}/out/photo"),
        (WRITE_ACTIONS, TABLE_ARN),
        ("sqs:SendMessage", FAILED_ARN),
    ],
    ROLES[1]: [("s3:PutObject", f"{BUCKET_ARN}/in/photo"), ("s3:GetObject", f"{BUCKET_ARN}/out/photo")],
    ROLES[2]: [("s3:ListBucket", BUCKET_ARN), ("s3:DeleteObject", f"{BUCKET_ARN}/in/photo")],
}


@check("The bucket exists", task="given")
def bucket_exists(s3):
    expect.bucket(s3, BUCKET, RUN_GIVEN)


table_exists = standard_checks.table_exists(TABLE, "key", RUN_GIVEN, task="given")


queue_exists = standard_checks.queue_exists(FAILED, RUN_GIVEN, task="given")


@check("The roles of the three functions exist", task="given")
def roles_exist(iam):
    expect.exists(iam, "roles", ROLES, RUN_GIVEN)


@check("The roles let Lambda do the functions' work", task="given", needs=roles_exist)
def roles_allow_the_work(iam, logs):
    for name, role in zip((MAKE, PAGE, TIDY), ROLES, strict=True):
        expect.trust(iam, role, "lambda.amazonaws.com")
        expect.permissions(iam, role, [*NEEDED[role], *functions.log_permissions(logs, name)], RUN_GIVEN)


@check("The layer pillow exists", task="layer")
def layer_exists(lambda_):
    expect.layer(lambda_, LAYER, "Section 2 names publish_layer_version.")


@check("The layer has Pillow, where Python looks for it", task="layer", needs=layer_exists)
def layer_has_pillow(lambda_, http):
    layers.expect_pillow(lambda_, http, LAYER)


@check("The function make-thumbnail exists", task="function")
def function_exists(lambda_):
    expect.function(lambda_, MAKE, "Run the cell below the handler's, which creates it.")


function_uses_role = standard_checks.function_uses_role(
    MAKE, ROLES[0], task="function", needs=(function_exists, roles_exist)
)


@check("The function uses the layer, which is for its Python", task="function",
       needs=(function_exists, layer_has_pillow))  # fmt: skip
def function_has_the_layer(lambda_, http):
    layers.expect_attached(lambda_, http, LAYER, MAKE)


READY = (function_exists, function_has_the_layer, bucket_exists, table_exists, roles_allow_the_work, function_uses_role)


@check("A photo becomes a thumbnail, its longest side 128", task="handler", needs=READY)
def photo_becomes_a_thumbnail(s3, lambda_, dynamodb, logs):
    chance = customers.chance
    wide = chance.randrange(200, 500), chance.randrange(130, 190)
    for size in customers.shuffled([wide, wide[::-1], (chance.randrange(60, 120), chance.randrange(40, 128))]):
        key, photo = photos.new_key(s3), photos.picture(*size)
        with photos.uploaded(s3, dynamodb, key, photo):
            made = uploads.thumbnail_made((s3, lambda_, logs), key, photo, f"Section 3 says what it writes. {DEPLOY}")
            photos.expect_size(made, key, size, "Image.thumbnail keeps the proportions, and enlarges nothing.")
            photos.expect_likeness(made, key, photo)


@check("Names with spaces and umlauts are understood", task="handler", needs=photo_becomes_a_thumbnail)
def odd_names_are_understood(s3, lambda_, dynamodb, logs):
    key, photo = photos.new_key(s3, odd=True), photos.picture(40, 30)
    with photos.uploaded(s3, dynamodb, key, photo):
        next_step = "In its events S3 writes names as in a form's URL: unquote_plus of urllib.parse reads them."
        uploads.thumbnail_made((s3, lambda_, logs), key, photo, next_step, about_key=True)


@check("The photo is noted with size and hash", task="handler", needs=photo_becomes_a_thumbnail)
def photo_is_noted(s3, lambda_, dynamodb, logs, witness=no_witness):
    moment, size = witness.moment(), (customers.chance.randrange(130, 400), customers.chance.randrange(130, 400))
    key, photo = photos.new_key(s3, odd=True), photos.picture(*size)
    with photos.uploaded(s3, dynamodb, key, photo):
        uploads.thumbnail_made((s3, lambda_, logs), key, photo, DEPLOY)
        photos.expect_row(dynamodb, photos.row_of(key, photo, size))
        expect.written_by(witness, MAKE, TABLE, key, moment, "The handler itself notes the photo.")


@check("The same upload twice gives one row", task="handler", needs=photo_is_noted)
def same_photo_is_noted_once(s3, lambda_, dynamodb, logs):
    key, photo = photos.new_key(s3), photos.picture(150, 140)
    with photos.uploaded(s3, dynamodb, key, photo):
        uploads.thumbnail_made((s3, lambda_, logs), key, photo, DEPLOY)
        photos.expect_row(dynamodb, photos.row_of(key, photo, (150, 140)))
        again = functions.invoke(lambda_, MAKE, uploads.event_of(key, photo))
        rows = photos.rows_of(dynamodb, photo)
        if again.error or len(rows) != 1:
            raise Failure(
                expected=f"one row for {key} when its event comes a second time",
                found=again.described()
                if again.error
                else f"{len(rows)} rows: {'; '.join(map(items.described, rows))}",
                next_step="Events come at least once: what the handler does twice must give the same.",
                there=True,
            )


@check("S3 may start it for this bucket, and no other", task="notification", needs=(function_exists, bucket_exists))
def s3_may_start_it(lambda_):
    next_step = "Section 4 names add_permission: who may, and in SourceArn for which bucket."
    expect.invocation(lambda_, MAKE, "s3.amazonaws.com", [BUCKET_ARN], BUCKET, next_step)


@check("What is uploaded below in/ starts it", task="notification", needs=(s3_may_start_it, function_exists))
def uploads_start_it(s3, lambda_):
    arn = functions.arn(lambda_, MAKE)
    for event in uploads.CREATED:
        expect.notification(s3, BUCKET, arn, "Section 4 says of which events and keys S3 is to tell.", event, IN)


@check("What it writes itself starts nothing", task="notification", needs=uploads_start_it)
def thumbnails_start_nothing(s3):
    uploads.expect_no_loop(s3)


@check("An upload becomes a thumbnail by itself", task="notification",
       needs=(thumbnails_start_nothing, photo_is_noted))  # fmt: skip
def upload_becomes_a_thumbnail(s3, lambda_, dynamodb, logs, witness=no_witness):
    moment = witness.moment()
    key, photo = photos.new_key(s3), photos.picture(200, 150)
    with photos.uploaded(s3, dynamodb, key, photo):
        uploads.thumbnail_made((s3, lambda_, logs), key, photo, DEPLOY)
        photos.expect_row(dynamodb, photos.row_of(key, photo, (200, 150)))
        expect.started_by(witness, MAKE, key, "checks", moment, "Section 4 says what starts the function.")


@check("What is no image ends in thumbnail-failed", task="dead_letters",
       needs=(upload_becomes_a_thumbnail, queue_exists))  # fmt: skip
def failures_are_kept(s3, lambda_, dynamodb, sqs, logs, witness=no_witness, clock=no_clock):
    found = (lambda_.get_function_configuration(FunctionName=MAKE).get("DeadLetterConfig") or {}).get("TargetArn", "")
    if found != queues.arn(sqs, FAILED):
        raise Failure(
            expected=f"a DeadLetterConfig of {MAKE} with the TargetArn {queues.arn(sqs, FAILED)}",
            found=found or "no DeadLetterConfig",
            next_step="It is a setting of the function's: update_function_configuration.",
        )
    if witness.runs(MAKE) is not None:  # elsewhere Lambda tries again after minutes
        uploads.expect_dead_letter((s3, lambda_, dynamodb, sqs, logs), clock)


@check("The page has a URL, and answers", task="page", needs=roles_allow_the_work)
def page_answers(lambda_, http, logs):
    expect.function(lambda_, PAGE, "Run the cell of section 5 that deploys the page.")
    pages.expect_page(http, pages.page_url(lambda_), logs)


@check("Pages may send photos to the bucket", task="page", needs=bucket_exists)
def pages_may_upload(s3):
    pages.expect_cors(s3)


@check("/links signs a link for a photo and its thumbnail", task="links", needs=page_answers)
def links_are_signed(lambda_, http, logs):
    pages.expect_links(http, pages.page_url(lambda_), logs)


@check("By these links a photo goes up, and comes back small", task="links",
       needs=(links_are_signed, upload_becomes_a_thumbnail))  # fmt: skip
def links_upload_and_show(s3, lambda_, dynamodb, http, logs):
    pages.expect_upload_by_link((s3, lambda_, dynamodb, logs), http)


@check("Each time the links are for another photo", task="links", needs=links_are_signed)
def links_are_new(lambda_, http, logs):
    pages.expect_new_links(http, pages.page_url(lambda_), logs)


@check("The function tidy-photos exists, with its role", task="tidy_function", needs=roles_exist)
def tidy_exists(lambda_, iam):
    expect.function(lambda_, TIDY, "Run the cell of section 6 that creates it.")
    expect.function_role(lambda_, iam, TIDY, ROLES[2])


@check("It removes what is older than 30 days, nothing else", task="tidy",
       needs=(tidy_exists, photo_becomes_a_thumbnail))  # fmt: skip
def old_photos_are_removed(s3, lambda_, dynamodb, logs):
    key, photo = photos.new_key(s3), photos.picture(50, 40)
    with nights.kept_originals(s3), photos.uploaded(s3, dynamodb, key, photo):
        uploads.thumbnail_made((s3, lambda_, logs), key, photo, DEPLOY)
        nights.expect_tidy(s3, lambda_, logs, key)


@check("The role start-tidy-photos-role lets Scheduler start it", task="schedule", needs=tidy_exists)
def scheduler_may_start_it(iam, lambda_):
    next_step = "Section 7 says what this role is for: who assumes it, and what it may do."
    expect.role(iam, STARTER, next_step)
    expect.trust(iam, STARTER, "scheduler.amazonaws.com")
    expect.permissions(iam, STARTER, [("lambda:InvokeFunction", functions.arn(lambda_, TIDY))], next_step)


@check("The schedule tidy-photos-nightly exists", task="schedule")
def schedule_exists(scheduler):
    expect.exists(scheduler, "schedules", [SCHEDULE], "Section 7 names create_schedule.")


@check("It is due each night at 3:00 in Lisbon", task="schedule", needs=schedule_exists)
def schedule_is_nightly(scheduler):
    nights.expect_nightly(scheduler.get_schedule(Name=SCHEDULE))


@check("It starts tidy-photos, and tells it the time", task="schedule",
       needs=(schedule_exists, scheduler_may_start_it))  # fmt: skip
def schedule_starts_tidy_photos(scheduler, lambda_, iam):
    target = scheduler.get_schedule(Name=SCHEDULE)["Target"]
    wanted = (functions.arn(lambda_, TIDY), iam.get_role(RoleName=STARTER)["Role"]["Arn"])
    expect.value("Arn and RoleArn of its target:", wanted, (target["Arn"], target["RoleArn"]), "Correct the Target.")
    nights.expect_input(target.get("Input", ""))
