"""Whether a learner ever had something of a lab in the account, as far as the emulator can tell."""

from lab_harness.account.changes import READS
from lab_harness.emulators.base import Emulator
from lab_harness.lab.labs import Lab


def was_built(lab: Lab, emulator: Emulator) -> bool:
    """Whether the call log has a call of the learner's that changed something which the lab asks for.

    What is removed was there before: AWS refuses to remove what is not. The log keeps the latest calls since the
    emulator was started, and there may be none.
    """
    names = {resource.name for resource in lab.file.resources}
    return any(
        call.caller == "learner" and call.status < 400 and names & {*call.about} and not READS.fullmatch(call.operation)
        for call in emulator.calls() or ()
    )
