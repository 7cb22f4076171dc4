"""Tests for paths that no other module is about: each is closed, then open, then closed again, as permissions say."""

import json
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from tests.emulators.inside.permissions.authorization.listener import FUNCTION, noted, permit
from tests.emulators.inside.permissions.authorization.test_calls import user
from tests.roles import policy
from tests.waiting import wait_until

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
QUEUE, TOPIC = ARN.format("sqs", "heard"), ARN.format("sns", "news")
ANA = {"AWS": "arn:aws:iam::000000000000:user/ana"}
REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "KMSAccessDeniedException"}


class Path:
    """An account, and in it the user ana, who may do nothing."""

    def __init__(self, account, embedded):
        self.account, self.embedded, self.ana = account, embedded, user(account, embedded)

    def hers(self, service):
        return self.ana.client(service, endpoint_url=self.embedded.endpoint)

    def let_ana(self, *statements):
        self.account["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(*statements))

    def forbid_ana(self):
        self.account["iam"].delete_user_policy(UserName="ana", PolicyName="given")


def let(principal, action, resource, **more):
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, **more}


def answers(call, **given):
    """Whether a call is answered, or refused for want of a permission."""
    try:
        return bool(call(**given))
    except ClientError as error:
        assert error.response["Error"]["Code"] in REFUSED, error
        return False


def heard(path, cause):
    """Whether the listener ran, or somebody was refused, after something happened."""
    runs, denials = (noted(path.embedded, kind) for kind in ("run", "denied"))
    cause()
    ran, refused = lambda: noted(path.embedded, "run") > runs, lambda: noted(path.embedded, "denied") > denials
    wait_until(lambda: ran() or refused())
    return ran()


def to_a_topic(path):
    """A topic of which the listener hears, and a way to write its policy."""
    sns = path.account["sns"]
    sns.create_topic(Name="news")
    sns.subscribe(TopicArn=TOPIC, Protocol="lambda", Endpoint=FUNCTION)
    permit(path.account, "sns", TOPIC)
    return lambda *statements: sns.set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy(*statements)
    )


OTHERS = let({"Service": "config.amazonaws.com"}, "sns:Publish", TOPIC)


def bucket_to_topic(path):
    s3, write = path.account["s3"], to_a_topic(path)
    s3.create_bucket(Bucket="photos")
    wanted = {"TopicConfigurations": [{"TopicArn": TOPIC, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=wanted)
    given = let({"Service": "s3.amazonaws.com"}, "sns:Publish", TOPIC,
                Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::photos"}})  # fmt: skip
    write(OTHERS)

    def passes():
        return heard(path, lambda: s3.put_object(Bucket="photos", Key="cat", Body=b"x"))

    return passes, lambda: write(given), lambda: write(OTHERS)


def user_to_topic(path):
    write = to_a_topic(path)
    write(OTHERS)

    def passes():
        return answers(path.hers("sns").publish, TopicArn=TOPIC, Message="x")

    return passes, lambda: write(let(ANA, "sns:Publish", TOPIC)), lambda: write(OTHERS)


def user_to_queue(path):
    sqs = path.account["sqs"]
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]

    def write(document):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})

    def passes():
        return answers(path.hers("sqs").send_message, QueueUrl=url, MessageBody="x")

    return passes, lambda: write(policy(let(ANA, "sqs:SendMessage", QUEUE))), lambda: write("")


def user_to_function(path):
    lambda_ = path.account["lambda"]
    given = {"FunctionName": "listener", "StatementId": "ana"}

    def passes():
        return answers(path.hers("lambda").invoke, FunctionName="listener")

    def give():
        lambda_.add_permission(**given, Action="lambda:InvokeFunction", Principal=ANA["AWS"])

    return passes, give, lambda: lambda_.remove_permission(**given)


def user_to_bus(path):
    events = path.account["events"]
    events.create_event_bus(Name="shop")
    bus = ARN.format("events", "event-bus/shop")
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}", "EventBusName": "shop"}

    def passes():
        return answers(path.hers("events").put_events, Entries=[entry])

    def give():
        document = policy({**let(ANA, "events:PutEvents", bus), "Sid": "ana"})
        events.put_permission(EventBusName="shop", Policy=document)

    return passes, give, lambda: events.remove_permission(EventBusName="shop", StatementId="ana")


def user_to_url(path):
    """A function's URL that asks for a signature."""
    url = path.account["lambda"].create_function_url_config(FunctionName="listener", AuthType="AWS_IAM")["FunctionUrl"]
    given = {"Effect": "Allow", "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], "Resource": FUNCTION}

    def passes():
        at = urlsplit(url).path
        request = AWSRequest("GET", path.embedded.endpoint + at)
        SigV4Auth(path.ana.get_credentials(), "lambda", "us-east-1").add_auth(request)
        answer = Http(path.embedded.endpoint).request("GET", at, headers=dict(request.headers.items()))
        assert answer.status in (200, 403)
        return answer.status == 200

    return passes, lambda: path.let_ana(given), path.forbid_ana


def user_to_key(path):
    """A key of KMS, whose own policy leaves it to the account's."""
    kms = path.account["kms"]
    key = kms.create_key()["KeyMetadata"]
    given = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": key["Arn"]}

    def passes():
        return answers(path.hers("kms").encrypt, KeyId=key["KeyId"], Plaintext=b"x")

    return passes, lambda: path.let_ana(given), path.forbid_ana


def stack_to_function(path):
    """A custom resource of a stack, for which CloudFormation calls a function as who makes the stack."""
    stacks = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    given = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION}
    properties = {"ServiceToken": FUNCTION, "ServiceTimeout": "1"}
    template = {"Resources": {"Made": {"Type": "Custom::Thing", "Properties": properties}}}
    path.let_ana(stacks)
    number = iter(range(9))

    def make():
        path.hers("cloudformation").create_stack(StackName=f"shop-{next(number)}", TemplateBody=json.dumps(template))

    return lambda: heard(path, make), lambda: path.let_ana(stacks, given), lambda: path.let_ana(stacks)


PATHS = (
    bucket_to_topic, user_to_topic, user_to_queue, user_to_function, user_to_bus, user_to_url, user_to_key,
    stack_to_function,
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_path_is_open_for_as_long_as_a_permission_opens_it(account, embedded, path):
    passes, give, take = path(Path(account, embedded))
    assert not passes()
    give()
    assert passes()
    take()
    assert not passes()
