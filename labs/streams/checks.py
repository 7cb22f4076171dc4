"""Checks for the lab streams: records in order, what follows them, what counts them, and where they are kept."""

from lab_harness.authors import (
    check,
    customers,
    eventually,
    expect,
    functions,
    items,
    next_steps,
    no_witness,
    policies,
    queues,
    standard_checks,
)

from . import probes
from .probes import ARCHIVE, CLEAN, COUNT, LOCATIONS, MINUTES, POSITIONS, TELL, TRACK, archives

ROLE, ARCHIVE_ROLE, CHANGES = "track-role", "archive-role", "pet-changes"
FAILED, BUCKET, TOPIC, GROUP = "locations-failed", "pet-location-archive", "pet-mails", "/aws/lambda/track-pet"
FEWEST, SHARDS, WEEK, WINDOW, MOST_RETRIES, LONGEST = 2, 4, 168, 60, 2, 60
RUN_GIVEN = "Run the cell of section 1 that is given; it may run again."
STREAM_ARN = policies.arn("kinesis", f"stream/{LOCATIONS}")
READ = [(f"kinesis:{each}", STREAM_ARN) for each in ("DescribeStream", "GetShardIterator", "GetRecords")]
NEEDED = [
    *READ,
    ("dynamodb:PutItem", policies.arn("dynamodb", f"table/{POSITIONS}")),
    ("dynamodb:UpdateItem", policies.arn("dynamodb", f"table/{MINUTES}")),
    ("sqs:SendMessage", policies.arn("sqs", FAILED)),
    ("sns:Publish", policies.arn("sns", TOPIC)),
]
ARCHIVE_NEEDED = [
    *READ,
    ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/locations/object"),
    ("lambda:InvokeFunction", policies.arn("lambda", f"function:{CLEAN}")),
]

positions_exist = standard_checks.table_exists(POSITIONS, "Pet_ID", RUN_GIVEN, task="given")
minutes_exist = standard_checks.table_exists(MINUTES, "Minute", RUN_GIVEN, task="given")
queue_exists = standard_checks.queue_exists(FAILED, RUN_GIVEN, task="given")
bucket_exists = standard_checks.bucket_exists(BUCKET, RUN_GIVEN, task="given")
topic_exists = standard_checks.topic_exists(TOPIC, RUN_GIVEN, task="given")
changes_exist = standard_checks.stream_exists(CHANGES, RUN_GIVEN, task="given")
role_exists = standard_checks.role_exists(ROLE, RUN_GIVEN, task="given")
role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="given", needs=role_exists)
role_allows_the_work = standard_checks.role_permits(
    "track-role lets the functions work", ROLE, NEEDED, [TRACK, COUNT, TELL], RUN_GIVEN, task="given", needs=role_exists
)


@check("archive-role lets Firehose work", task="given")
def archive_role_allows_the_work(iam):
    expect.role(iam, ARCHIVE_ROLE, RUN_GIVEN)
    expect.trust(iam, ARCHIVE_ROLE, "firehose.amazonaws.com")
    expect.permissions(iam, ARCHIVE_ROLE, ARCHIVE_NEEDED, RUN_GIVEN)


@check("pet-locations is provisioned, with two shards or more", task="stream")
def stream_exists(kinesis):
    next_step = "Section 2 names create_stream."
    expect.exists(kinesis, "streams", [LOCATIONS], next_step)
    told = probes.described(kinesis)
    expect.value("capacity:", "PROVISIONED", told["StreamModeDetails"]["StreamMode"], f"{next_step} Delete it first.")
    found = told["OpenShardCount"]
    expect.value("open shards, at least:", FEWEST, min(found, FEWEST), "Section 4 names update_shard_count.")


@check("pet-locations has four open shards", task="reshard", needs=stream_exists)
def stream_has_four_shards(kinesis):
    next_step = "Section 4 names update_shard_count; it doubles at most."
    expect.value("open shards:", SHARDS, probes.described(kinesis)["OpenShardCount"], next_step)


@check("pet-locations keeps records for a week", task="reshard", needs=stream_exists)
def records_are_kept_for_a_week(kinesis):
    found = probes.described(kinesis)["RetentionPeriodHours"]
    next_step = "Section 4 names increase_stream_retention_period; it counts hours."
    expect.value("hours kept, at least:", WEEK, min(found, WEEK), next_step)


