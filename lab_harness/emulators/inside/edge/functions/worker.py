"""The process in which CloudFront Functions run, one after the other, each in an engine of its own: a script.

Each line on standard input is what one call needs; each line on standard output tells what came of it. The engine has
no way to a file, to the network or to this program: nothing of Python's is given to it. What the engine itself does
not stop, such as a search through a long text, the system stops by ending this process, which takes processor time
alone for its measure; where the system cannot, the emulator does.
"""

import json
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(sys.argv[0]).parent / "code"))  # where the room's walls hide all other packages

import _quickjs as quickjs

LARGEST_STACK = 256 * 1024  # bytes
IMPORT = re.compile(
    r"((?:^|(?<=;))[ \t]*)import\s+(?:\*\s*as\s+(\w+)|\{([^}]*)\}|(\w+))\s+from\s+(['\"])([^'\"\n]+)\5[ \t]*;?",
    re.MULTILINE,
)
BOX = Path(sys.argv[0]).parent / "code"


def required(found: re.Match[str]) -> str:
    """An import as a call of `require`, for the engine has no loader."""
    space, whole, parts, default, _, name = found.groups()
    names = "{" + re.sub(r"\s+as\s+", ": ", parts).replace("\n", " ") + "}" if parts is not None else whole or default
    lines = "\n" * found.group().count("\n")
    return f"{space}const {names} = require({json.dumps(name)});{lines}"


def new_engine() -> tuple[Any, Any]:
    """An engine with the runtime in it, and the function that the runtime evaluates to."""
    engine = quickjs.Context()
    return engine, engine.eval(RUNTIME)


class BoundedCall:
    """One call of a function within its limits."""

    def __init__(self, engine: Any, runtime: Any, asked: dict[str, Any]) -> None:
        self.engine, self.runtime, self.asked = engine, runtime, asked
        self.left = asked["seconds"]

    def spend(self, do: Callable[..., Any], *given: Any) -> Any:
        """Do something in the engine and take its time from what is left."""
        if self.left <= 0:
            raise TimeoutError
        self.engine.set_time_limit(self.left)
        started = time.process_time()
        try:
            return do(*given)
        finally:
            self.left -= time.process_time() - started

    def make(self) -> dict[str, Any]:
        """What came of it: a state, an answer or an error, what was logged, the share of the time that was used."""
        asked = self.asked
        self.runtime("prepare", asked["runtime"], str(asked["now"]), asked["stores"])
        used = self.engine.memory()["memory_used_size"]
        self.engine.set_memory_limit(used + asked["bytes"])
        self.engine.set_max_stack_size(LARGEST_STACK)
        try:
            state, answer = self.run()
            if state == "failed":
                state, answer = stopped(answer)
        except TimeoutError:
            state, answer = "throttled", "time"
        except Exception as error:  # the engine's, of whatever kind
            state, answer = stopped(str(error))
        self.engine.set_memory_limit(-1)
        self.engine.set_time_limit(-1)
        share = 1 - max(0.0, self.left) / asked["seconds"]
        return {"state": state, "answer": answer, "logs": self.runtime("logs"), "used": share}

    def run(self) -> tuple[str, str]:
        """Load the function and call its handler, to the end of all that it waits for."""
        self.spend(self.engine.eval, IMPORT.sub(required, self.asked["code"]) + "\n;null")
        handler = self.spend(self.engine.eval, "typeof handler === 'function' ? handler : null")
        if handler is None:
            raise ValueError("ReferenceError: the function has no handler")
        self.spend(self.runtime, "run", handler, self.asked["event"])
        while self.spend(self.engine.execute_pending_job):
            pass
        return self.runtime("state"), self.runtime("answer")


def stopped(words: str) -> tuple[str, str]:
    """Why the engine gave up."""
    if words.startswith("InternalError: interrupted"):
        return "throttled", "time"
    if words.startswith("InternalError: out of memory") or words.strip() in ("", "null"):
        return "throttled", "memory"
    return "failed", words


def end_after(seconds: float) -> None:
    """Have the system end this process after so many seconds of work; 0 takes that back. Windows cannot."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def main() -> None:
    """Answer until standard input closes. The next engine is made while nobody waits."""
    ready = new_engine()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        end_after(asked["ended"])
        told = BoundedCall(*ready, asked).make()
        end_after(0)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        ready = new_engine()


RUNTIME = (BOX / "runtime.js").read_text(encoding="utf-8")
main()
