"""What the role of a new lab's function must allow: for each part that the function uses, no more than it does."""

from collections.abc import Iterator
from dataclasses import dataclass

from lab_harness.authoring.scaffold.plan import Part, Plan


@dataclass(frozen=True)
class Permit:
    """Actions on a part: `why` they are needed, as a clause; `on` and `short` say it in the notebook and the README."""

    part: Part
    actions: tuple[str, ...]
    resource: str
    why: str
    on: str
    short: str

    @property
    def service(self) -> str:
        return self.actions[0].partition(":")[0]

    def arn(self, account: str, name: str) -> str:
        """The resource's ARN as a Python text; `{ACCOUNT}` and `{TABLE}` make it an f-string."""
        filled = self.resource.format(account=account, name=name)
        return f'f"{filled}"' if "{" in filled else f'"{filled}"'


def permits_of(plan: Plan) -> list[Permit]:
    """What the role must allow, in the order of the parts; nothing where there is no function, or it only logs."""
    return list(_permits(plan)) if plan.function else []


def _permits(plan: Plan) -> Iterator[Permit]:
    for part in plan.parts:
        on = f"the {part.kind} `{part.name}`"
        if part.kind == "table":
            arn = "arn:aws:dynamodb:us-east-1:{account}:table/{name}"
            why, short = f"the handler writes to {part.name}", f"puts items into `{part.name}`"
            yield Permit(part, ("dynamodb:PutItem",), arn, why, on, short)
        elif part.kind == "queue":
            actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
            arn = "arn:aws:sqs:us-east-1:{account}:{name}"
            why, short = f"Lambda polls {part.name}", f"reads from `{part.name}`"
            yield Permit(part, actions, arn, why, on, short)
        elif part == plan.source:
            why, short = f"the handler reads what is in {part.name}", f"reads objects of `{part.name}`"
            yield Permit(part, ("s3:GetObject",), "arn:aws:s3:::{name}/*", why, f"all objects of {on}", short)
        elif part in plan.copies:
            why, short = f"the handler writes to {part.name}", f"puts objects into `{part.name}`"
            yield Permit(part, ("s3:PutObject",), "arn:aws:s3:::{name}/*", why, f"all objects of {on}", short)
