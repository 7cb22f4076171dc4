"""The teacher's page: a server on this machine alone, for one browser, which serves no file but three of its own."""

import asyncio
import errno
import json
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler

from lab_harness.course import Course
from lab_harness.errors import CourseError, HarnessError, UsageError
from lab_harness.grading.ending import ended_in_order
from lab_harness.grading.remarks import Said, comment_in, points_in
from lab_harness.grading.results.pages import ASSETS, render
from lab_harness.grading.results.row import Row
from lab_harness.grading.review.class_work import ClassWork
from lab_harness.grading.review.guard import ENTER, HEADERS, Guard
from lab_harness.grading.review.views import NOTHING_TYPED, Typed, class_page, href, in_order, work_page
from lab_harness.lab.file import MIB

LOOPBACK = "127.0.0.1"
LONGEST_FORM = MIB
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
OWN = ("page.css", "review.css", "review.js")  # the files that are served


def serve(results: Path, course: Course, class_file: Path | None, port: int, say: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C. Raises UsageError or CourseError where it cannot be begun."""
    class_work = ClassWork(results, course, class_file)
    listening = _bound(port)
    guard = Guard(listening.getsockname()[1])
    say(f"Open {guard.address}")
    say(f"What you type goes into {class_work.remarks_file}. Ctrl-C ends it.")
    with ended_in_order(), suppress(KeyboardInterrupt):
        asyncio.run(_run(application(class_work, guard), listening))
    say(class_work.write() or "Ended.")


def application(class_work: ClassWork, guard: Guard) -> Application:
    """The page of a class."""
    given = {"class_work": class_work, "guard": guard}
    return Application(
        [
            (r"/", ClassHandler, given),
            (r"/enter", EnterHandler, given),
            (r"/work/([^/]+)/([^/]+)", WorkHandler, given),
            (rf"/({'|'.join(OWN)})".replace(".", r"\."), OwnFileHandler, given),
        ],
        default_handler_class=NothingHandler,
        default_handler_args=given,
        log_function=lambda handler: None,  # addresses hold names, and the token
    )


async def _run(served: Application, listening: socket.socket) -> None:
    server = HTTPServer(served, max_buffer_size=LONGEST_FORM, max_body_size=LONGEST_FORM)
    server.add_socket(listening)
    await asyncio.Event().wait()


def _bound(port: int) -> socket.socket:
    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(f"Port {port} is taken; name another, or none: then a free one is found.") from error
        raise CourseError(f"Port {port} cannot be used: {error.strerror}.") from error
    listening.setblocking(False)
    return listening


class Handler(RequestHandler):
    """What all answers share: who may ask, and that nothing from elsewhere is let into a page."""

    def initialize(self, class_work: ClassWork, guard: Guard) -> None:
        self.class_work, self.guard = class_work, guard

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        if why := self.guard.refusal(self.request, self.get_cookie(self.guard.cookie) or ""):
            raise HTTPError(403, reason=why)
        self.class_work.refresh()

    def write_error(self, status_code: int, **told: Any) -> None:
        """A page with one sentence; what went wrong inside is no browser's business."""
        error = told.get("exc_info", (None, None))[1]
        words = str(error) if isinstance(error, HarnessError) else self._reason
        self.set_status(status_code)
        self.finish(render("review_message.html", words=words, home=status_code != 403))

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        if not isinstance(error, (HTTPError, HarnessError)):
            super().log_exception(kind, error, trace)


class NothingHandler(Handler):
    """Any other address."""

    def prepare(self) -> None:
        super().prepare()
        raise HTTPError(404, reason="There is nothing at this address.")


class EnterHandler(Handler):
    """Lets the browser in that shows the token, and hides the token from then on."""

    def prepare(self) -> None:
        if not self.guard.is_for_us(self.request):
            raise HTTPError(403, reason=ENTER)

    def get(self) -> None:
        if not self.guard.opens(self.get_query_argument("token", "")):
            raise HTTPError(403, reason=ENTER)
        self.set_cookie(self.guard.cookie, self.guard.session, httponly=True, samesite="Strict", path="/")
        # No redirect: where a link in another page was followed, the browser would keep the cookie back.
        self.finish(render("review_enter.html"))


class OwnFileHandler(Handler):
    """Style and script of the page."""

    def get(self, name: str) -> None:
        self.set_header("Content-Type", KINDS[Path(name).suffix])
        self.finish((ASSETS / name).read_bytes())


class ClassHandler(Handler):
    """The table of the class."""

    def get(self) -> None:
        self.finish(class_page(self.class_work, notice=self.class_work.write()))


class WorkHandler(Handler):
    """One piece of work, and what the teacher says of it."""

    def get(self, lab: str, page: str) -> None:
        notice = self.class_work.write()
        saved = self.get_query_argument("saved", "") and not notice
        self._show(self._work(lab, page), notice=notice, saved=saved)

    def post(self, lab: str, page: str) -> None:
        row = self._work(lab, page)
        if not self.guard.knows_form(self.get_body_argument("key", "")):
            raise HTTPError(403, reason="This form is of an earlier run; open the page again.")
        typed = {task: (self._typed("points", task), self._typed("comment", task)) for task in self._tasks(row)}
        try:
            before = _known(self.get_body_argument("before", ""), typed)
            changes = {task: (before[task], _said(task, *texts)) for task, texts in typed.items()}
            others = self.class_work.save(row, changes)
        except HarnessError as error:
            self.set_status(409)
            return self._show(row, Typed(typed, error=str(error)))
        if others:
            self.set_status(409)
            return self._show(self._work(lab, page), Typed(typed, others))
        self.class_work.write()
        return self.redirect(self._next() or f"{href(row)}?saved=1", status=303)

    def _show(self, row: Row, typed: Typed = NOTHING_TYPED, **values: Any) -> None:
        usual = {"notice": "", "saved": False, "key": self.guard.form_key}
        self.finish(work_page(self.class_work, row, typed, **usual | values))

    def _work(self, lab: str, page: str) -> Row:
        row = self.class_work.work(lab, page)
        if row is None or row.lab not in self.class_work.releases:
            raise HTTPError(404, reason="There is no such work.")
        return row

    def _tasks(self, row: Row) -> list[str]:
        return ["", *(task.id for task in self.class_work.releases[row.lab].lab.tasks if not task.apart)]

    def _typed(self, what: str, task: str) -> str:
        return self.get_body_argument(f"{what}-{task}", "")

    def _next(self) -> str:
        """Where the teacher goes on, if it is a piece of work."""
        wanted = self.get_body_argument("then", "")
        return wanted if wanted in {href(row) for row in in_order(self.class_work)} else ""


def _said(task: str, points: str, comment: str) -> Said:
    return Said(points_in(points.strip(), task), comment_in(comment))


def _known(text: str, tasks: Iterable[str]) -> dict[str, Said]:
    """What was said of the tasks when the page was made, as the page tells it."""
    try:
        told = json.loads(text)
        return {task: Said(*told[task]) for task in tasks}
    except (ValueError, TypeError, LookupError) as error:
        raise UsageError("The form is not whole; open the page again.") from error
