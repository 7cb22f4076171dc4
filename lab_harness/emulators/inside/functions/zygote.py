"""The warm process from which the processes of Python functions are forked: Python and AWS's SDK, and nothing else.

Run as `python -P zygote.py FD`, a script of its own with the standard library only. Each message on the socket
FD names the folder of one of MiniStack's workers and says whether its function uses the SDK, and brings its standard
input, output and error and a leash: a socket which is told the exit code, and whose closing ends the function.

What is one function's never enters this process, so no other can find it in its memory: the variables, credentials
among them, come on the function's own standard input. A grading room forks its functions by the same code.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple, NoReturn

LONGEST_REQUEST = 16 * 1024  # bytes
READY = b"ready"
SCRIPT = "_worker.py"  # in a worker's folder, beside `code`
SHOWN = "/var/lambda/" + SCRIPT  # what tracebacks call it, wherever it is
LAYERS = "_LAMBDA_LAYERS_DIRS"  # MiniStack's variable for the folders of a function's layers


class Request(NamedTuple):
    """The emulator's request to start the process of a function."""

    folder: str
    uses_sdk: bool
    descriptors: tuple[int, int, int]
    leash: socket.socket

    def close(self) -> None:
        """Close what came with it."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.leash.close()


def read_request(requests: socket.socket) -> Request | None:
    """The next request; None if the emulator has ended."""
    while True:
        try:
            text, descriptors, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 4)
        except OSError:
            return None
        if not text:
            return None
        if len(descriptors) == 4:
            fields = json.loads(text)
            first, second, third, leash = descriptors
            return Request(fields["folder"], fields["uses_sdk"], (first, second, third), socket.socket(fileno=leash))
        for each in descriptors:  # Too many are open here for the others; that function's pipes are closed.
            os.close(each)


def serve_function(request: Request, shown_as: str, sdk: frozenset[str], known: frozenset[str] | None = None) -> None:
    """In the forked process: run the function's invocations until its standard input closes.

    Its folder is `shown_as` to it. The packages of the `sdk` wait until the function imports one. Of all others that
    are loaded it finds those that are `known` to functions, None for all.
    """
    for number, descriptor in enumerate(request.descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = Renamed(_text(0, "r", "surrogateescape"), request.folder, shown_as)
    sys.stdout = sys.__stdout__ = _text(1, "w", "surrogateescape")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(2, "w", "backslashreplace", buffering=1)  # type: ignore[misc]
    os.environ.clear()
    os.environ.update(json.loads(sys.stdin.readline()))
    time.tzset()
    code = Path(shown_as, "code")
    os.chdir(code)
    if known is not None:
        _unload(code, sdk, known)
    sys.argv = [f"{shown_as}/{SCRIPT}"]
    sys.path[:] = [shown_as, *(entry for entry in sys.path if entry)]
    program = compiled(Path(sys.argv[0]).read_text(encoding="utf-8"))
    sys.modules["__main__"] = main = ModuleType("__main__")
    main.__file__ = program.co_filename
    if "__mp_main__" in sys.modules:  # multiprocessing's name for it
        sys.modules["__mp_main__"] = main
    vars(main)["LOADED_AHEAD"] = {name: sys.modules.pop(name) for name in _names_in(sdk) if name in sys.modules}
    vars(main)["FINDERS_AHEAD"] = [each for each in sys.meta_path if type(each).__module__.partition(".")[0] in sdk]
    sys.meta_path[:] = [each for each in sys.meta_path if each not in vars(main)["FINDERS_AHEAD"]]
    exec(program, vars(main))  # noqa: S102  the emulator's own


def _text(descriptor: int, mode: str, errors: str, buffering: int = -1) -> Any:
    return open(descriptor, mode, buffering, encoding="utf-8", errors=errors, closefd=False)


@cache
def compiled(script: str) -> CodeType:
    """The program of functions' processes, ready to run. It is the same for all, so it is compiled before the fork."""
    return compile(script, SHOWN, "exec")


class Renamed:
    """A function's standard input. Its first lines name the worker's folder; here it gets its name in the box."""

    def __init__(self, stream: Any, folder: str, shown_as: str) -> None:
        self._stream, self._folder, self._shown_as = stream, folder, shown_as

    def readline(self) -> str:
        return str(self._stream.readline()).replace(self._folder, self._shown_as)

    def __iter__(self) -> Any:
        return iter(self._stream)


