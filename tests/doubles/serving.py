"""A double on a real socket of 127.0.0.1, for clients that cannot be given a transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

Handle = Callable[[httpx.Request], httpx.Response]


@contextmanager
def serve(handle: Handle) -> Iterator[str]:
    """Give the address at which `handle` answers; an error it raises drops the connection."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = httpx.Request(
                self.command, f"{address}{self.path}", headers=dict(self.headers), content=body
            )
            try:
                response = handle(request)
            except httpx.HTTPError:
                self.close_connection = True
                return
            self.send_response_only(response.status_code)
            self.send_header("Content-Type", "application/json")
            if response.status_code != 204:
                self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 — the names are the library's

        def log_message(self, *_: object) -> None:
            """Say nothing: the path carries a token."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
