"""A server on real sockets that fails in every way a provider can, on request.

    with FaultServer() as server:
        base_url = server.url_for("reset_midstream;after=3")

The fault is chosen by the path, as `url_for` writes it, or by the model's name ("quota"); any other
model is answered soundly. Options follow the name, each after a semicolon. Everything is scripted
in `scenarios.py`. `python -m tests.faults.server` runs it until Ctrl-C.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import quote, unquote

from .asked import Asked
from .scenarios import SCENARIOS, describe, pretty

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType


class Received(NamedTuple):
    """A request as it came in; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """Parse the body."""
        value: dict[str, object] = json.loads(self.body or b"{}")
        return value


class Peer:
    """One connection, as the scenarios see it; sending to a client that is gone does nothing."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        """Serve `sock` until `stopped` is set."""
        self.sock = sock
        self.request = Received("", {}, b"")
        self.open = True
        self._stopped = stopped

    def send(self, data: bytes) -> bool:
        """Send; returns whether the client is still there."""
        try:
            self.sock.sendall(data)
        except OSError:
            self.open = False
        return self.open and not self._stopped.is_set()

    def wait(self, seconds: float) -> bool:
        """Pause; returns whether the client has gone or the server is stopping."""
        until = time.monotonic() + seconds
        while self.open and (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self.sock], [], [], min(left, 0.05))
            if self._stopped.is_set() or (readable and not self._peek()):
                self.open = False
        return not self.open

    def _peek(self) -> bytes:
        try:
            return self.sock.recv(1, socket.MSG_PEEK)
        except OSError:
            return b""

    def answer(
        self,
        body: bytes,
        *,
        status: int = 200,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a whole answer."""
        fields = {
            "content-type": kind,
            "content-length": str(len(body)),
            "date": formatdate(usegmt=True),
        } | dict(headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + body)

    def json(self, value: object) -> None:
        """Send a whole answer in JSON."""
        self.answer(pretty(value))

    def error(
        self, status: int, error: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> None:
        """Send an error as the OpenAI API does."""
        self.answer(pretty({"error": error}), status=status, headers=headers)

    def begin_stream(self, kind: str = "text/event-stream") -> None:
        """Begin a chunked answer."""
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        self.send(head.encode())

    def piece(self, data: bytes) -> bool:
        """Send a chunk; returns whether the client is still there."""
        return self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def end_stream(self) -> None:
        """End a chunked answer."""
        self.send(b"0\r\n\r\n")

    def close(self) -> None:
        """Close the connection as if the server had died."""
        self.open = False

    def reset(self) -> None:
        """Reset the connection: the client sees ECONNRESET, not an end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False


class FaultServer:
    """A context manager; leaving it ends every connection and joins every thread.

    `requests` holds what was received, in order; `connections` counts what was accepted.
    """

    def __init__(self, port: int = 0) -> None:
        """Listen on a free port of 127.0.0.1, or on `port`."""
        self.requests: list[Received] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._peers: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.origin}/v1"
        self._accepting = threading.Thread(target=self._accept, name="faults")
        self._accepting.start()

    def url_for(self, fault: str) -> str:
        """Return a base URL at which every request meets `fault`, "quota" or "status;code=418".

        Options that a fault does not know change nothing: "quota;run=7" tells requests apart.
        """
        name = fault.partition(";")[0]
        if name not in SCENARIOS:
            raise KeyError(name)
        return f"{self.origin}/{quote(fault, safe='')}/v1"

    def hits(self, fault: str) -> int:
        """How many requests came to `url_for(fault)`."""
        start = f"/{quote(fault, safe='')}/"
        with self._lock:
            return sum(one.path.startswith(start) for one in self.requests)

    @property
    def open_connections(self) -> int:
        """How many clients are connected now."""
        with self._lock:
            return len(self._peers)

    def close(self) -> None:
        """Stop; twice is fine."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for peer in self._peers:
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._peers.add(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), name="faults-peer")
            self._threads = [one for one in self._threads if one.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = Peer(sock, self._stopped)
        try:
            with contextlib.suppress(OSError):
                while peer.open and not self._stopped.is_set():
                    received = _receive(sock)
                    if received is None:
                        return
                    self._answer(peer, received)
        finally:
            with self._lock:
                self._peers.discard(sock)
            sock.close()

    def _answer(self, peer: Peer, received: Received) -> None:
        peer.request = received
        with self._lock:
            self.requests.append(received)
        body = received.json()
        first, _, rest = received.path.removeprefix("/").partition("/")
        model = str(body.get("model", ""))
        name, options = _parse(unquote(first) if rest.startswith("v1") else model)
        api = _api_at(received.path.partition("?")[0])
        streams = bool(body.get("stream")) or ":streamGenerateContent" in received.path
        SCENARIOS.get(name, SCENARIOS["normal"])(peer, Asked(api, streams, model, options))


def _api_at(path: str) -> str:
    """Tell the APIs apart as their servers do."""
    if "GenerateContent" in path or path.endswith(":generateContent"):
        return "gemini"
    last = path.rpartition("/")[2]
    return last if last in {"responses", "messages"} else "chat"


def _receive(sock: socket.socket) -> Received | None:
    """Read one request; None when the client is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more or more[:1] == b"\x16":  # gone, or it wants TLS
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    length = int(headers.get("content-length", 0))
    parts = [body]
    missing = length - len(body)
    while missing > 0:
        more = sock.recv(65536)
        if not more:
            return None
        parts.append(more)
        missing -= len(more)
    return Received(first.split(" ")[1], headers, b"".join(parts))


def _parse(fault: str) -> tuple[str, dict[str, str]]:
    """Split "rate_limit;retry_after=3" into name and options."""
    name, *options = fault.split(";")
    pairs = (option.partition("=") for option in options)
    return name, {key: value for key, _, value in pairs}


def main() -> None:
    """Serve until Ctrl-C."""
    with FaultServer(8099) as server:
        print(f"{server.base_url}   (the fault is the model's name)\n{describe()}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
