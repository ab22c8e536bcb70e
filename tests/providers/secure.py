"""A certificate made for a test, and ports that speak TLS or CONNECT in front of another port."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

OPENSSL = shutil.which("openssl")


def make_certificate(folder: Path) -> Path:
    """Make a key and a certificate in one file; the certificate alone is beside it, in .crt."""
    path = folder / "both.pem"
    names = "subjectAltName=DNS:localhost,DNS:upstream.example,DNS:*.example.com,IP:127.0.0.1"
    subprocess.run(
        [
            *(str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", names),
            *("-keyout", str(path), "-out", f"{path}.crt"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + path.with_name("both.pem.crt").read_bytes())
    return path


class Port:
    """A port of this machine; `serve` answers each connection in a thread of its own."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self._run(self._accept)

    def close(self) -> None:
        """Close everything and join every thread."""
        shut_down(self._listener)
        self._listener.close()
        for one in self._sockets:
            shut_down(one)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()

    def _run(self, target: Callable[..., None], *args: socket.socket) -> None:
        self._threads.append(threading.Thread(target=target, args=args))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self._sockets.append(plain)
                self._run(self._serve, plain)

    def _serve(self, plain: socket.socket) -> None:
        with plain, suppress(OSError):
            self.serve(plain)

    def serve(self, plain: socket.socket) -> None:
        """Answer one connection."""
        raise NotImplementedError

    def join(self, outer: socket.socket, port: int) -> None:
        """Pass everything on between `outer` and the port of this machine."""
        inner = socket.create_connection(("127.0.0.1", port))
        self._sockets += [outer, inner]
        self._run(pump, outer, inner)
        pump(inner, outer)


class Tunnel(Port):
    """A port that speaks TLS and passes everything on to the port `target`."""

    def __init__(self, certificate: Path, target: int) -> None:
        """Begin to listen."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._target = target
        super().__init__()

    def serve(self, plain: socket.socket) -> None:
        """Shake hands and pass on."""
        self.join(self._context.wrap_socket(plain, server_side=True), self._target)


class ConnectProxy(Port):
    """A proxy that tunnels to the port `target`, whatever it is asked for, and writes that down."""

    def __init__(self, target: int, *, answer: bytes = b"", user: str = "") -> None:
        """`answer` is sent in place of a tunnel; `user` is "name:password" if it wants one."""
        self.asked: list[str] = []
        self.hang = False
        self._target = target
        self._answer = answer
        self._wanted = f"Basic {base64.b64encode(user.encode()).decode()}" if user else ""
        super().__init__()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def serve(self, plain: socket.socket) -> None:
        """Read the request's head, and open the tunnel or refuse it."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = plain.recv(65536)
            if not data:
                return
            head += data
        first, *lines = head.decode("ascii").split("\r\n")
        self.asked.append(first)
        fields = dict(line.split(": ", 1) for line in lines if line)
        if self.hang:
            plain.recv(1)
        elif self._answer:
            plain.sendall(self._answer)
        elif fields.get("Proxy-Authorization", "") != self._wanted:
            plain.sendall(b"HTTP/1.1 407 Who are you\r\n\r\n")
        else:
            plain.sendall(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n")
            time.sleep(0.01)  # an answer may come in pieces
            plain.sendall(b"\r\n")
            self.join(plain, self._target)


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass everything on until either side ends."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    shut_down(source)
    shut_down(sink)


def shut_down(one: socket.socket) -> None:
    """End what is under way on a socket."""
    with suppress(OSError):
        socket.socket.shutdown(one, socket.SHUT_RDWR)
