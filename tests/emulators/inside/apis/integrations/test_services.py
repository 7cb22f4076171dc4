"""Tests for integrations with AWS's services on the embedded emulator: each does it, as its role and no further."""

import json

import pytest

from tests.emulators.inside.apis.integrations.test_integrations import Api, template
from tests.roles import policy, role, trust
from tests.waiting import wait_until

FORM = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}
ACCOUNT = "us-east-1:000000000000"


@pytest.fixture
def api(clients, embedded):
    return Api(clients, embedded.endpoint)


def allowing(clients, action, resource):
    """The ARN of a role of API Gateway's that allows this."""
    return role(
        clients, "gateway", {"Effect": "Allow", "Action": action, "Resource": resource}, services=["apigateway"]
    )


def service(uri, credentials, text, **more):
    """An integration with a service whose request this template makes."""
    return {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:us-east-1:{uri}",
        "credentials": credentials,
        "requestTemplates": {"application/json": text},
        **more,
    }


def test_execution_is_started(clients, api):
    states = clients["stepfunctions"]
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})
    machine = states.create_state_machine(name="stay", definition=definition, roleArn=role(clients, "machine"))
    arn = machine["stateMachineArn"]
    text = f"""{{"stateMachineArn": "{arn}", "input": "$util.escapeJavaScript($input.json('$'))"}}"""
    given = allowing(clients, "states:StartExecution", arn)
    api.serve(service("states:action/StartExecution", given, text), {"statusCode": "200"})
    answer = api.post('{"pet": "Rex"}').json()
    wait_until(lambda: states.describe_execution(executionArn=answer["executionArn"])["status"] == "SUCCEEDED")
    assert json.loads(states.describe_execution(executionArn=answer["executionArn"])["input"]) == {"pet": "Rex"}


def test_record_is_put_into_a_stream(clients, api):
    kinesis = clients["kinesis"]
    kinesis.create_stream(StreamName="visits", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="visits", WaiterConfig={"Delay": 0.1})
    given = allowing(clients, "kinesis:PutRecord", f"arn:aws:kinesis:{ACCOUNT}:stream/visits")
    text = """{"StreamName": "visits", "Data": "$util.base64Encode($input.json('$'))",
               "PartitionKey": "$input.params('id')"}"""
    api.serve(service("kinesis:action/PutRecord", given, text), template("""{"shard": $input.json('$.ShardId')}"""))
    assert api.post('{"pet": "Rex"}').json() == {"shard": "shardId-000000000000"}
    shard = {"StreamName": "visits", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**shard)["ShardIterator"]
    (record,) = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert (json.loads(record["Data"]), record["PartitionKey"]) == ({"pet": "Rex"}, "7")


def test_items_are_written_and_read(clients, api):
    dynamodb = clients["dynamodb"]
    keys = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    dynamodb.create_table(TableName="Pets", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=attributes, **keys)
    given = allowing(clients, ["dynamodb:PutItem", "dynamodb:Scan"], f"arn:aws:dynamodb:{ACCOUNT}:table/Pets")
    put = (
        """{"TableName": "Pets", "Item": {"id": {"S": "$input.params('id')"}, "name": {"S": $input.json('$.name')}}}"""
    )
    api.serve(service("dynamodb:action/PutItem", given, put), {"statusCode": "200"})
    assert [api.post(json.dumps({"name": name}), f"/pets/{name}").status for name in ("Rex", "Tom")] == [200, 200]
    listed = """[#foreach($pet in $input.path('$.Items'))"$pet.name.S"#if($foreach.hasNext),#end#end]"""
    api.serve(service("dynamodb:action/Scan", given, '{"TableName": "Pets"}'), template(listed))
    assert sorted(api.post().json()) == ["Rex", "Tom"]


def test_message_is_sent_to_a_queue_and_published_to_a_topic(clients, api):
    sqs, sns = clients["sqs"], clients["sns"]
    url, topic = sqs.create_queue(QueueName="pets")["QueueUrl"], sns.create_topic(Name="pets")["TopicArn"]
    send = allowing(clients, "sqs:SendMessage", f"arn:aws:sqs:{ACCOUNT}:pets")
    text = "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
    answer = """{"id": $input.json('$.SendMessageResponse.SendMessageResult.MessageId')}"""
    path = "sqs:path/000000000000/pets"
    api.serve(service(path, send, text, requestParameters=FORM), template(answer))
    sent = api.post('{"a": "b&c"}').json()["id"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent, '{"a": "b&c"}')
    api.serve(service(path, send, text), template("", "403", selectionPattern="403"), {"statusCode": "200"})
    assert api.post().status == 403  # a form that is called JSON names no action
    policy_of_role = policy({"Effect": "Allow", "Action": "sns:Publish", "Resource": topic})
    clients["iam"].put_role_policy(RoleName="gateway", PolicyName="publish", PolicyDocument=policy_of_role)
    given = {"TopicArn": f"'{topic}'", "Message": "method.request.body.text"}
    named = {f"integration.request.querystring.{name}": source for name, source in given.items()}
    answer = """{"id": $input.json('$.PublishResponse.PublishResult.MessageId')}"""
    api.serve(service("sns:action/Publish", send, "", requestParameters=named), template(answer))
    assert len(api.post('{"text": "Hello"}').json()["id"]) == 36


