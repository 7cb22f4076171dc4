"""Which resources a request needs a permission on: those that the service will find by it, and no others.

MiniStack overlooks versions and aliases that are named beside a function, the statements of PartiQL, and streams that
are named by an iterator; a queue's URL it reads in another way than SQS does.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
and https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html (2026)
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside.permissions.authorization.authority import arn
from lab_harness.emulators.inside.permissions.authorization.bodies import asked, read_form, read_json
from lab_harness.emulators.inside.permissions.authorization.named import resource as named_resource

ANY = "*"  # where a request names no resource
LAYER_VERSION = re.compile(r"/layers/[^/]+/versions/(\d+)")
STATEMENTS = ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")  # of PartiQL
RESTORES = ("RestoreTableFromBackup", "RestoreTableToPointInTime")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html (2026)
TO_RESTORE = tuple(
    f"dynamodb:{each}" for each in ("PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "BatchWriteItem")
)
# What DynamoDB's operations call the resource that is no TableName, and where that is an ARN already.
NAMED_BY_ARN = ("TableArn", "BackupArn", "ExportArn", "ImportArn", "ResourceArn", "SourceTableArn", "StreamArn",
                 "ConsumerARN")  # fmt: skip


def resource_of(original: Any, _instance: Any, args: Any, kwargs: Any) -> str:
    """The ARN of the resource of a request; `*` where it names none."""
    service, _method, path, headers, body, query, *_ = args
    named = named_resource(service, *asked(service, path, headers, body, query))
    found: str = named or original(*args, **kwargs)
    if service == "lambda":
        return _of_lambda(found, path, headers, body, query)
    if service == "scheduler":
        return _of_schedule(found, read_json(body), query)
    if service == "sqs":
        return _queue(path, headers, body, query) or found
    if service == "s3" and "//" in path and "/" in path.strip("/"):
        return f"arn:aws:s3:::{path.lstrip('/')}"  # a key may begin with a slash, and have several side by side
    if service in ("dynamodb", "dynamodbstreams", "kinesis") and found == ANY:
        return _of_stream(read_json(body)) or found
    return _log_group(read_json(body), found) if service == "logs" else found


def _of_lambda(found: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> str:
    from ministack.services import lambda_svc

    if found == ANY and path.rstrip("/").endswith("/functions") and (name := read_json(body).get("FunctionName")):
        return arn("lambda", f"function:{str(name).rpartition(':')[2]}")
    found = found.replace(f":function:{ACCOUNT}:function:", ":function:")  # which is named by a part of its ARN
    if number := LAYER_VERSION.search(path):
        return f"{found}:{number[1]}"
    qualifier = lambda_svc._qp_first(query, "Qualifier") or lambda_svc._qp_first(headers, "x-amz-qualifier")
    plain = found.count(":") == 6 and ":function:" in found
    return f"{found}:{qualifier}" if qualifier and plain else found


def _of_schedule(found: str, asked: Mapping[str, Any], query: Mapping[str, Any]) -> str:
    """A schedule's ARN, which names its group."""
    group = asked.get("GroupName") or query.get("groupName") or "default"
    group = group[0] if isinstance(group, list) else group
    return found.replace(":schedule/default/", f":schedule/{group}/")


