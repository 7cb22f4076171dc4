"""Tests for what services deliver: only where the one who is to get it, or a role, lets them; on each way in turn."""

import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from lab_harness.aws import Clients
from tests.labs.helpers import zipped
from tests.roles import allow, policy, role, take_away, trust
from tests.waiting import wait_until

ANSWERS = 'def lambda_handler(event, context): return {"statusCode": 200, "body": "served"}'
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:listener"
EVENT = {"Source": "shop", "DetailType": "order", "Detail": "{}"}


@pytest.fixture
def account(embedded):
    """The learner's clients of an account in which there is the function "listener", whose role allows everything."""
    embedded.reset()
    learner = Clients(embedded, as_learner=True)
    learner["lambda"].create_function(
        FunctionName="listener", Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=role(learner),
        Code={"ZipFile": zipped(ANSWERS)},
    )  # fmt: skip
    learner["lambda"].get_waiter("function_active_v2").wait(FunctionName="listener", WaiterConfig={"Delay": 0.1})
    return learner


def noted(emulator, kind, name=None):
    """How many deeds of a kind there are, about this."""
    return sum(deed.kind == kind and name in (None, deed.name) for deed in emulator.deeds()[1])


def comes_about(emulator, cause, kind, name):
    """Let something happen, and wait until there is one more deed of this kind."""
    before = noted(emulator, kind, name)
    cause()
    wait_until(lambda: noted(emulator, kind, name) > before)


def runs(emulator, cause):
    comes_about(emulator, cause, "run", "listener")


def is_denied(emulator, cause, resource=FUNCTION):
    """Let something happen, and wait until it was refused; the listener does not run."""
    before = noted(emulator, "run")
    comes_about(emulator, cause, "denied", resource)
    assert noted(emulator, "run") == before
    return json.loads([deed for deed in emulator.deeds()[1] if deed.kind == "denied"][-1].detail)


def permit(account, service, source, action="lambda:InvokeFunction"):
    account["lambda"].add_permission(
        FunctionName="listener", StatementId="let-in", Action=action, Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )  # fmt: skip


def forbid(account, statement="let-in"):
    account["lambda"].remove_permission(FunctionName="listener", StatementId=statement)


def test_rule_calls_a_function_that_lets_it(account, embedded):
    events = account["events"]
    rule = events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')["RuleArn"]
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": FUNCTION}])

    def send():
        events.put_events(Entries=[EVENT])

    told = is_denied(embedded, send)
    assert (told["principal"], told["action"], told["kind"]) == (
        "events.amazonaws.com", "lambda:InvokeFunction", "resource-based policy",
    )  # fmt: skip
    permit(account, "events", rule)
    runs(embedded, send)
    forbid(account)
    permit(account, "events", "arn:aws:events:us-east-1:000000000000:rule/another")
    told = is_denied(embedded, send)
    assert told["statements"][0]["why"] == "has a condition that does not hold"


@pytest.mark.parametrize("kind", ["sqs", "sns"])
def test_rule_sends_to_a_queue_and_a_topic_that_let_it(account, embedded, kind):
    events = account["events"]
    rule = events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')["RuleArn"]
    url = account["sqs"].create_queue(QueueName="heard")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:000000000000:heard"
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    target = {"sqs": queue, "sns": topic}[kind]
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": target}])
    given = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": target,
        "Action": {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}[kind],
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }  # fmt: skip
    to_queue = {**given, "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}  # fmt: skip
    if kind == "sns":
        account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(to_queue)})
        account["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def write(document):
        if kind == "sqs":
            account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        else:
            account["sns"].set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)

    def send():
        events.put_events(Entries=[EVENT])

    def heard():
        return account["sqs"].receive_message(QueueUrl=url).get("Messages")

    is_denied(embedded, send, target)
    write(policy(given))
    send()
    wait_until(heard)
    write(policy({**given, "Effect": "Deny"}))
    assert is_denied(embedded, send, target)["denies"]["effect"] == "Deny"
    assert not heard()


