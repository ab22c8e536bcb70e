"""A chat completions server on 127.0.0.1, in a process of its own: `with running() as url`.

It keeps connections alive and does next to nothing for an answer, so that what is measured is the
client. A stream is `CHUNKS` events, each sent by itself.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

CHUNKS = 200
WORD = "word "
USAGE = {"prompt_tokens": 9, "completion_tokens": CHUNKS, "total_tokens": 9 + CHUNKS}
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
STREAMED = re.compile(rb'"stream": ?true')
TOOLED = re.compile(rb'"tools": ?\[')


def _head(content: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content}\r\n".encode()


def _whole() -> bytes:
    """The answer to a call without `stream`."""
    message = {"role": "assistant", "content": WORD * 20}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps(_completion("chat.completion", choice) | {"usage": USAGE}).encode()
    return _head("application/json") + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _completion(kind: str, choice: Mapping[str, object]) -> dict[str, object]:
    return {"id": "c1", "object": kind, "created": 1, "model": "m", "choices": [choice]}


def events(count: int) -> Iterator[bytes]:
    """The events of a stream of `count` words, each as one chunk of HTTP."""
    for _ in range(count):
        choice = {"index": 0, "delta": {"content": WORD}, "finish_reason": None}
        yield _chunk(json.dumps(_completion("chat.completion.chunk", choice)))
    last: Mapping[str, object] = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield _chunk(json.dumps(_completion("chat.completion.chunk", last) | {"usage": USAGE}))
    yield _chunk("[DONE]")


def _tooled() -> Iterator[bytes]:
    """A stream that thinks, speaks and calls two tools; as many events, each a piece."""
    deltas: list[Mapping[str, object]] = [{"reasoning_content": WORD}] * (CHUNKS // 4)
    deltas += [{"content": WORD}] * (CHUNKS // 4)
    for index in range(2):
        function = {"name": "weather", "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": f"c{index}", "function": function}]})
        pieces = ['{"city":"', *["word "] * (CHUNKS // 4 - 3), '"}']
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces
        ]
    for delta in deltas:
        choice: Mapping[str, object] = {"index": 0, "delta": delta, "finish_reason": None}
        yield _chunk(json.dumps(_completion("chat.completion.chunk", choice)))
    last: Mapping[str, object] = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    yield _chunk(json.dumps(_completion("chat.completion.chunk", last) | {"usage": USAGE}))
    yield _chunk("[DONE]")


def _chunk(data: str) -> bytes:
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


WHOLE = _whole()
BEGIN = _head("text/event-stream") + b"Transfer-Encoding: chunked\r\n\r\n"
STREAM = (BEGIN, *events(CHUNKS), b"0\r\n\r\n")
TOOLED_STREAM = (BEGIN, *_tooled(), b"0\r\n\r\n")


def _answer(body: bytes) -> tuple[bytes, ...]:
    """What a request is answered with."""
    if not STREAMED.search(body):
        return (WHOLE,)
    return TOOLED_STREAM if TOOLED.search(body) else STREAM


def _serve(connection: socket.socket) -> None:
    """Answer every request of one connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        waiting = b""
        while received := connection.recv(65536):
            waiting += received
            if not is_whole(waiting):
                continue
            body = waiting.partition(b"\r\n\r\n")[2]
            waiting = b""
            for piece in _answer(body):
                connection.sendall(piece)


def is_whole(received: bytes) -> bool:
    """Whether a request has come in to its end."""
    head, found, body = received.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(found) and len(body) >= int(length.group(1) if length else 0)


def serve() -> None:
    """Listen, print the port, and serve until the process is ended."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()


@contextmanager
def running() -> Generator[str]:
    """Run the server beside this process; gives its base URL."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


if __name__ == "__main__":
    serve()
