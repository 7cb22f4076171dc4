"""DynamoDB's tables and their items."""

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab, without
from lab_harness.answers import pages, there
from lab_harness.aws import Clients

MOST_ITEMS = 100  # of a table


def _delete_table(clients: Clients, name: str) -> bool:
    dynamodb = clients["dynamodb"]
    found = there(dynamodb.describe_table, TableName=name)
    if found is None:
        return False
    for replica in found["Table"].get("Replicas", []):  # AWS deletes no table that has some, and none with its table
        update = {"Delete": {"RegionName": replica["RegionName"]}}
        dynamodb.update_table(TableName=name, ReplicaUpdates=[update])
    return there(dynamodb.delete_table, TableName=name) is not None


def _delete_backups(clients: Clients, name: str) -> bool:
    """All backups of this name; they outlive their tables."""
    dynamodb = clients["dynamodb"]
    found = [each for each in pages(dynamodb, "list_backups", "BackupSummaries") if each["BackupName"] == name]
    for each in found:
        dynamodb.delete_backup(BackupArn=each["BackupArn"])
    return bool(found)


def _rows(clients: Clients) -> Rows:
    dynamodb = clients["dynamodb"]
    for name in pages(dynamodb, "list_tables", "TableNames"):
        table = dynamodb.describe_table(TableName=name)["Table"]
        yield Row(Part.BUILT, name, without(table, "ItemCount", "TableSizeBytes"))
        yield Row(Part.LEFT, name, table.get("ItemCount"))
        for item in dynamodb.scan(TableName=name, Limit=MOST_ITEMS)["Items"]:
            yield Row(Part.LEFT, name, item)


SERVICE = Service(
    name="dynamodb",
    deleters={"AWS::DynamoDB::Table": _delete_table, "AWS::DynamoDB::Backup": _delete_backups},
    rows=_rows,
    sets_going=("PutItem",),
    tabs=(ServiceTab("tables", "Tables", 60, "lab_harness.notebook.console.tables:show"),),
)
