"""EventBridge Scheduler's schedules."""

from lab_harness.account.service import Part, Row, Rows, Service, without
from lab_harness.answers import pages, there
from lab_harness.aws import Clients


def _delete_schedule(clients: Clients, name: str) -> bool:
    return there(clients["scheduler"].delete_schedule, Name=name) is not None


def _rows(clients: Clients) -> Rows:
    scheduler = clients["scheduler"]
    for each in pages(scheduler, "list_schedules", "Schedules"):
        name = each["Name"]
        found = there(scheduler.get_schedule, Name=name, GroupName=each["GroupName"])
        yield Row(Part.BUILT, name, without(found or {}, "ResponseMetadata"))


SERVICE = Service(
    name="scheduler", deleters={"AWS::Scheduler::Schedule": _delete_schedule}, rows=_rows, configured=True
)
