"""Tests for the resources that calls need a permission on: those that the service finds by them, and no others."""

import base64
import json
from urllib.parse import quote

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.emulators.inside.permissions.authorization.test_calls import clients, denied, role, user
from tests.labs.helpers import zipped
from tests.roles import policy

__all__ = ["clients"]  # the fixture

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
VAULT, OPEN = ARN.format("dynamodb", "table/vault"), ARN.format("dynamodb", "table/open")
FUNCTION = ARN.format("lambda", "function:hello")
RESTORING = ("PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "BatchWriteItem")
BY_PATH = Config(s3={"addressing_style": "path"})
SELECT, ROW = "SELECT * FROM \"{}\" WHERE id = '1'", {"id": {"S": "1"}}


def create_tables(clients):
    for name in ("vault", "open"):
        clients["dynamodb"].create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )  # fmt: skip
        clients["dynamodb"].put_item(TableName=name, Item=ROW)


def kept_out(call, action, resource, **given):
    """A call is refused for want of this permission on this resource."""
    words = denied(call, **given)[2]
    assert f"not authorized to perform: {action} on resource: {resource} " in words, words


def of(ana, service, embedded):
    return ana.client(service, endpoint_url=embedded.endpoint)


@pytest.mark.parametrize(
    ("given", "resource"),
    [
        ({"FunctionName": "hello"}, FUNCTION),
        ({"FunctionName": "hello", "Qualifier": "live"}, f"{FUNCTION}:live"),
        ({"FunctionName": "hello:live"}, f"{FUNCTION}:live"),
        ({"FunctionName": FUNCTION, "Qualifier": "1"}, f"{FUNCTION}:1"),
        ({"FunctionName": f"{FUNCTION}:live"}, f"{FUNCTION}:live"),
    ],
)
def test_version_or_alias_is_part_of_a_functions_resource(clients, embedded, given, resource):
    lambda_ = of(user(clients, embedded), "lambda", embedded)
    kept_out(lambda_.invoke, "lambda:InvokeFunction", resource, **given)
    kept_out(lambda_.get_function, "lambda:GetFunction", resource, **given)


def test_alias_that_is_denied_is_not_called_by_way_of_its_function(clients, embedded):
    clients["lambda"].create_function(
        FunctionName="hello", Runtime="python3.13", Handler="lambda_function.lambda_handler",
        Role=role(clients, "worker"), Code={"ZipFile": zipped("def lambda_handler(event, context): return 1")},
    )  # fmt: skip
    clients["lambda"].publish_version(FunctionName="hello")
    clients["lambda"].create_alias(FunctionName="hello", Name="live", FunctionVersion="1")
    statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [FUNCTION, f"{FUNCTION}:*"]}
    deny = statement | {"Effect": "Deny", "Resource": f"{FUNCTION}:live"}
    lambda_ = of(user(clients, embedded, statement, deny), "lambda", embedded)
    assert lambda_.invoke(FunctionName="hello", Qualifier="1")["StatusCode"] == 200
    kept_out(lambda_.invoke, "lambda:InvokeFunction", f"{FUNCTION}:live", FunctionName="hello", Qualifier="live")


def test_version_of_a_layer_is_its_resource(clients, embedded):
    lambda_ = of(user(clients, embedded), "lambda", embedded)
    layer = ARN.format("lambda", "layer:pillow:3")
    kept_out(lambda_.get_layer_version, "lambda:GetLayerVersion", layer, LayerName="pillow", VersionNumber=3)