def test_rule_starts_a_machine_and_a_schedule_calls_a_function_by_their_roles(account, embedded):
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    states, events = account["stepfunctions"], account["events"]
    machine = states.create_state_machine(
        name="m", definition=definition, roleArn=role(account, "machine")
    )["stateMachineArn"]  # fmt: skip
    given = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    starter = role(account, "starter", given, services=["events"])
    events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": machine, "RoleArn": starter}])

    def send():
        events.put_events(Entries=[EVENT])

    def executions():
        return len(states.list_executions(stateMachineArn=machine)["executions"])

    send()
    wait_until(lambda: executions() == 1)
    take_away(account, "starter")
    assert is_denied(embedded, send, machine)["principal"].endswith(":assumed-role/starter/orders")
    allow(account, "starter", given)
    account["iam"].update_assume_role_policy(RoleName="starter", PolicyDocument=trust("lambda"))
    assert is_denied(embedded, send, starter)["kind"] == "trust policy"
    assert executions() == 1


def test_topic_calls_a_function_that_lets_it(account, embedded):
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    account["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)

    def publish():
        account["sns"].publish(TopicArn=topic, Message="hello")

    is_denied(embedded, publish)
    permit(account, "sns", topic)
    runs(embedded, publish)
    forbid(account)
    is_denied(embedded, publish)


def test_topic_sends_to_a_queue_that_lets_it(account, embedded):
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    url = account["sqs"].create_queue(QueueName="heard")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:000000000000:heard"
    account["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def publish():
        account["sns"].publish(TopicArn=topic, Message="hello")

    is_denied(embedded, publish, queue)
    given = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}  # fmt: skip
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(given)})
    publish()
    wait_until(lambda: account["sqs"].receive_message(QueueUrl=url).get("Messages"))
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    is_denied(embedded, publish, queue)


def test_bucket_notifies_a_function_that_lets_it_and_is_not_set_up_before(account, embedded):
    account["s3"].create_bucket(Bucket="photos")
    wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"]}]}

    def notify():
        account["s3"].put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=wanted)

    def upload():
        account["s3"].put_object(Bucket="photos", Key="cat", Body=b"x")

    with pytest.raises(ClientError, match=r"InvalidArgument.*Unable to validate the following destination"):
        notify()
    permit(account, "s3", "arn:aws:s3:::photos")
    notify()
    runs(embedded, upload)
    forbid(account)
    is_denied(embedded, upload)


def test_bucket_notifies_a_queue_that_lets_it(account, embedded):
    account["s3"].create_bucket(Bucket="photos")
    url, queue = account["sqs"].create_queue(QueueName="heard")["QueueUrl"], "arn:aws:sqs:us-east-1:000000000000:heard"
    wanted = {"QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]}
    notify = {"Bucket": "photos", "NotificationConfiguration": wanted}
    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        account["s3"].put_bucket_notification_configuration(**notify)
    given = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": queue, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::photos"}}}  # fmt: skip
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(given)})
    account["s3"].put_bucket_notification_configuration(**notify)
    account["s3"].put_object(Bucket="photos", Key="cat", Body=b"x")
    wait_until(lambda: account["sqs"].receive_message(QueueUrl=url).get("Messages"))
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    is_denied(embedded, lambda: account["s3"].put_object(Bucket="photos", Key="dog", Body=b"x"), queue)


def rest_api(account, **integration):
    """The id of a REST API whose GET / calls the function."""
    gateway = account["apigateway"]
    made = gateway.create_rest_api(name="rest")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(
        **method, type="AWS_PROXY", integrationHttpMethod="POST", **integration,
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations",
    )  # fmt: skip
    gateway.create_deployment(restApiId=made["id"], stageName="test")
    return made["id"]


def test_rest_api_calls_a_function_that_lets_it(account, embedded):
    api = rest_api(account)

    def get():
        return Http(embedded.endpoint).api(api, "test", "GET", "/")

    assert (get().status, json.loads(get().text)) == (500, {"message": "Internal server error"})
    permit(account, "apigateway", f"arn:aws:execute-api:us-east-1:000000000000:{api}/*/GET/")
    assert (get().status, get().text) == (200, "served")
    forbid(account)
    permit(account, "apigateway", f"arn:aws:execute-api:us-east-1:000000000000:{api}/prod/GET/")
    assert get().status == 500


