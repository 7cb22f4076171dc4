"""Tries out whether the walls of rooms and boxes can be built on this machine."""

import os

from lab_harness.grading.room import walls
from lab_harness.grading.room.box import Box, Walls
from lab_harness.lab.file import Limits


def try_walls() -> None:
    """Make a room with a box that does nothing. Raises OSError if the machine does not allow that."""
    if os.geteuid() == 0:
        walls.become(walls.ROOM_USERS[0])
    walls.enter_room(1 << 20)
    box = Box(lambda: None, Walls(True, Limits()))
    told = [box.told(), box.told()]
    if {"code": 0} not in told:
        raise OSError(f"a box could not be made: {told}")
