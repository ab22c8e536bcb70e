"""What it costs when the network goes and comes back, over real sockets in a network of its own.

`python -m benchmarks.offline` needs Linux, `unshare` and `ip`: it runs in a network namespace in
which two hosts beyond the loopback have names, addresses and TLS servers, until they have not.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import llmroute
from benchmarks.measure import Row, show
from llmroute import Client, policies
from llmroute.testing import ScriptedProvider
from tests.local.tiny_gguf import smollm2_path

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

HOSTS = {"a.example": "10.77.0.1", "b.example": "10.77.0.2"}
PORT = 8443
ADDED_ROUNDS, CALLS, REPAIRS, LOSSES = 7, 200, 10, 10
ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "far"}}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class Answering(BaseHTTPRequestHandler):
    """Answers every POST alike."""

    protocol_version = "HTTP/1.1"
    keeps: ClassVar[bool] = False
    """Whether connections are kept."""

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if not self.keeps:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""


class Host:
    """A host with an address and a server, or one of them lost."""

    def __init__(self, name: str, context: ssl.SSLContext) -> None:
        """Begin without an address."""
        self.name, self.address, self._context = name, HOSTS[name], context
        self._holes = ExitStack()
        self._server: ThreadingHTTPServer | None = None

    def serve(self) -> None:
        """Answer connections."""
        self._holes.close()
        server = self._server = ThreadingHTTPServer((self.address, PORT), Answering)
        server.daemon_threads = True
        server.socket = self._context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def vanish(self) -> None:
        """Leave connections without any answer: the queue of the port is full."""
        self.stop()
        listener = self._holes.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, PORT))
        listener.listen(0)
        for _ in range(2):
            filler = self._holes.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003 - the standard library's signature
            filler.connect_ex((self.address, PORT))
        time.sleep(0.05)

    def stop(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Net:
    """The network of the namespace: addresses, names and servers."""

    def __init__(self, folder: Path) -> None:
        """Begin with everything there."""
        self._names = folder / "hosts"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder))
        self.hosts = [Host(name, context) for name in HOSTS]
        run("ip", "link", "set", "lo", "up")
        self._names.write_text("127.0.0.1 localhost\n")
        run("mount", "--bind", str(self._names), "/etc/hosts")
        self.back()
        for host in self.hosts:
            host.serve()

    def go(self) -> None:
        """Take addresses and names away."""
        for address in HOSTS.values():
            run("ip", "address", "delete", f"{address}/32", "dev", "lo")
        self._names.write_text("127.0.0.1 localhost\n")

    def back(self) -> None:
        """Give them back."""
        for address in HOSTS.values():
            run("ip", "address", "add", f"{address}/32", "dev", "lo")
        lines = [f"{address} {name}\n" for name, address in HOSTS.items()]
        self._names.write_text("127.0.0.1 localhost\n" + "".join(lines))


def run(*words: str) -> None:
    """Run a program; it must succeed."""
    subprocess.run(words, check=True, capture_output=True)


def certificate(folder: Path) -> Path:
    """Make a certificate for the hosts, which is trusted from here on."""
    path, trusted = folder / "both.pem", folder / "trusted.pem"
    names = "subjectAltName=" + ",".join(f"DNS:{name}" for name in HOSTS)
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", "/CN=offline", "-addext", names, "-keyout", str(path), "-out", str(trusted)),
    )
    path.write_bytes(path.read_bytes() + trusted.read_bytes())
    os.environ["SSL_CERT_FILE"] = str(trusted)
    return path


@contextmanager
def client(*, remote: bool = True, engine: bool = False) -> Generator[Client]:
    """A client of both hosts and a local model behind them, or of the local model alone."""
    models = [
        llmroute.model(
            name,
            use="openai-compatible",
            model="m",
            base_url=f"https://{name}:{PORT}/v1",
            key_env="KEY",
        )
        for name in (HOSTS if remote else ())
    ]
    file = smollm2_path() if engine else "here.gguf"
    models.append(llmroute.model("here", use="llama-cpp", file=file, context_tokens=512))
    providers = {} if engine else {"here": ScriptedProvider("here")}
    order = policies.order(*[one.name for one in models])
    with Client(order, models=models, providers=providers) as made:
        yield made


def first_text_s(client: Client) -> tuple[float, float]:
    """Seconds until the first text of a stream, and until it was noticed that nobody answers."""
    begun = time.monotonic()
    with client.stream("Say yes.", max_tokens=4, temperature=0.0) as stream:
        next(stream.text)
        first_s = time.monotonic() - begun
        list(stream)
    failed = [one.ended_s for one in stream.reply.attempts if one.fault is not None]
    assert stream.reply.model.name == "here"
    return first_s, max(failed, default=0.0)


def gone(client: Client) -> bool:
    """Whether plans refuse remote models for want of a network."""
    return any(one.rule == "offline" for one in client.plan("hi").refused)


def until(true: Callable[[], bool]) -> float:
    """Seconds until something is so."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() < begun + 60.0
        time.sleep(0.002)
    return time.monotonic() - begun


