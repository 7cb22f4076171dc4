"""Tests for a room's emulator: whatever the learner's does, it does, although MiniStack is loaded before it begins."""

import subprocess
import sys

NAMES = """
import sys, wrapt
def changed():
    modules = [module for name, module in sys.modules.items() if name.startswith("ministack.")]
    found = {f"{module.__name__}.{name}" for module in modules for name, value in vars(module).items()
             if isinstance(value, wrapt.FunctionWrapper | wrapt.ObjectProxy)}
    print("\\n".join(sorted(found)))
"""
BEGIN = """
from pathlib import Path
from lab_harness.emulators.inside.server import LabEmulator
from lab_harness.grading.room import emulator
def begin():
    LabEmulator("token", "secret", Path(sys.argv[1]), emulator.Unsaved(Path(sys.argv[1])))
"""
ROOMS = "emulator.preload(); begin()"
LEARNERS = "emulator.configure(1, Path(sys.argv[1])); begin(); emulator.preload()"


def changed(order, folder):
    """The names, in all of MiniStack's modules, that stand for something that we have changed."""
    command = [sys.executable, "-c", f"{NAMES}{BEGIN}\n{order}\nchanged()", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_in_a_room_everything_is_changed_that_is_in_the_learners_emulator(tmp_path):
    names = changed(LEARNERS, tmp_path)
    assert {"ministack.services.lambda_svc.acquire_worker", "ministack.services.sqs.time"} <= set(names)
    assert changed(ROOMS, tmp_path) == names
