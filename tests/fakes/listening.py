"""Somebody who is posted to, on a real socket and in threads of its own, so that other processes reach it too."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Reply = tuple[int, Mapping[str, str]] | None
"""Status and headers; None hangs up without one."""


class Listening(ABC):
    """The far end of a post, for as long as it is entered.

    Args:
        path: where it is posted to.

    Attributes:
        url: its address.
    """

    def __init__(self, path: str) -> None:
        listening = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                reply = listening.posted({k.lower(): v for k, v in self.headers.items()}, body)
                if reply is None:
                    self.close_connection = True
                    return
                status, headers = reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    @abstractmethod
    def posted(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Say what a post is answered with; the names of ``headers`` are in lower case."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