@pytest.mark.parametrize(
    ("statement", "action", "resource"),
    [
        (SELECT.format("vault"), "PartiQLSelect", VAULT),
        ("select id from vault", "PartiQLSelect", VAULT),
        (SELECT.format('vault"."by-name'), "PartiQLSelect", f"{VAULT}/index/by-name"),
        ("INSERT INTO \"vault\" VALUE {'id': '2'}", "PartiQLInsert", VAULT),
        ("UPDATE \"vault\" SET n = 1 WHERE id = '1'", "PartiQLUpdate", VAULT),
        ("DELETE FROM \"vault\" WHERE id = '1'", "PartiQLDelete", VAULT),
    ],
)
def test_statement_of_partiql_needs_a_permission_on_its_table(clients, embedded, statement, action, resource):
    dynamodb = of(user(clients, embedded), "dynamodb", embedded)
    kept_out(dynamodb.execute_statement, f"dynamodb:{action}", resource, Statement=statement)
    both = [{"Statement": "SELECT * FROM \"open\" WHERE id = '1'"}, {"Statement": statement}]
    allow_open = {"Effect": "Allow", "Action": "dynamodb:PartiQL*", "Resource": OPEN}
    dynamodb = of(user(clients, embedded, allow_open, name="ben"), "dynamodb", embedded)
    kept_out(dynamodb.batch_execute_statement, f"dynamodb:{action}", resource, Statements=both)
    kept_out(dynamodb.execute_transaction, f"dynamodb:{action}", resource, TransactStatements=both)


def test_who_may_read_by_partiql_reads_that_table_until_it_is_taken_back(clients, embedded):
    create_tables(clients)
    may = {"Effect": "Allow", "Action": "dynamodb:PartiQLSelect", "Resource": OPEN}
    dynamodb = of(user(clients, embedded, may), "dynamodb", embedded)
    assert dynamodb.execute_statement(Statement=SELECT.format("open"))["Items"] == [ROW]
    assert dynamodb.batch_execute_statement(Statements=[{"Statement": SELECT.format("open")}])["Responses"]
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="given")
    kept_out(dynamodb.execute_statement, "dynamodb:PartiQLSelect", OPEN, Statement=SELECT.format("open"))


