"""Tests for short exchanges with an emulator: what is none is not believed, and leads nowhere else."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lab_harness.emulators import exchange
from lab_harness.emulators.exchange import TOKEN_HEADER, call_json
from lab_harness.errors import WrongEmulator


@pytest.fixture
def server():
    """A program of a stranger's on this machine: it redirects, and notes which tokens it gets."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            got.append((self.path, self.headers.get(TOKEN_HEADER)))
            body = b"[1, 2, 3]"
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    got = []
    with HTTPServer(("127.0.0.1", 0), Answers) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", got
        listening.shutdown()


def test_redirect_is_not_followed_and_takes_no_token_along(server):
    address, got = server
    with pytest.raises(WrongEmulator, match="302"):
        call_json(f"{address}/away", headers={TOKEN_HEADER: "secret"})
    assert got == [("/away", "secret")]


def test_answer_that_has_no_end_is_not_read_to_it(server, monkeypatch):
    address, _ = server
    assert call_json(f"{address}/list") == [1, 2, 3]
    monkeypatch.setattr(exchange, "LARGEST_ANSWER", 5)
    with pytest.raises(WrongEmulator, match="more than 0 MiB"):
        call_json(f"{address}/list")
