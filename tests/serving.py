"""Web servers of a test's own."""

import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer


class Quiet:
    """A handler of requests that prints none of them."""

    def log_message(self, *_):
        pass


@contextmanager
def serving(handler):
    """A server on a free port, whose requests this handler answers; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
