"""What these tests share: an account with the function hello, its sources, and the events that it gets."""

import json
from types import SimpleNamespace

import pytest

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


class Account(SimpleNamespace):
    """An empty account with a function, which may do everything. Services are asked by their names."""

    def __getattr__(self, service):
        return self.clients[service.rstrip("_")]

    def queue(self, name="orders", **attributes):
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
        return self.sqs.create_queue(QueueName=name, Attributes=fifo | attributes)["QueueUrl"]

    def stream(self, shards=1, name="clicks"):
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        return self.kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]

    def table(self):
        made = self.dynamodb.create_table(
            TableName="pets", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )  # fmt: skip
        return made["TableDescription"]["LatestStreamArn"]

    def send(self, url, *bodies, groups=None):
        for number, body in enumerate(bodies):
            more = {"MessageGroupId": groups[number]} if groups else {}
            self.sqs.send_message(QueueUrl=url, MessageBody=body, **more)

    def put(self, *texts, key=None, name="clicks"):
        """Write records with one call, each under its own key, or all under one."""
        records = [{"Data": text.encode(), "PartitionKey": key or text} for text in texts]
        return [each["SequenceNumber"] for each in
                self.kinesis.put_records(StreamName=name, Records=records)["Records"]]  # fmt: skip

    def connect(self, source=QUEUE, **settings):
        where = {} if ":sqs:" in source else {"StartingPosition": "TRIM_HORIZON"}
        about = {"EventSourceArn": source, "FunctionName": "hello", **where, **settings}
        return self.lambda_.create_event_source_mapping(**about)["UUID"]

    def mapping(self, uuid):
        return self.lambda_.get_event_source_mapping(UUID=uuid)

    def runs(self):
        """The events that the function got, oldest first, each with when it did."""
        return [deed for deed in self.emulator.deeds()[1] if (deed.kind, deed.name) == ("run", "hello")]

    def events(self):
        return [json.loads(deed.detail) for deed in self.runs()]


@pytest.fixture
def account(hello, embedded):
    """Makes an account with a function of this code."""
    return lambda code="def lambda_handler(event, context): pass": Account(clients=hello(code), emulator=embedded)
