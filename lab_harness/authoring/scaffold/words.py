"""A new lab in a sentence, and in the course's README."""

from collections.abc import Sequence

from lab_harness.authoring.scaffold.plan import Part, Plan

SENT = {"queue": "messages in", "bucket": "uploads to", "api": "requests to"}  # by kind of what starts a function


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def goal(plan: Plan) -> str:
    """What the lab's learner builds, as a sentence."""
    written = f"writes it to {_named(plan.targets)}" if plan.targets else ""
    if plan.triggers:
        sent = listed([f"{SENT[part.kind]} {part.name}" for part in plan.triggers])
        what = " and ".join(filter(None, [f"logs each {plan.noun}", written]))
        return f"Let {sent} start the function {_function(plan)}, which {what}."
    if plan.function:
        what = ", and ".join(filter(None, ["logs each order that it is invoked with", written]))
        return f"Create the function {_function(plan)}, which {what}."
    return f"Create {_named(plan.parts)}."


def built(plan: Plan) -> str:
    """What is built in the lab, in the words of the table in the course's README."""
    if not plan.function:
        return listed([f"a {part.kind}, `{part.name}`" for part in plan.parts])
    ways = [plan.triggers, [plan.function], plan.targets]
    return " → ".join(", ".join(f"`{part.name}`" for part in parts) for parts in ways if parts)


def _function(plan: Plan) -> str:
    return plan.function.name if plan.function else ""


def _named(parts: Sequence[Part]) -> str:
    return listed([f"the {part.kind} {part.name}" for part in parts])
