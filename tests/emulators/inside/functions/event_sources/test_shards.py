"""Tests for the second day: what mappings have read, and what waits for them, outlives the emulator."""

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port
from tests.emulators.inside.functions.event_sources.conftest import Account
from tests.emulators.inside.functions.event_sources.test_streams import changed, texts, write
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.roles import ready
from tests.waiting import wait_until


def test_mappings_go_on_where_they_were_and_nothing_is_lost(tmp_path):
    """A stream and a table's stream, of which the first records are read on one day, and others written on it."""
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    at = Account(clients=Clients(emulator), emulator=emulator)
    try:
        ready(emulator)
        at.lambda_.create_function(**SETTINGS)
        at.lambda_.get_waiter("function_active_v2").wait(FunctionName="hello", WaiterConfig={"Delay": 0.1})
        uuids = [at.connect(at.stream()), at.connect(at.table())]
        at.put("read")
        write(at, "seen")
        wait_until(lambda: {at.mapping(uuid)["LastProcessingResult"] for uuid in uuids} == {"OK"})
        for uuid in uuids:
            at.lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)
        at.put("unread", key="read")
        write(at, "unseen")
    finally:
        emulator.stop()
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    at = Account(clients=Clients(emulator), emulator=emulator)
    try:
        for uuid in uuids:
            at.lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)
        wait_until(lambda: len(at.events()) == 2)
        of_stream, of_table = sorted(at.events(), key=lambda event: event["Records"][0]["eventSource"], reverse=True)
        assert (texts([of_stream]), changed([of_table])) == ([["unread"]], ["unseen"])
    finally:
        emulator.stop()
