"""Stands for a process that the warm one forks: hands it arguments, environment, folder and streams, passes signals on.

Run as `python -I -S stand_in.py SOCKET MODULE ARGUMENTS…`; it imports little, for it is started often.
"""

import os
import signal
import socket
import sys

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PAUSE = 1.0  # seconds between two looks whether our parent is still there


def main():
    """Ask for the process and end as it does."""
    folder = os.getcwd()  # noqa: PTH109  to import pathlib takes as long as all the rest
    asked = [folder, "\0".join(f"{name}={value}" for name, value in os.environ.items()), *sys.argv[2:]]
    message = "\1".join(asked).encode("utf-8", "surrogateescape")
    server = socket.socket(socket.AF_UNIX)
    server.connect(sys.argv[1])
    with server:
        socket.send_fds(server, [len(message).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(message)
        number = int.from_bytes(server.recv(4), "big")
        for each in PASSED_ON:
            signal.signal(each, lambda got, _frame: os.kill(number, got))
        ended = wait(server, os.getppid())
    if ended is None:
        return 1
    code = os.waitstatus_to_exitcode(ended)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def wait(server, parent):
    """The status with which it ended; None where our parent has ended before: then it ends with our connection."""
    server.settimeout(PAUSE)
    while os.getppid() == parent:
        try:
            return int.from_bytes(server.recv(4), "big")
        except TimeoutError:
            pass
    return None


if __name__ == "__main__":
    sys.exit(main())
