"""CloudWatch's alarms; its metrics are no resources, and have a tab of the functions'.

In which state an alarm is, changes by itself, and is nothing that anybody has built or left behind.
"""

from lab_harness.account.service import Part, Row, Rows, Service, without
from lab_harness.answers import pages
from lab_harness.aws import Clients

STATE = ("StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp")


def _delete_alarm(clients: Clients, name: str) -> bool:
    cloudwatch = clients["cloudwatch"]
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    if found:
        cloudwatch.delete_alarms(AlarmNames=[name])
    return bool(found)


def _rows(clients: Clients) -> Rows:
    for alarm in pages(clients["cloudwatch"], "describe_alarms", "MetricAlarms"):
        yield Row(Part.BUILT, alarm["AlarmName"], without(alarm, *STATE))


SERVICE = Service(name="cloudwatch", deleters={"AWS::CloudWatch::Alarm": _delete_alarm}, rows=_rows)