def _queue(path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> str:
    """The ARN of the queue that SQS finds by this request; empty where it finds none."""
    from ministack.services import sqs

    given = read_json(body) if "x-amz-target" in headers else {**query, **read_form(headers, body)}
    try:
        found = sqs._get_q(sqs._p(given, "QueueUrl") or sqs._url_from_path(path))
    except (sqs._Err, TypeError, ValueError, AttributeError):
        return ""
    return str(found["attributes"]["QueueArn"])


def _log_group(asked: Mapping[str, Any], found: str) -> str:
    """The ARN of the one log group, or of its stream, that a request names; `*` where it names several."""
    others = [asked.get("logGroupIdentifier")]
    for listed in (asked.get("logGroupNames"), asked.get("logGroupIdentifiers")):
        others += listed if isinstance(listed, list) else []
    named = {str(each) for each in [asked.get("logGroupName"), *others] if each}
    if len(named) != 1 or not any(others):
        return ANY if len(named) > 1 else found
    (name,) = named
    group = name if name.startswith("arn:") else arn("logs", f"log-group:{name}")
    stream = asked.get("logStreamName")
    return f"{group.removesuffix(':*')}:log-stream:{stream}" if stream else group


def more_of_s3(original: Any, _instance: Any, args: Any, kwargs: Any) -> list[tuple[str, str]]:
    """The permissions that a request to S3 needs besides its own action: for an object's tags and access list, too.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html and
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (2026)
    """
    found = list(original(*args, **kwargs))
    method, path, headers, _body, query, *_ = args
    if method not in ("PUT", "POST") or "/" not in path.strip("/") or "acl" in query:
        return found
    if headers.get("x-amz-tagging"):
        found.append(("s3:PutObjectTagging", f"arn:aws:s3:::{path.lstrip('/')}"))
    if any(name == "x-amz-acl" or name.startswith("x-amz-grant-") for name in headers):
        found.append(("s3:PutObjectAcl", f"arn:aws:s3:::{path.lstrip('/')}"))
    return found


def _of_stream(asked: Mapping[str, Any]) -> str:
    """What a request for a stream or a table names by its ARN, or by an iterator; empty where it names nothing."""
    named = [asked[name] for name in NAMED_BY_ARN if isinstance(asked.get(name), str)]
    if named or not isinstance(asked.get("ShardIterator"), str):
        return str(named[0]) if named else _source(asked)
    from ministack.services import dynamodb_streams

    told = dynamodb_streams._decode_iterator(asked["ShardIterator"]) or {}
    return str(told.get("arn") or arn("dynamodb", f"table/{told.get('t', '')}/stream/"))  # as MiniStack looks for it


def _source(asked: Mapping[str, Any]) -> str:
    imported = asked.get("TableCreationParameters")
    table = asked.get("SourceTableName") or (imported.get("TableName") if isinstance(imported, dict) else "")
    return arn("dynamodb", f"table/{table}") if isinstance(table, str) and table else ""


def single_actions(original: Any, _instance: Any, args: Any, kwargs: Any) -> list[tuple[str, str]]:
    """The permissions that DynamoDB asks for in place of that for the whole request, each with its table."""
    action, body, *_ = args
    operation = action.partition(":")[2]
    if operation in RESTORES:
        return list(_of_restore(action, read_json(body)))
    return list(_permissions(read_json(body)) if operation in STATEMENTS else original(*args, **kwargs))


def _of_restore(action: str, asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """To restore a table is to write it, so it needs the permissions to, on the new table."""
    target = arn("dynamodb", f"table/{asked.get('TargetTableName', '')}")
    yield action, _of_stream(asked) or ANY
    for each in (action, *TO_RESTORE):
        yield each, target


def _permissions(asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    from ministack.services import dynamodb

    listed = asked.get("Statements") or asked.get("TransactStatements") or [asked]
    for each in listed if isinstance(listed, list) else []:
        try:
            parsed = dynamodb._parse_partiql(each.get("Statement", ""), each.get("Parameters") or [])
        except (ValueError, AttributeError, TypeError):
            continue  # DynamoDB refuses it itself.
        yield _permission(parsed)


def _permission(parsed: Mapping[str, Any]) -> tuple[str, str]:
    read = parsed.get("select") if parsed["op"] == "EXISTS" else parsed
    table = arn("dynamodb", f"table/{(read or parsed).get('table', '')}")
    index = (read or parsed).get("index")
    kind = "Select" if parsed["op"] == "EXISTS" else parsed["op"].title()
    return f"dynamodb:PartiQL{kind}", f"{table}/index/{index}" if index else table