CREATES = "Run the cell below the handler's, which creates it."
tracker_exists = standard_checks.function_exists(TRACK, CREATES, task="tracker_function")


@check("track-pet acts with track-role", task="tracker_function", needs=(tracker_exists, role_exists))
def tracker_uses_role(lambda_, iam):
    expect.function_role(lambda_, iam, TRACK, ROLE)


TRACKING = (tracker_uses_role, role_trusts_lambda, role_allows_the_work, positions_exist)


@check("Each pet's last position is kept", task="tracker", needs=TRACKING)
def positions_are_kept(dynamodb, lambda_, witness=no_witness):
    with probes.pets(dynamodb, 2) as (cat, dog):
        moment, far = witness.moment(), customers.chance.randrange(10, 90)
        sent = probes.event([probes.at(cat, far, 5), probes.at(dog, 7, far), probes.at(cat, far + 1, 6)])
        answer = functions.invoke(lambda_, TRACK, sent)
        probes.expect_positions(dynamodb, answer, {cat: (far + 1, 6), dog: (7, far)})
        probes.expect_reported(answer, sent, None)
        expect.written_by(witness, TRACK, POSITIONS, dog, moment, "Section 5 says what the handler writes.")


@check("The first bad record is reported, and the rest not lost", task="tracker", needs=positions_are_kept)
def bad_record_is_reported(dynamodb, lambda_):
    for bad in customers.shuffled(probes.BAD):
        with probes.pets(dynamodb, 3) as (cat, dog, cow):
            sent = probes.event([probes.at(cat, 3, 4), (dog, bad.replace("PET", dog)), probes.at(cow, 5, 6)])
            answer = functions.invoke(lambda_, TRACK, sent)
            probes.expect_positions(dynamodb, answer, {cat: (3, 4)})
            probes.expect_reported(answer, sent, 1)


@check("pet-locations starts track-pet", task="mapping",
       needs=(stream_exists, tracker_exists, role_trusts_lambda, role_allows_the_work))  # fmt: skip
def stream_starts_it(kinesis, lambda_):
    arn = probes.described(kinesis)["StreamARN"]
    expect.mapping(lambda_, TRACK, arn, "Section 6 names create_event_source_mapping.")


@check("What fails is reported, halved, and given up in the end", task="mapping",
       needs=(stream_starts_it, queue_exists, bad_record_is_reported))  # fmt: skip
def failures_are_given_up(kinesis, lambda_, sqs):
    probes.expect_given_up(probes.mapping(kinesis, lambda_, TRACK), queues.arn(sqs, FAILED), MOST_RETRIES)


counter_exists = standard_checks.function_exists(COUNT, CREATES, task="window_function")


@check("count-moves acts with track-role", task="window_function", needs=(counter_exists, role_exists))
def counter_uses_role(lambda_, iam):
    expect.function_role(lambda_, iam, COUNT, ROLE)


@check("The minute's records are counted, over batches and shards", task="window",
       needs=(counter_uses_role, role_trusts_lambda, role_allows_the_work, minutes_exist))  # fmt: skip
def minutes_are_counted(dynamodb, lambda_, witness=no_witness):
    moment, minute = witness.moment(), probes.some_minute(dynamodb)
    with items.kept_items(dynamodb, MINUTES, "Minute", [minute]):
        total = 0
        for shard in range(2):
            batches = [customers.chance.randrange(2, 6) for _ in range(2)]
            total += sum(batches)
            answer = probes.window(lambda_, minute, shard, batches)
            probes.expect_moves(dynamodb, answer, minute, total)
        expect.written_by(witness, COUNT, MINUTES, minute, moment, "Section 7 says what the handler writes.")


@check("pet-locations starts count-moves, a minute at a time", task="window_mapping",
       needs=(stream_exists, minutes_are_counted))  # fmt: skip
def window_is_a_minute(kinesis, lambda_):
    how = "Section 7 names the setting; a mapping that is there can be updated."
    expect.mapping(lambda_, COUNT, probes.described(kinesis)["StreamARN"], how)
    found = probes.mapping(kinesis, lambda_, COUNT).get("TumblingWindowInSeconds", 0)
    expect.value("TumblingWindowInSeconds:", WINDOW, found, how)


cleaner_exists = standard_checks.function_exists(CLEAN, CREATES, task="clean_function")