def test_records_of_a_stream_are_read_only_by_who_may_read_that_stream(clients, embedded):
    create_tables(clients)
    streams = {
        name: clients["dynamodb"].describe_table(TableName=name)["Table"]["LatestStreamArn"]
        for name in ("vault", "open")
    }
    may = {"Effect": "Allow", "Action": "dynamodb:Get*", "Resource": f"{OPEN}/stream/*"}
    ana = of(user(clients, embedded, may), "dynamodbstreams", embedded)
    kept_out(ana.describe_stream, "dynamodb:DescribeStream", streams["open"], StreamArn=streams["open"])
    shard = {"ShardId": "shardId-00000000000000000000-00000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = ana.get_shard_iterator(StreamArn=streams["open"], **shard)["ShardIterator"]
    assert len(ana.get_records(ShardIterator=iterator)["Records"]) == 1
    kept_out(ana.get_shard_iterator, "dynamodb:GetShardIterator", streams["vault"], StreamArn=streams["vault"], **shard)
    told = json.loads(base64.urlsafe_b64decode(iterator)) | {"t": "vault"}
    for forged in (told | {"arn": streams["vault"]}, {key: value for key, value in told.items() if key != "arn"}):
        iterator = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode()
        assert "table/vault/stream/" in denied(ana.get_records, ShardIterator=iterator)[2]


def test_records_of_kinesis_are_read_only_by_who_may_read_that_stream(clients, embedded):
    clients["kinesis"].create_stream(StreamName="clicks", ShardCount=1)
    shard = clients["kinesis"].describe_stream(StreamName="clicks")["StreamDescription"]["Shards"][0]["ShardId"]
    asked = {"StreamName": "clicks", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    stream = ARN.format("kinesis", "stream/clicks")
    may = {"Effect": "Allow", "Action": "kinesis:Get*", "Resource": stream}
    ana = of(user(clients, embedded, may), "kinesis", embedded)
    iterator = ana.get_shard_iterator(**asked)["ShardIterator"]
    assert ana.get_records(ShardIterator=iterator)["Records"] == []
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="given")
    kept_out(ana.get_records, "kinesis:GetRecords", stream, ShardIterator=iterator)


@pytest.mark.parametrize(
    ("call", "given", "resource"),
    [
        ("export_table_to_point_in_time", {"TableArn": VAULT, "S3Bucket": "mine"}, VAULT),
        ("restore_table_to_point_in_time", {"SourceTableName": "vault", "TargetTableName": "mine"}, VAULT),
        ("restore_table_to_point_in_time", {"SourceTableArn": VAULT, "TargetTableName": "mine"}, VAULT),
        ("describe_backup", {"BackupArn": f"{VAULT}/backup/1"}, f"{VAULT}/backup/1"),
        ("list_tags_of_resource", {"ResourceArn": VAULT}, VAULT),
    ],
)
def test_table_may_be_named_by_another_parameter(clients, embedded, call, given, resource):
    dynamodb = of(user(clients, embedded), "dynamodb", embedded)
    action = f"dynamodb:{''.join(map(str.title, call.split('_')))}"
    kept_out(getattr(dynamodb, call), action, resource, **given)


def test_queue_is_the_one_that_sqs_finds_by_the_url(clients, embedded):
    vault = clients["sqs"].create_queue(QueueName="vault")["QueueUrl"]
    opened = clients["sqs"].create_queue(QueueName="open")["QueueUrl"]
    may = {"Effect": "Allow", "Action": "sqs:*", "Resource": ARN.format("sqs", "open")}
    sqs = of(user(clients, embedded, may), "sqs", embedded)
    assert "Messages" not in sqs.receive_message(QueueUrl=opened)
    for url in (vault, "vault", f"{vault}?or=/000000000000/open", f"{vault}#/open", f"{vault}/"):
        kept_out(sqs.receive_message, "sqs:receivemessage", ARN.format("sqs", "vault"), QueueUrl=url)


def test_parameter_that_a_form_has_in_other_words_than_the_url_is_refused(clients, embedded):
    topics = [clients["sns"].create_topic(Name=name)["TopicArn"] for name in ("vault", "open")]
    may = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topics[1]}
    sns = of(user(clients, embedded, may), "sns", embedded)

    def beside(params, **_):
        params["url"] += f"?TopicArn={quote(topics[1], safe='')}"

    sns.meta.events.register("before-call.sns.Publish", beside)
    with pytest.raises(ClientError, match="one parameter twice"):
        sns.publish(TopicArn=topics[0], Message="hello")
    assert sns.publish(TopicArn=topics[1], Message="hello")["MessageId"]


def test_log_group_may_be_named_by_its_identifier_or_in_a_query(clients, embedded):
    arn = ARN.format("logs", "log-group:{}")
    for name in ("/open", "/vault"):
        clients["logs"].create_log_group(logGroupName=name)
        clients["logs"].create_log_stream(logGroupName=name, logStreamName="s")
    may = {"Effect": "Allow", "Action": "logs:*", "Resource": [arn.format("/open"), arn.format("/open:*")]}
    logs = of(user(clients, embedded, may), "logs", embedded)
    query = {"startTime": 0, "endTime": 1, "queryString": "fields @message"}
    assert logs.get_log_events(logGroupIdentifier=arn.format("/open"), logStreamName="s")["events"] == []
    assert logs.start_query(logGroupNames=["/open"], **query)["queryId"]
    for names in ({"logGroupNames": ["/vault"]}, {"logGroupNames": ["/open", "/vault"]}, {"logGroupName": "/vault"}):
        assert "logs:StartQuery" in denied(logs.start_query, **names, **query)[2]
    vault = {"logGroupIdentifier": arn.format("/vault"), "logStreamName": "s"}
    kept_out(logs.get_log_events, "logs:GetLogEvents", arn.format("/vault:log-stream:s"), **vault)
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="given")
    assert "logs:StartQuery" in denied(logs.start_query, logGroupNames=["/open"], **query)[2]


