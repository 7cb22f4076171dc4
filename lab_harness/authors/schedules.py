"""When a rule of EventBridge's with a schedule is due: its cron expression, read as AWS reads it."""

import re

FIELDS = {
    "minutes": range(60),
    "hours": range(24),
    "day of month": range(1, 32),
    "month": range(1, 13),
    "day of week": range(1, 8),
    "year": range(1970, 2200),
}
MONTHS, DAYS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", "SUN MON TUE WED THU FRI SAT"
NUMBERS = {name: number for names in (MONTHS, DAYS) for number, name in enumerate(names.split(), 1)}
CRON = re.compile(r"cron\(\s*(.*?)\s*\)")


def due(expression: str) -> dict[str, set[int]]:
    """The values of each field of a cron expression; of none where it is no such, or has a wildcard such as L.

    Of the two days one is `?`, and stands for all. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html

        if schedules.due(rule["ScheduleExpression"]) != schedules.due("cron(30 9 ? * SAT,SUN *)"): ...
    """
    match = CRON.fullmatch(expression)
    fields = match[1].split() if match else []
    if len(fields) != len(FIELDS) or fields[2:5:2].count("?") != 1:
        return {}
    try:
        return {
            name: {value for part in text.split(",") for value in _values(part, list(allowed))}
            for text, (name, allowed) in zip(fields, FIELDS.items(), strict=True)
        }
    except ValueError:
        return {}


def _values(part: str, allowed: list[int]) -> list[int]:
    """What one entry of a field's list stands for: `*`, `5`, `MON-FRI`, `0/15`. ValueError for what AWS refuses."""
    text, _, step = part.partition("/")
    every = int(step or 1)
    if text in ("*", "?"):
        return allowed[::every]
    first, _, last = text.partition("-")
    start = allowed.index(_number(first))
    end = allowed.index(_number(last)) if last else len(allowed) - 1 if step else start
    turned = allowed[start:] + allowed[:start]  # FRI-MON goes over the week's end
    return turned[: (end - start) % len(allowed) + 1 : every]


def _number(text: str) -> int:
    return NUMBERS[text.upper()] if text.upper() in NUMBERS else int(text)
