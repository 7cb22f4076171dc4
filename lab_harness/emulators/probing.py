"""Finds out by asking whether an emulator has a service that it does not list."""

import re
from collections.abc import Iterator
from typing import Any

from lab_harness.emulators.base import REGION
from lab_harness.emulators.credentials import DUMMY
from lab_harness.errors import EmulatorNotReady

READS = re.compile("(List|Describe|Get)[A-Z]")
MOST_QUESTIONS = 5  # an emulator may have a service, but not this or that operation of it
TIMEOUT = 20  # seconds: LocalStack loads a service as it is first asked for


def has(endpoint: str, service: str) -> bool:
    """Whether what answers at an endpoint has a service, by boto3's name for it.

    It is asked questions that change nothing, until it answers one. A refusal is an answer, too. Raises
    EmulatorNotReady when nothing answers.
    """
    client = _client(service, endpoint)
    asked = sorted(questions(client.meta.service_model), key=lambda question: (len(question[0]), question[0]))
    return any(_answers(client, *question) for question in asked[:MOST_QUESTIONS])


def _client(service: str, endpoint: str) -> Any:
    import botocore.session
    from botocore.config import Config

    session = botocore.session.Session()
    session.set_credentials(DUMMY.access_key_id, DUMMY.secret_access_key)
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=TIMEOUT,
        read_timeout=TIMEOUT,
        proxies={},
        inject_host_prefix=False,  # which would make the endpoint's name another, that is not this machine
    )
    return session.create_client(service, REGION, endpoint_url=endpoint, config=config)


def questions(model: Any) -> Iterator[tuple[str, dict[str, int | str]]]:
    """The operations that only read, and need nothing but numbers, as of how much they are to tell, and known words."""
    for name in filter(READS.match, model.operation_names):
        shape = model.operation_model(name).input_shape
        needed = {member: _least(shape.members[member]) for member in (shape.required_members if shape else [])}
        if all(needed.values()):
            yield name, needed


def _least(shape: Any) -> int | str:
    """1 for a number, the first of a member's words; "" where anything can be meant."""
    return 1 if shape.type_name == "integer" else next(iter(getattr(shape, "enum", [])), "")


def _answers(client: Any, operation: str, parameters: dict[str, int | str]) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    from lab_harness.answers import is_no_answer  # which loads botocore

    try:
        answer = client._make_api_call(operation, parameters)
    except ClientError as error:
        return not is_no_answer(error)
    except (ResponseParserError, LookupError, ValueError, AttributeError, TypeError):
        return False  # no answer of AWS's
    except BotoCoreError as error:
        raise EmulatorNotReady.stopped(client.meta.endpoint_url) from error
    return "html" not in answer["ResponseMetadata"]["HTTPHeaders"].get("content-type", "")
