"""A server on loopback that stands in for OpenAI while the pages about migration are played."""

from __future__ import annotations

import base64
import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

GONE = "gpt-4o-mini"
"""The model that is not there."""
TEXT = "Paris."
CITY = {"name": "Paris", "country": "France"}
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
VECTOR = (0.6, 0.8, 0.0)
Json = dict[str, Any]


def message_of(body: Json) -> Json:
    """What the model says: it asks for the first tool, gives the shape asked for, or a sentence."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return {"role": "assistant", "content": f"Take an umbrella: {last['content']}."}
    if body.get("tools"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": '{"city": "Oslo"}'}
        call = {"id": "call_1", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    text = json.dumps(CITY) if "response_format" in body else TEXT
    return {"role": "assistant", "content": text}


def completion(body: Json) -> Json:
    """A whole answer of chat completions."""
    message = message_of(body)
    reason = "tool_calls" if "tool_calls" in message else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"]}
    return {**head, "choices": [choice], "usage": USAGE}


def chunks(body: Json) -> Iterator[Json]:
    """The same in pieces."""
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    for content in (message_of(body)["content"] or "").partition("is"):
        delta = {"role": "assistant", "content": content}
        yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    options: Json = body.get("stream_options") or {}
    if options.get("include_usage"):
        yield {**head, "choices": [], "usage": USAGE}


def response(body: Json) -> Json:
    """A whole answer of the Responses API."""
    part: Json = {"type": "output_text", "text": TEXT, "annotations": []}
    said = {"id": "m", "type": "message", "role": "assistant", "status": "completed"}
    head = {"id": "r", "object": "response", "created_at": 1, "model": body["model"]}
    usage = {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30}
    output: list[Json] = [{**said, "content": [part]}]
    return {**head, "status": "completed", "output": output, "usage": usage}


def embeddings(body: Json) -> Json:
    """One vector per text, as floats or in base64."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    vector: object = list(VECTOR)
    if body.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack("<3f", *VECTOR)).decode()
    data = [{"object": "embedding", "index": i, "embedding": vector} for i in range(len(texts))]
    return {"object": "list", "model": body["model"], "data": data, "usage": USAGE}


class Handler(BaseHTTPRequestHandler):
    """Answers POST as the API does; one model is not found."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer."""
        body: Json = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if body["model"] == GONE:
            error = {"message": "no such model", "type": "invalid_request_error"}
            self._send(404, json.dumps({"error": {**error, "code": "model_not_found"}}))
        elif body.get("stream"):
            pieces = "".join(f"data: {json.dumps(one)}\n\n" for one in chunks(body))
            self._send(200, f"{pieces}data: [DONE]\n\n", "text/event-stream")
        else:
            answer = {"completions": completion, "responses": response, "embeddings": embeddings}
            self._send(200, json.dumps(answer[self.path.rpartition("/")[2]](body)))

    def _send(self, status: int, text: str, kind: str = "application/json") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class StandIn:
    """A context manager; `url` is where the server is."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def stood_in(policy: str, url: str) -> str:
    """Let the models of OpenAI that a policy names be answered by the server at `url`."""
    lines: list[str] = []
    for line in policy.splitlines():
        found = line.partition('use = "openai/')[2].partition('"')[0]
        lines += _declared(found, url) if found else [line]
    return "\n".join(lines) + "\n"


def _declared(model: str, url: str) -> list[str]:
    embeds = "embedding" in model
    abilities = '["embed"]' if embeds else '["vision", "documents", "tools", "json", "schema"]'
    return [
        'use = "openai-compatible"',
        f'base_url = "{url}"',
        f'model = "{model}"',
        "price = { input = 1, output = 5 }",
        f"abilities = {abilities}",
        *([f'vector_space = "{model}"'] if embeds else []),
    ]
