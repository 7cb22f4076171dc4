"""A level that refills with time: how much a service still takes at a moment of the emulator's time."""

from dataclasses import dataclass

from lab_harness.emulators.inside.moving_time import clock


@dataclass
class Bucket:
    """What is left at a moment of the emulator's time; less than nothing where one request took more than there was."""

    left: float
    moment: float

    def level(self, rate: float, seconds: float) -> float:
        """What is left now, of so many units a second that are saved up for so many seconds."""
        now = clock.now()
        self.left = min(rate * seconds, self.left + (now - self.moment) * rate)
        self.moment = now
        return self.left
