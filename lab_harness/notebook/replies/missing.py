"""What to do where AWS knows nothing of a name: which call lists the names that there are."""

import re
from collections.abc import Iterator
from itertools import pairwise

from botocore import xform_name

from lab_harness.emulators.base import REGION
from lab_harness.notebook.replies.call import MAKING, FailedCall

# The thing that a code names, such as a bucket; any resource is none.
NAMED = re.compile(r"(?:NoSuch|NonExistent)(?P<first>\w+)|\b(?!Resource)(?P<last>\w+?)(?:NotFound|DoesNotExist)")
WORD = re.compile(r"[A-Z]?[a-z]+")


def not_there(call: FailedCall, code: str, message: str) -> str:
    """What to do about a thing that is not there, by the code and the message of AWS's answer."""
    if call.region != REGION:
        return (
            f"This client asks in the Region {call.region}; what you build here is in {REGION}, unless you say "
            "otherwise: make the client without `region_name`."
        )
    known = next((f" (`{xform_name(name)}` lists what there is)" for name in _lists(call, code, message)), "")
    return f"There is nothing of this name: compare it letter by letter{known}, or first run the cell that creates it."


def _lists(call: FailedCall, code: str, message: str) -> Iterator[str]:
    """The operations that list things of the kind which is missing."""
    for thing in _things(call, code, message):
        lists = [f"{verb}{thing}{end}" for verb in ("List", "Describe", "Get") for end in ("s", "es")]
        lists += [f"List{thing[:-1]}ies"] if thing.endswith("y") else []
        yield from (name for name in lists if name in call.operations)


def _things(call: FailedCall, code: str, message: str) -> Iterator[str]:
    """What may be missing: what the code says, or the message, such as the log group, or what the call is about."""
    if named := NAMED.search(code):
        yield (named["first"] or named["last"]).removesuffix("Exception")
    words = [word.capitalize() for word in WORD.findall(message)]
    for first, second in pairwise([*words, ""]):
        yield from (first + second, first)
    # What a call makes is not there yet; it is something else that is missing.
    if not call.operation.startswith((*MAKING, "Put")):
        yield re.sub("^[A-Z][a-z]+", "", call.operation)
