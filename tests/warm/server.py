"""The warm process: `python -m tests.warm.server SOCKET` forks for each connection, until its stdin is closed."""

import gc
import os
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module

import botocore.session

from lab_harness.account.services import known_services
from lab_harness.emulators.inside.functions import sdk
from lab_harness.grading.room import zygote
from lab_harness.notebook.panel.live import ASSETS
from lab_harness.render.templates import templates

# Of a kernel's, read when its module is imported: who starts it looks after it; figures go to the notebook.
KERNELS = {"JPY_PARENT_PID": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
USED = ("ipykernel.kernelapp", "ipykernel.ipkernel", "ipywidgets", "lab_harness.cli", "lab_harness.learner.doctor")
USED += ("papermill.cli", "papermill.execute", "pytest")
SERVICES = ("lambda", "iam", "sqs", "sns", "dynamodb", "s3", "logs", "events", "stepfunctions", "apigateway", "sts")


class Server:
    """Forks, tells each stand-in the number of its process and how it ended, and ends whose stand-in has gone."""

    def __init__(self, address):
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(address)
        self.listening.listen()
        self.woken, self.waking = socket.socketpair()
        for each in (self.woken, self.waking):
            each.setblocking(False)
        signal.set_wakeup_fd(self.waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and they us.
        self.running = {}  # the connection by the process's number

    def run(self):
        """Serve until stdin is closed."""
        with selectors.DefaultSelector() as self.looking:
            for each in (self.listening, self.woken, sys.stdin):
                self.looking.register(each, selectors.EVENT_READ)
            print("listening", flush=True)
            while True:
                for key, _ in self.looking.select():
                    if key.fileobj is sys.stdin:
                        return self.end_all()
                    self.answer(key.fileobj)

    def answer(self, ready):
        if ready is self.listening:
            self.begin(self.listening.accept()[0])
        elif ready is self.woken:
            with suppress(BlockingIOError):
                self.woken.recv(4096)
            self.tell_ends()
        else:  # A stand-in sends nothing more, so it has ended.
            number = next(each for each, connection in self.running.items() if connection is ready)
            self.looking.unregister(ready)
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def begin(self, connection):
        length, streams, _, _ = socket.recv_fds(connection, 4, 3)
        message = connection.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
        if (number := os.fork()) == 0:
            become(message.decode("utf-8", "surrogateescape").split("\1"), streams)
        for each in streams:
            os.close(each)
        connection.sendall(number.to_bytes(4, "big"))
        self.running[number] = connection
        self.looking.register(connection, selectors.EVENT_READ)

    def tell_ends(self):
        with suppress(ChildProcessError):
            while True:
                number, status = os.waitpid(-1, os.WNOHANG)
                if not number:
                    return
                with self.running.pop(number) as connection, suppress(OSError, KeyError, ValueError):
                    connection.sendall(status.to_bytes(4, "big"))
                    self.looking.unregister(connection)

    def end_all(self):
        for number in self.running:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def become(asked, streams):
    """Be `python -m module arguments…` with this folder, environment and streams."""
    folder, environ, module, *arguments = asked
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for each in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        for number, each in enumerate(streams):
            os.dup2(each, number)
        os.closerange(3, 1024)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, 1) for number, mode in enumerate("rww"))
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(each.split("=", 1) for each in environ.split("\0") if each)
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def load():
    """Load what kernels and commands use, and the descriptions of AWS's services."""
    os.environ.update(KERNELS)
    sdk.remember()
    for name in (*zygote.USED, *USED):
        with suppress(ImportError):  # as the zygote says
            import_module(name)
    for name in templates(ASSETS).list_templates(["html"]):
        templates(ASSETS).get_template(name)
    known_services()
    session = botocore.session.get_session()
    for service in SERVICES:
        session.create_client(service, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    gc.freeze()  # A collection in a child would copy the pages that it shares with us.


if __name__ == "__main__":
    load()
    Server(sys.argv[1]).run()
