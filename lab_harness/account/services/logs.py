"""CloudWatch Logs."""

from lab_harness.account.service import Part, Row, Rows, Service
from lab_harness.answers import pages, there
from lab_harness.aws import Clients


def _delete_log_group(clients: Clients, name: str) -> bool:
    return there(clients["logs"].delete_log_group, logGroupName=name) is not None


def _rows(clients: Clients) -> Rows:
    logs = clients["logs"]
    for group in pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        if "retentionInDays" in group:
            yield Row(Part.BUILT, name, group["retentionInDays"])
        latest = logs.describe_log_streams(logGroupName=name, orderBy="LastEventTime", descending=True, limit=1)
        # The group itself, too, is most often made by the first run of a function.
        yield Row(Part.LEFT, name, [group, latest["logStreams"]])


SERVICE = Service(name="logs", deleters={"AWS::Logs::LogGroup": _delete_log_group}, rows=_rows)