def test_rest_api_with_a_role_calls_what_the_role_may(account, embedded):
    given = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION}
    api = rest_api(account, credentials=role(account, "gateway", given, services=["apigateway"]))

    def status():
        return Http(embedded.endpoint).api(api, "test", "GET", "/").status

    assert status() == 200
    take_away(account, "gateway")
    assert status() == 500
    allow(account, "gateway", given)
    assert status() == 200


def test_http_api_calls_a_function_that_lets_it(account, embedded):
    gateway = account["apigatewayv2"]
    api = gateway.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for key in ("GET /pets/{id}", "$default"):
        gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)

    def get(path):
        return Http(embedded.endpoint).api(api, "$default", "GET", path)

    assert (get("/pets/1").status, json.loads(get("/pets/1").text)) == (500, {"message": "Internal Server Error"})
    source = f"arn:aws:execute-api:us-east-1:000000000000:{api}"
    permit(account, "apigateway", f"{source}/*/GET/pets/*")
    assert (get("/pets/1").status, get("/else").status) == (200, 500)
    forbid(account)
    permit(account, "apigateway", f"{source}/*/$default")
    assert (get("/pets/1").status, get("/else").status) == (500, 200)


def test_function_url_is_open_where_both_permissions_let_everybody_in(account, embedded):
    lambda_ = account["lambda"]
    url = lambda_.create_function_url_config(FunctionName="listener", AuthType="NONE")["FunctionUrl"]
    host = url.removeprefix("https://").removeprefix("http://").partition(".")[0]

    def get():
        return Http(embedded.endpoint).request("GET", f"/_aws/lambda-url/{host}/")

    assert (get().status, "Forbidden" in get().text) == (403, True)
    lambda_.add_permission(FunctionName="listener", StatementId="open-url", Action="lambda:InvokeFunctionUrl",
                           Principal="*", FunctionUrlAuthType="NONE")  # fmt: skip
    assert get().status == 403
    lambda_.add_permission(FunctionName="listener", StatementId="invoke", Action="lambda:InvokeFunction",
                           Principal="*", InvokedViaFunctionUrl=True)  # fmt: skip
    assert (get().status, get().text) == (200, "served")
    forbid(account, "open-url")
    assert get().status == 403


def test_api_that_asks_for_a_signature_believes_none_but_those_of_keys_that_may_call_it(account, embedded):
    gateway, iam = account["apigateway"], account["iam"]
    api = rest_api(account)
    permit(account, "apigateway", f"arn:aws:execute-api:us-east-1:000000000000:{api}/*")
    (root,) = gateway.get_resources(restApiId=api)["items"]
    asks = [{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}]
    gateway.update_method(restApiId=api, resourceId=root["id"], httpMethod="GET", patchOperations=asks)
    gateway.create_deployment(restApiId=api, stageName="test")
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    learner = embedded.learner

    def status(*key):
        path = f"/_aws/execute-api/{api}/test/"
        headers = {}
        if key:
            request = AWSRequest("GET", f"{embedded.endpoint}{path}")
            SigV4Auth(BotoCredentials(*key), "execute-api", "us-east-1").add_auth(request)
            headers = dict(request.headers.items())
        return Http(embedded.endpoint).request("GET", path, headers=headers).status

    assert status() == 403
    assert status("test", "guessed" * 6) == 403
    assert status(learner.access_key_id, learner.secret_access_key) == 200
    ana = (key["AccessKeyId"], key["SecretAccessKey"])
    assert status(*ana) == 403
    given = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"arn:aws:execute-api:*:*:{api}/test/GET/*"}
    iam.put_user_policy(UserName="ana", PolicyName="calls", PolicyDocument=policy(given))
    assert status(*ana) == 200
    iam.delete_user_policy(UserName="ana", PolicyName="calls")
    assert status(*ana) == 403
