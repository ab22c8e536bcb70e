"""A stand-in for a GPT server, on this machine: it streams five tokens, then hangs up."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

TOKENS = ("Plants", " make", " sugar", " out", " of")
PAUSE_S = 0.15


class Handler(BaseHTTPRequestHandler):
    """Answers like OpenAI's chat completions, as far as it gets."""

    def do_POST(self) -> None:
        """Stream the tokens and leave, without a finish reason and without [DONE]."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for token in TOKENS:
            chunk = {"choices": [{"index": 0, "delta": {"content": token}}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            time.sleep(PAUSE_S)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""


@contextmanager
def stand_in() -> Generator[str]:
    """Serve on a free port of 127.0.0.1; yields the base URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