def test_event_is_put_and_object_is_read_by_a_mapped_path(clients, api):
    bus = f"arn:aws:events:{ACCOUNT}:event-bus/default"
    given = allowing(clients, "events:PutEvents", bus)
    text = """{"Entries": [{"Source": "hotel", "DetailType": "booked",
               "Detail": "$util.escapeJavaScript($input.json('$'))"}]}"""
    api.serve(service("events:action/PutEvents", given, text), template("$input.json('$.FailedEntryCount')"))
    assert api.post('{"a": 1}').json() == 0
    clients["s3"].create_bucket(Bucket="hotel")
    clients["s3"].put_object(Bucket="hotel", Key="7", Body=b"Rex")
    read = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::hotel/*"})
    clients["iam"].put_role_policy(RoleName="gateway", PolicyName="read", PolicyDocument=read)
    mapped = {"integration.request.path.key": "method.request.path.id"}
    integration = service("s3:path/hotel/{key}", given, "", requestParameters=mapped)
    missing = template("none", "404", selectionPattern="403")  # S3 tells nobody who may not list the bucket
    api.serve({**integration, "integrationHttpMethod": "GET"}, {"statusCode": "200"}, missing)
    assert [api.post().text, api.post(path="/pets/8").text] == ["Rex", "none"]


def test_role_that_does_not_allow_it_is_refused_by_the_service_and_no_role_by_api_gateway(clients, api):
    sqs = clients["sqs"]
    url = sqs.create_queue(QueueName="pets")["QueueUrl"]
    other = allowing(clients, "sqs:SendMessage", f"arn:aws:sqs:{ACCOUNT}:others")
    text, path = "Action=SendMessage&MessageBody=x", "sqs:path/000000000000/pets"
    denied = template("""{"why": $input.json('$.Error.Code')}""", "403", selectionPattern="4\\d\\d")
    api.serve(service(path, other, text, requestParameters=FORM), {"statusCode": "200"}, denied)
    assert (api.post().status, api.post().json()) == (403, {"why": "AccessDenied"})
    right = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{ACCOUNT}:pets"}
    clients["iam"].put_role_policy(RoleName="gateway", PolicyName="right", PolicyDocument=policy(right))
    assert api.post().status == 200
    clients["iam"].delete_role_policy(RoleName="gateway", PolicyName="right")
    assert api.post().status == 403
    sqs.purge_queue(QueueUrl=url)
    clients["iam"].update_assume_role_policy(RoleName="gateway", PolicyDocument=trust("lambda"))
    assert (api.post().status, api.post().json()) == (500, {"message": "Internal server error"})
    api.serve(service(path, None, text, requestParameters=FORM) | {"credentials": ""}, {"statusCode": "200"}, denied)
    assert api.post().status == 500
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


@pytest.mark.parametrize("uri", ["kinesis:action/Nothing", "nothing:action/PutRecord", "s3:action/GetObject"])
def test_address_that_is_none_fails(clients, api, uri):
    api.serve(service(uri, role(clients, "gateway", services=["apigateway"]), "{}"), {"statusCode": "200"})
    assert api.post().status == 500


def test_template_overrides_what_is_mapped(clients, api):
    kinesis = clients["kinesis"]
    kinesis.create_stream(StreamName="visits", ShardCount=1)
    given = allowing(clients, "kinesis:ListStreams", "*")
    text = '#set($context.requestOverride.header.nothing = "x"){}'
    api.serve(service("kinesis:action/ListStreams", given, text), template("$input.json('$.StreamNames')"))
    assert api.post().json() == ["visits"]


def test_object_is_copied_from_where_the_role_may_read(clients, api):
    s3 = clients["s3"]
    for name in ("hotel", "secret"):
        s3.create_bucket(Bucket=name)
    s3.put_object(Bucket="secret", Key="key", Body=b"hidden")
    given = role(clients, "writer", {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::hotel/*"})
    mapped = {"integration.request.header.x-amz-copy-source": "'secret/key'"}
    integration = service("s3:path/hotel/copy", given, "", requestParameters=mapped)
    api.serve({**integration, "integrationHttpMethod": "PUT"}, {"statusCode": "200"})
    assert "AccessDenied" in api.post("{}").text
    assert "Contents" not in s3.list_objects_v2(Bucket="hotel")
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::secret/*"}
    clients["iam"].put_role_policy(RoleName="writer", PolicyName="reads", PolicyDocument=policy(reads))
    api.post("{}")
    assert s3.get_object(Bucket="hotel", Key="copy")["Body"].read() == b"hidden"
    clients["iam"].delete_role_policy(RoleName="writer", PolicyName="reads")
    assert "AccessDenied" in api.post("{}").text


def test_client_leads_a_message_to_no_other_queue(clients, api):
    sqs, path = clients["sqs"], "sqs:path/000000000000/pets"
    mine, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("pets", "secret"))
    given = allowing(clients, "sqs:SendMessage", f"arn:aws:sqs:{ACCOUNT}:pets")
    text = "Action=SendMessage&MessageBody=$input.body"
    api.serve(service(path, given, text, requestParameters=FORM), {"statusCode": "200"})
    assert "AccessDenied" in api.post(f"x&QueueUrl={other}").text
    assert "Messages" not in sqs.receive_message(QueueUrl=other)
    api.post("Rex")
    assert sqs.receive_message(QueueUrl=mine)["Messages"][0]["Body"] == "Rex"


def test_client_does_not_choose_the_action(clients, api):
    url = clients["sqs"].create_queue(QueueName="pets")["QueueUrl"]
    given = allowing(clients, "sqs:*", f"arn:aws:sqs:{ACCOUNT}:pets")
    text = f"QueueUrl={url}&MessageBody=$input.body"
    api.serve(service("sqs:action/SendMessage", given, text, requestParameters=FORM), {"statusCode": "200"})
    api.post("Rex&Action=DeleteQueue")
    assert clients["sqs"].receive_message(QueueUrl=url)["Messages"][0]["Body"] == "Rex"
