"""How much memory a Python function uses; one that uses more than it is given ends at once, as on AWS.

Its code stands before worker.py's in the script that each function's process runs. A process begins with what
Python holds and, in a grading room, its parent; what counts is what came since, and what Lambda's own Python holds.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html (2026)
"""

import os
import signal
import threading
import time
from contextlib import suppress

RUNTIME = 30  # MB that a Python function which does nothing has used, by its REPORT on AWS (2026)
SDK_AHEAD = 32  # MB that Python takes to import boto3 and make a client, where it had before this process was forked
BETWEEN_LOOKS = 0.02  # seconds
MB = 1024 * 1024
# The last line of its log, which runtime.py knows it by.
KILLED = "RequestId: {} Error: Runtime exited with error: signal: killed"


def measured() -> tuple[int, int]:
    """The bytes that this process holds now, and the most that it has held; 0 where the system does not tell."""
    # Linux: getrusage would count what the emulator held when it started this process.
    with suppress(OSError, ValueError), open("/proc/self/status") as status:  # noqa: PTH123  no pathlib in a cold start
        lines = dict(line.split(":", 1) for line in status if line.startswith(("VmHWM:", "VmRSS:")))
        return int(lines["VmRSS"].split()[0]) * 1024, int(lines["VmHWM"].split()[0]) * 1024
    try:
        import resource  # not on Windows
    except ImportError:
        return 0, 0
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    return highest, highest


class Memory:
    """The memory of this process, in MB; while it `runs` a request it ends where that is more than `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._began, self._highest_before = measured()
        self._request = ""
        self._ahead = 0
        self._running = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def runs(self, request: str) -> None:
        """A request begins, by its id."""
        self._request = request
        self._running.set()

    def waits(self) -> int:
        """The request is over: the most that this process has used so far, 0 where the system does not tell."""
        self._running.clear()
        used = self.used()
        if used > self._limit:
            self.end()
        return used

    def used(self) -> int:
        """The most that this process has used so far."""
        now, highest = measured()
        if not highest:
            return 0
        most = highest if highest > self._highest_before else now
        return RUNTIME + self._ahead + max(0, most - self._began) // MB

    def takes_sdk(self) -> None:
        """The function uses AWS's SDK, which was loaded before this process was forked."""
        self._ahead = SDK_AHEAD

    def _watch(self) -> None:
        while self._running.wait():
            if self.used() > self._limit and self._running.is_set():
                self.end()
            time.sleep(BETWEEN_LOOKS)

    def end(self) -> None:
        """End this process, and say why."""
        os.write(2, f"{KILLED.format(self._request)}\n".encode())
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
