"""What is known of a call before it is made, as conditions ask for it."""

from datetime import UTC, datetime

from lab_harness.iam.conditions import Partial

ACCOUNT = "000000000000"  # both emulators' account for the access key id "test"
REGION = "us-east-1"


def of_role(role: str) -> Partial:
    """What is known of the calls that are made with a role, of which the name is known or ""."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}" if role else None
    known = {"aws:principalarn": arn, "aws:principalaccount": ACCOUNT, "aws:resourceaccount": ACCOUNT}
    unknown = ("sourceip", "useragent", "userid", "sourcevpc", "sourcevpce", "vpcsourceip", "referer", "calledvia")
    return Partial(common() | {"aws:tokenissuetime": None} | known | {f"aws:{name}": None for name in unknown})


def of_service(service: str, source: str | None = None) -> Partial:
    """What is known of a service's own call for a source, such as a rule, by the ARN of that."""
    return Partial(common() | {"aws:tokenissuetime": None} | by_service(service, source))


def by_service(service: str, source: str | None) -> dict[str, str | None]:
    """The keys that tell of the service that calls, and for what, by the ARN of that."""
    account = source.split(":")[4] if source and source.count(":") >= 5 else ACCOUNT
    by = {"aws:principalservicename": service, "aws:principalisawsservice": "true"}
    return by | {"aws:sourceaccount": account or ACCOUNT, "aws:sourcearn": source}


def service_of(resource: str) -> str:
    """The service in a resource's ARN: "sqs", "lambda"; empty where it is no ARN."""
    return [*resource.split(":"), "", "", ""][2]


def common() -> dict[str, str | None]:
    """The keys of every call. An SDK calls AWS by HTTPS, so the emulator's calls count as that."""
    now = datetime.now(UTC)
    times = {"aws:currenttime": now.isoformat(), "aws:epochtime": str(now.timestamp())}
    return {**times, "aws:securetransport": "true", "aws:requestedregion": REGION}
