"""What a check may do with the emulator's time: read it, and need not wait for what it has sent itself."""

import time

from lab_harness.emulators.base import Emulator


class Clock:
    """The emulator's time: what a check gets that has a parameter `clock`.

    A check never moves it: that would move all that the learner has. `hasten` concerns what checks have sent, alone.

        def bad_messages_are_set_aside(sqs, clock=no_clock):
            ...  # send messages that fail
            eventually(lambda: expect_dead(sqs, clock), within=UNTIL_DEAD)  # calls clock.hasten(QUEUE) each time
    """

    def __init__(self, emulator: Emulator | None) -> None:
        self._emulator = emulator

    def now(self) -> float:
        """The emulator's time, in seconds since 1970; it may be ahead of the computer's."""
        return self._emulator.now() if self._emulator else time.time()

    def hasten(self, queue: str) -> None:
        """Let the messages that checks sent to a queue, and that failed, be received again now.

        They need not wait for the visibility timeout; the rest is the queue's and the event source mapping's usual
        course. A message that a function has at present is left alone. Without effect on LocalStack: there the check
        waits.
        """
        if self._emulator:
            self._emulator.hasten(queue)

    def hasten_events(self) -> None:
        """Let Lambda try the events again now that checks have sent, and that failed, without its waits of minutes.

        Objects and messages that a check uploads or publishes send such events, too. Without effect on LocalStack.
        """
        self.hasten_executions()

    def hasten_executions(self) -> None:
        """Let the executions that checks have started go on that are in a Wait state, or pause before a retry.

        The helpers of `executions` and `task_tokens` do so themselves. Without effect on LocalStack.
        """
        if self._emulator:
            self._emulator.hasten()


# The parameter's default, for a test that calls a check by itself.
no_clock = Clock(None)