def lost(net: Net) -> list[Row]:
    """How soon the local model, loaded, speaks in the first call after a loss."""
    with client(engine=True) as one, client(remote=False, engine=True) as alone:
        figures: dict[str, list[float]] = {"first": [], "after": [], "next": [], "alone": []}
        for _ in range(LOSSES):
            until(lambda: one.chat("hi").model.name != "here")
            figures["alone"].append(first_text_s(alone)[0])
            one.chat("Say yes.", model="here", max_tokens=4)
            net.go()
            first_s, noticed_s = first_text_s(one)
            figures["first"].append(first_s)
            figures["after"].append(first_s - noticed_s)
            until(lambda: gone(one))
            figures["next"].append(first_text_s(one)[0])
            net.back()
            until(lambda: not gone(one))
    millis = {name: [one * 1e3 for one in values] for name, values in figures.items()}
    middle = {name: statistics.median(values) for name, values in millis.items()}
    beside = f"local model alone {middle['alone']:.0f} ms; least {min(millis['first']):.0f}"
    return [
        Row("first text after the loss was noticed", middle["after"], "ms", 300.0, beside),
        Row("the same, from the beginning of the call", middle["first"], "ms"),
        Row("first text of the next call", middle["next"], "ms"),
    ]


def added(net: Net) -> Row:
    """What a call costs more, offline, for the remote models that its plan refuses."""
    with client() as one, client(remote=False) as alone:
        net.go()
        one.chat("hi")
        until(lambda: gone(one))
        more: list[float] = []
        for _ in range(ADDED_ROUNDS):
            seconds: list[float] = []
            for asked in (one, alone):
                begun = time.perf_counter()
                for _ in range(CALLS):
                    assert asked.chat("hi").text == "here"
                seconds.append((time.perf_counter() - begun) / CALLS)
            more.append((seconds[0] - seconds[1]) * 1e3)
        net.back()
    return Row("added to each call afterwards", statistics.median(more), "ms", 1.0)


def repaired(net: Net) -> Row:
    """How soon remote models are planned again, from any moment of the probe's pauses."""
    with client() as one:
        waits: list[float] = []
        for number in range(REPAIRS):
            net.go()
            one.chat("hi")
            until(lambda: gone(one))
            time.sleep(14.0 * number / REPAIRS)
            net.back()
            waits.append(until(lambda: not gone(one)))
            assert one.chat("hi").text == "far"
    detail = f"median {statistics.median(waits):.2f} s of {REPAIRS}, after 0 to 14 s"
    return Row("back after a repair, at worst", max(waits), "s", 5.0, detail)


def vanished(net: Net) -> list[Row]:
    """The same for a network that swallows everything."""
    with client() as one:
        for host in net.hosts:
            host.vanish()
        first_s, _ = first_text_s(one)
        until(lambda: gone(one))
        next_s, _ = first_text_s(one)
        waits: list[float] = []
        for number in range(3):
            time.sleep(4.0 * number)
            for host in net.hosts:
                host.serve()
            waits.append(until(lambda: not gone(one)))
            for host in net.hosts:
                host.vanish()
            one.chat("hi")
            until(lambda: gone(one))
        for host in net.hosts:
            host.serve()
        until(lambda: not gone(one))
    return [
        Row("black hole: first text", first_s, "s", detail="two hosts, 2 s to connect to each"),
        Row("black hole: first text of the next call", next_s * 1e3, "ms"),
        Row("black hole: back after a repair, at worst", max(waits), "s", 5.0),
    ]


def kept(net: Net) -> list[Row]:
    """The same when a connection was kept open over the loss."""
    Answering.keeps = True
    with client() as one:
        until(lambda: one.chat("hi").text == "far")
        net.go()
        first_s, _ = first_text_s(one)
        seen_s = until(lambda: gone(one))
        net.back()
        until(lambda: not gone(one))
    return [Row("kept connections: first text", first_s, "s", detail=f"known {seen_s:.2f} s later")]


def threads_of_probes() -> int:
    """How many threads probe."""
    return sum(one.name.startswith("llmroute-") for one in threading.enumerate())


def inside() -> None:
    """Measure, in a namespace of its own."""
    os.environ["KEY"] = "k"
    with tempfile.TemporaryDirectory() as folder:
        net = Net(Path(folder))
        rows = [*lost(net), added(net), repaired(net), *vanished(net), *kept(net)]
        until(lambda: threads_of_probes() == 0)
    print(show(rows, "the network goes and comes back"))


def main() -> None:
    """Measure."""
    unshare = shutil.which("unshare")
    if unshare is None:
        print("there is no unshare here: network namespaces are Linux's")
        return
    words = [unshare, "--user", "--map-root-user", "--net", "--mount"]
    subprocess.run([*words, sys.executable, "-m", "benchmarks.offline", "inside"], check=True)


if __name__ == "__main__":
    inside() if sys.argv[1:] == ["inside"] else main()
