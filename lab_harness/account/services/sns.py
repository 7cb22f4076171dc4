"""SNS's topics with their subscriptions, and the mails that were sent."""

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab, without
from lab_harness.answers import pages
from lab_harness.aws import Clients


def _delete_topic(clients: Clients, name: str) -> bool:
    sns = clients["sns"]
    arns = [each["TopicArn"] for each in pages(sns, "list_topics", "Topics") if each["TopicArn"].endswith(f":{name}")]
    for arn in arns:
        for subscription in list(pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)):
            if subscription["SubscriptionArn"].startswith("arn:"):  # not "PendingConfirmation"
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sns.delete_topic(TopicArn=arn)
    return bool(arns)


def _rows(clients: Clients) -> Rows:
    sns = clients["sns"]
    for topic in pages(sns, "list_topics", "Topics"):
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        counts = [name for name in attributes if name.startswith("Subscriptions")]  # the checks' own among them
        yield Row(Part.BUILT, topic["TopicArn"], without(attributes, *counts))
        # By topic: LocalStack's list of all subscriptions never calls one to a mail address confirmed.
        for subscription in pages(sns, "list_subscriptions_by_topic", "Subscriptions", **topic):
            yield Row(Part.BUILT, topic["TopicArn"], subscription)
    yield Row(Part.LEFT, "inbox", len(clients["inbox"]()))


SERVICE = Service(
    name="sns",
    deleters={"AWS::SNS::Topic": _delete_topic},
    rows=_rows,
    configured=True,
    tabs=(ServiceTab("inbox", "Inbox", 80, "lab_harness.notebook.console.inbox:show", probes=True),),
)