def folders(code: Path, environ: Mapping[str, str]) -> list[Path]:
    """Where a function's own modules are: its code, and its layers."""
    layers = [Path(layer, "python") for layer in environ.get(LAYERS, "").split(os.pathsep) if layer]
    installed = [folder for layer in layers for folder in layer.glob("lib/python*/site-packages")]
    return [folder for folder in (code, *layers, *installed) if folder.is_dir()]


def brought(within: list[Path]) -> set[str]:
    """The names of the packages and modules in these folders."""
    return {path.name.partition(".")[0] for folder in within for path in folder.iterdir()}


@cache
def loaded() -> dict[str, list[str]]:
    """The names of the modules that are loaded, by the package that they are in.

    It is found out before the fork: to look at all the names takes half of the time that it takes to unload modules.
    """
    found = defaultdict(list)
    for name in sys.modules:
        found[name.partition(".")[0]].append(name)
    return dict(found)


def _names_in(packages: frozenset[str]) -> list[str]:
    return [name for package in packages for name in loaded().get(package, ())]


def _unload(code: Path, sdk: frozenset[str], known: frozenset[str]) -> None:
    """Unload what a function could not import, and modules that have the same name as one of the function's own.

    With one of these goes the whole SDK, which may have loaded it.
    """
    own = brought(folders(code, os.environ))
    others = frozenset(loaded()) - (known - own - (sdk if known & own else frozenset()))
    for name in _names_in(others - {"sys", "builtins", "__main__"}):
        sys.modules.pop(name, None)


class Forked(NamedTuple):
    """A function's process."""

    number: int
    ended: int  # a descriptor that is readable once it has
    leash: socket.socket

    def end(self) -> None:
        """End it with the processes that it has started, and tell how it ended."""
        os.kill(self.number, signal.SIGKILL)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.number, signal.SIGKILL)
        _, status = os.waitpid(self.number, 0)
        with self.leash, suppress(OSError):
            self.leash.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
        os.close(self.ended)


class Zygote:
    """Forks a process for each function, until the emulator ends."""

    def __init__(self, requests: socket.socket, sdk: frozenset[str], load: Callable[[], None]) -> None:
        self._requests, self._sdk, self._load = requests, sdk, load
        self._running: list[Forked] = []

    def run(self) -> None:
        """Serve until the other end of the socket is closed, then end all functions."""
        os.close(os.pidfd_open(os.getpid()))  # An old Linux has none, and we end: functions are started anew there.
        self._settle()
        self._requests.send(READY)
        while True:
            waiting = select.poll()
            by_descriptor = {each: one for one in self._running for each in (one.ended, one.leash.fileno())}
            for descriptor in (self._requests.fileno(), *by_descriptor):
                waiting.register(descriptor, select.POLLIN)
            ready = {descriptor for descriptor, _ in waiting.poll()}
            for forked in {by_descriptor[descriptor] for descriptor in ready & by_descriptor.keys()}:
                self._running.remove(forked)
                forked.end()
            if self._requests.fileno() in ready and not self._serve():
                break
        for forked in self._running:
            forked.end()

    def _settle(self) -> None:
        """Make what is loaded cheap to share with processes that are forked from now on."""
        loaded.cache_clear()
        loaded()
        gc.collect()
        gc.freeze()  # A collection in a child would copy the pages that it shares with us.

    def _serve(self) -> bool:
        """Start the next function's process; False if the emulator has ended."""
        if (request := read_request(self._requests)) is None:
            return False
        if request.uses_sdk and "boto3" not in sys.modules:
            self._load()
            self._settle()
        with suppress(OSError):  # There may be too many processes or files, or the folder is gone already.
            compiled(Path(request.folder, SCRIPT).read_text(encoding="utf-8"))
            if (number := os.fork()) == 0:
                self._become(request)
            self._running.append(Forked(number, os.pidfd_open(number), request.leash.dup()))
        request.close()
        return True

    def _become(self, request: Request) -> NoReturn:
        """In the forked process: keep nothing of ours open, run the function, and end."""
        code = 1
        try:
            os.setsid()  # so that what it starts ends with it
            low = 3
            for descriptor in sorted(request.descriptors):
                os.closerange(low, descriptor)
                low = descriptor + 1
            os.closerange(low, os.sysconf("SC_OPEN_MAX"))
            serve_function(request, request.folder, self._sdk)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)


if __name__ == "__main__":
    # By their text: as modules they would bring the whole package, which no function may find.
    for each in ("modules.py", "sdk.py"):
        exec(Path(__file__).with_name(each).read_text(encoding="utf-8"))  # noqa: S102
    Zygote(socket.socket(fileno=int(sys.argv[1])), globals()["SDK"], globals()["load"]).run()
