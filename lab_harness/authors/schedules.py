"""When a rule of EventBridge's with a schedule is due: its cron expression, read as AWS reads it."""

from lab_harness import crons


def due(expression: str) -> dict[str, set[int]]:
    """The values of each field of a cron expression; of none where it is no such, or has a wildcard such as L.

    Of the two days one is `?`, and stands for all. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html

        if schedules.due(rule["ScheduleExpression"]) != schedules.due("cron(30 9 ? * SAT,SUN *)"): ...
    """
    found = crons.read(expression)
    known = {name: values for name, values in found.items() if values is not None}
    return known if len(known) == len(found) else {}
