"""What the tests wait with."""

import time


def wait_until(look, within=15.0):
    """What `look` returns, as soon as it is true; an AssertionError after so many seconds."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within:g} seconds"
        time.sleep(0.02)
    return found