def test_object_with_tags_needs_the_permission_to_tag_it(clients, embedded):
    clients["s3"].create_bucket(Bucket="photos")
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::photos/*"}
    s3 = of(user(clients, embedded, put), "s3", embedded)
    s3.put_object(Bucket="photos", Key="cat")
    tagged = {"Bucket": "photos", "Key": "cat", "Tagging": "pet=cat"}
    assert "s3:PutObjectTagging" in denied(s3.put_object, **tagged)[2]
    both = {**put, "Action": ["s3:PutObject", "s3:PutObjectTagging"]}
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(both))
    s3.put_object(**tagged)
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(put))
    assert "s3:PutObjectTagging" in denied(s3.put_object, **tagged)[2]


def test_object_with_an_access_list_needs_the_permission_to_give_it_one(clients, embedded):
    clients["s3"].create_bucket(Bucket="photos")
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::photos/*"}
    s3 = of(user(clients, embedded, put), "s3", embedded)
    listed = {"Bucket": "photos", "Key": "cat", "ACL": "bucket-owner-full-control"}
    assert "s3:PutObjectAcl" in denied(s3.put_object, **listed)[2]
    both = {**put, "Action": ["s3:PutObject", "s3:PutObjectAcl"]}
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(both))
    s3.put_object(**listed)


def test_who_restores_a_table_may_write_the_new_one(clients, embedded):
    create_tables(clients)
    kept = clients["dynamodb"].create_backup(TableName="vault", BackupName="kept")["BackupDetails"]["BackupArn"]
    new, asked = ARN.format("dynamodb", "table/new"), {"BackupArn": kept, "TargetTableName": "new"}
    allowed = [("RestoreTableFromBackup", kept)]
    dynamodb = of(user(clients, embedded), "dynamodb", embedded)
    for each in ("RestoreTableFromBackup", *RESTORING):
        statements = [{"Effect": "Allow", "Action": f"dynamodb:{name}", "Resource": on} for name, on in allowed]
        clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(*statements))
        kept_out(dynamodb.restore_table_from_backup, f"dynamodb:{each}", new, **asked)
        allowed.append((each, new))
    statements = [{"Effect": "Allow", "Action": f"dynamodb:{name}", "Resource": on} for name, on in allowed]
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(*statements))
    dynamodb.restore_table_from_backup(**asked)


def test_query_of_several_log_groups_is_not_judged_by_one_of_them(clients, embedded):
    for name in ("vault", "open"):
        clients["logs"].create_log_group(logGroupName=name)
    statement = {"Effect": "Allow", "Action": "logs:*", "Resource": ARN.format("logs", "log-group:open:*")}
    logs = of(user(clients, embedded, statement), "logs", embedded)
    query = {"startTime": 0, "endTime": 9999999999, "queryString": "fields @message"}
    assert logs.start_query(logGroupName="open", **query)["queryId"]
    assert logs.start_query(logGroupNames=["open"], **query)["queryId"]
    for more in ({"logGroupNames": ["vault"]}, {"logGroupIdentifiers": ["vault"]}):
        kept_out(logs.start_query, "logs:StartQuery", r"*", logGroupName="open", **more, **query)


@pytest.mark.parametrize("key", ["/open/cat", "open//cat", "//open/cat"])
def test_slashes_are_a_part_of_an_objects_name(clients, embedded, key):
    s3 = clients["s3"]
    s3.create_bucket(Bucket="photos")
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::photos/open/cat"}
    hers = user(clients, embedded, statement).client("s3", endpoint_url=embedded.endpoint, config=BY_PATH)
    kept_out(hers.put_object, "s3:PutObject", f'"arn:aws:s3:::photos/{key}"', Bucket="photos", Key=key, Body=b"x")
    assert hers.put_object(Bucket="photos", Key="open/cat", Body=b"x")["ETag"]
    clients["iam"].put_user_policy(
        UserName="ana",
        PolicyName="given",
        PolicyDocument=policy({**statement, "Resource": f"arn:aws:s3:::photos/{key}"}),
    )
    assert hers.put_object(Bucket="photos", Key=key, Body=b"x")["ETag"]
