"""Tests for CloudWatch's protocols: whichever a client speaks, the same is done, and the same is refused."""

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from botocore import parsers, serialize
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import get_session

from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.test_calls import user

PROTOCOLS = ["smithy-rpc-v2-cbor", "json", "query"]
NOW = datetime.now(UTC).replace(microsecond=0)
DATA = {"Namespace": "Pets", "MetricData": [{"MetricName": "cats", "Value": 2.5, "Timestamp": NOW}]}
SUM = {"Namespace": "Pets", "MetricName": "cats", "Period": 60, "Statistics": ["Sum"]}
SUM |= {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW + timedelta(hours=1)}


@pytest.fixture
def ask(embedded):
    """Sends a request of ana's, who may write data of the namespace Pets and read statistics, in a protocol."""
    embedded.reset()
    write = {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}
    write["Condition"] = {"StringEquals": {"cloudwatch:namespace": "Pets"}}
    read = {"Effect": "Allow", "Action": "cloudwatch:GetMetricStatistics", "Resource": "*"}
    keys = user(Clients(embedded, as_learner=True), embedded, write, read).get_credentials()
    model = get_session().get_service_model("cloudwatch")

    def send(protocol, operation, members):
        about = model.operation_model(operation)
        made = serialize.create_serializer(protocol, include_validation=False).serialize_to_request(members, about)
        body = urlencode(made["body"]) if isinstance(made["body"], dict) else made["body"]
        body = body.encode() if isinstance(body, str) else body
        signed = AWSRequest("POST", embedded.endpoint + made["url_path"], dict(made["headers"]), body)
        SigV4Auth(keys, "monitoring", "us-east-1").add_auth(signed)
        try:
            answer = urllib.request.urlopen(urllib.request.Request(signed.url, body, dict(signed.headers)))
        except urllib.error.HTTPError as error:
            answer = error
        told = {"status_code": answer.status, "headers": answer.headers, "body": answer.read()}
        return parsers.create_parser(protocol).parse(told, about.output_shape)

    return send


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_protocol_does_the_same_and_is_refused_the_same(ask, protocol):
    assert "Error" not in ask(protocol, "PutMetricData", DATA)
    (point,) = ask(protocol, "GetMetricStatistics", SUM)["Datapoints"]
    assert (point["Sum"], point["Timestamp"].tzinfo is None) == (2.5, False)
    refused = ask(protocol, "PutMetricData", DATA | {"Namespace": "Others"})["Error"]
    assert refused["Code"] in ("AccessDeniedException", "AccessDenied")
    assert "is not authorized to perform: cloudwatch:PutMetricData" in refused["Message"]
    refused = ask(protocol, "DeleteAlarms", {"AlarmNames": ["late"]})["Error"]
    assert (
        "cloudwatch:DeleteAlarms on resource: arn:aws:cloudwatch:us-east-1:000000000000:alarm:late "
        in (refused["Message"])
    )
