"""DynamoDB's tables and their items."""

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab, without
from lab_harness.answers import pages, there
from lab_harness.aws import Clients

MOST_ITEMS = 100  # of a table


def _delete_table(clients: Clients, name: str) -> bool:
    return there(clients["dynamodb"].delete_table, TableName=name) is not None


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
    deleters={"AWS::DynamoDB::Table": _delete_table},
    rows=_rows,
    sets_going=("PutItem",),
    tabs=(ServiceTab("tables", "Tables", 60, "lab_harness.notebook.console.tables:show"),),
)
