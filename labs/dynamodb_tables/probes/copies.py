"""How a table is kept, copied and ranked: indexes, expiry, recovery, exports and imports."""

import csv
import io

from lab_harness.authors import Failure, buckets, expect, items, next_steps

from . import SCORES, described


def expect_index(dynamodb, name, key):
    """A global index of GameScores has this key, and is ready."""
    told = described(dynamodb)
    indexes = {each["IndexName"]: each for each in told.get("GlobalSecondaryIndexes", [])}
    expect.names("global secondary indexes", [name], list(indexes), "Section 3 names update_table, or create_table.")
    types = {each["AttributeName"]: each["AttributeType"] for each in told["AttributeDefinitions"]}
    parts = [(each["AttributeName"], each["KeyType"]) for each in indexes[name]["KeySchema"]]
    found = ", ".join(f"{part} ({kind}, {types.get(part, '?')})" for part, kind in parts)
    expect.value(f"the key of {name}", key, found, next_steps.build_anew("An index's key", "update_table"))
    copied = (indexes[name].get("Projection") or {}).get("ProjectionType", "ALL")
    expect.value(f"{name} projects", "ALL", copied, next_steps.build_anew("What an index projects", "update_table"))
    status = indexes[name].get("IndexStatus", "ACTIVE")
    expect.value(f"{name} is", "ACTIVE", status, "An index is filled before it is ACTIVE: look again in a moment.")


def recovery(dynamodb):
    """The status of a table's point-in-time recovery."""
    told = dynamodb.describe_continuous_backups(TableName=SCORES)["ContinuousBackupsDescription"]
    return told.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")


def expiry(dynamodb):
    """The attribute by which a table's items expire, or none."""
    told = dynamodb.describe_time_to_live(TableName=SCORES)["TimeToLiveDescription"]
    return told.get("AttributeName") if told["TimeToLiveStatus"] in ("ENABLED", "ENABLING") else "none"


def scores(dynamodb, table, known=int):
    """The scores of a table's items by player and game; `known` is the type that counts."""
    return {
        (each["User_ID"], each["Game_ID"]): each["Score"]
        for each in items.read_items(dynamodb, table)
        if isinstance(each.get("Score"), known)
    }


def expect_unspoilt(now, then, next_step):
    """What an update has set to 0 has a score in the restored table, and nothing there is 0."""
    spoilt = [key for key, score in now.items() if score == 0 and not then.get(key)]
    for player, game in [*spoilt, *(key for key, score in then.items() if score == 0)][:1]:
        raise Failure(
            expected=f"the score of {player} in {game} as it was before the update set it to 0",
            found=f"a score of {then[player, game]}" if (player, game) in then else "no such item",
            next_step=next_step,
            there=True,
        )


def exports(dynamodb, arn):
    """The exports of a table, as DescribeExport tells of them."""
    found = dynamodb.list_exports(TableArn=arn)["ExportSummaries"]
    return [dynamodb.describe_export(ExportArn=each["ExportArn"])["ExportDescription"] for each in found]


def imports(dynamodb, arn):
    """The imports to a table, as DescribeImport tells of them."""
    found = dynamodb.list_imports(TableArn=arn)["ImportSummaryList"]
    return [dynamodb.describe_import(ImportArn=each["ImportArn"])["ImportTableDescription"] for each in found]


def rows(s3, bucket):
    """The scores of the CSV, as they are imported: by player and game, as texts."""
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="seasons/").get("Contents", [])
    found = {}
    for each in listed:
        text = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode(errors="replace")
        for line in csv.DictReader(io.StringIO(text)):
            if line.get("User_ID") and line.get("Game_ID") and line.get("Score"):
                found[line["User_ID"], line["Game_ID"]] = line["Score"]
    return found


def told(imports):
    """What became of imports, with why one failed."""
    each = [f"{one['ImportStatus']} {one.get('FailureMessage', '')}".strip() for one in imports]
    return "; ".join(each) or "no import to this table"


def expect_export(dynamodb, s3, bucket):
    """The bucket has a complete export of GameScores."""
    found = exports(dynamodb, items.table_arn(dynamodb, SCORES))
    whole = [each for each in found if each["S3Bucket"] == bucket and each["ExportStatus"] == "COMPLETED"]
    if not any(each.get("ExportManifest") in buckets.keys(s3, bucket) for each in whole):
        raise Failure(
            expected=f"an export of {SCORES} to {bucket} that is COMPLETED, with its manifest there",
            found=", ".join(f"{each['ExportStatus']} to {each['S3Bucket']}" for each in found) or "no export",
            next_step="Section 9 names export_table_to_point_in_time; describe_export tells how far it is.",
            there=bool(found),
        )


def expect_import(dynamodb, s3, table, bucket, next_step):
    """The table was imported from the bucket's CSV, with all of its rows."""
    wanted, there = rows(s3, bucket), scores(dynamodb, table, known=str)
    missing = [" ".join(key) for key in wanted if wanted[key] != there.get(key)]
    found = imports(dynamodb, items.table_arn(dynamodb, table))
    if missing or not any(each["ImportStatus"] == "COMPLETED" for each in found):
        raise Failure(
            expected=f"a complete import to {table}, with all rows of seasons/last.csv",
            found=told(found) + (f"; missing: {', '.join(missing)}" if missing else ""),
            next_step=next_step,
            there=True,
        )