@check("Records are cleaned, dropped, or failed", task="clean", needs=cleaner_exists)
def records_are_cleaned(lambda_):
    told, wanted = archives.collected()
    answer = functions.invoke(lambda_, CLEAN, told)
    archives.expect_cleaned(answer, told, wanted)


@check("pet-archive reads pet-locations", task="archive", needs=(stream_exists, archive_role_allows_the_work))
def archive_exists(firehose, kinesis):
    expect.names("streams of Firehose", [ARCHIVE], archives.names(firehose), "Section 8 names create_delivery_stream.")
    next_step = next_steps.build_anew("Its source", "create_delivery_stream")
    source = archives.described(firehose).get("Source", {}).get("KinesisStreamSourceDescription", {})
    found = source.get("KinesisStreamARN", "direct PUT alone")
    expect.value("its source:", probes.described(kinesis)["StreamARN"], found, next_step)
    expect.value("its role to read:", ARCHIVE_ROLE, source.get("RoleARN", "").rpartition("/")[2], next_step)


@check("pet-archive writes compressed objects by date", task="archive", needs=(archive_exists, bucket_exists))
def archive_writes_by_date(firehose):
    archives.expect_destination(firehose, BUCKET, ARCHIVE_ROLE, LONGEST)


@check("pet-archive has clean-location change the records", task="archive", needs=(archive_exists, records_are_cleaned))
def archive_is_cleaned(firehose, lambda_):
    found = [each.split(":function:")[-1].split(":")[0] for each in archives.processors(firehose)]
    next_step = "Section 8 names ProcessingConfiguration; it has to be Enabled."
    expect.value("functions that change records:", [functions.arn(lambda_, CLEAN).split(":")[-1]], found, next_step)


teller_exists = standard_checks.function_exists(TELL, "Run the cell that creates it.", task="teller_function")


@check("tell-errors acts with track-role", task="teller_function", needs=(teller_exists, role_exists))
def teller_uses_role(lambda_, iam):
    expect.function_role(lambda_, iam, TELL, ROLE)


@check("CloudWatch Logs may start tell-errors, for this log", task="subscription", needs=teller_exists)
def logs_may_start_it(lambda_):
    source = f"{policies.arn('logs', f'log-group:{GROUP}')}:*"
    next_step = "Section 9 names add_permission: who may, and in SourceArn for which log group."
    expect.invocation(lambda_, TELL, "logs.amazonaws.com", [source], GROUP, next_step)


@check("Lines with ERROR start tell-errors", task="subscription", needs=(logs_may_start_it, tracker_exists))
def errors_are_subscribed(logs, lambda_):
    found = {each["destinationArn"]: each.get("filterPattern", "") for each in probes.filters(logs, GROUP)}
    next_step = "Section 9 names put_subscription_filter."
    arn = functions.arn(lambda_, TELL)
    expect.names(f"targets of the filters of {GROUP}", [arn], list(found), next_step)
    expect.value("its pattern:", "ERROR", found[arn].strip().strip('"'), next_step)


MAILING = (errors_are_subscribed, bad_record_is_reported, stream_starts_it, teller_uses_role, topic_exists)


@check("A bad record is mailed", task="subscription", needs=MAILING)
def bad_records_are_mailed(dynamodb, lambda_, inbox, logs, witness=no_witness):
    with probes.pets(dynamodb, 1) as (pet,):
        before, moment = probes.mails_about(inbox, pet), witness.moment()
        functions.invoke(lambda_, TRACK, probes.event([(pet, "no json")]))
        eventually(lambda: probes.expect_mailed(inbox, before, logs, pet), within=probes.QUICKLY)
        next_step = f"The filter of {GROUP} starts {TELL}, and nobody else does: section 9."
        expect.started_by(witness, TELL, "awslogs", f"logs {GROUP}", moment, next_step)


@check("Changes of PetPositions go to pet-changes", task="changes", needs=(positions_exist, changes_exist))
def changes_reach_the_stream(dynamodb, kinesis):
    told = dynamodb.describe_kinesis_streaming_destination(TableName=POSITIONS)["KinesisDataStreamDestinations"]
    found = [each["StreamArn"] for each in told if each["DestinationStatus"] == "ACTIVE"]
    next_step = "Section 10 names enable_kinesis_streaming_destination."
    expect.names("streams that get the changes", [probes.described(kinesis, CHANGES)["StreamARN"]], found, next_step)
