"""The faults, by name: each is a few lines that say what the server does on the wire."""

from __future__ import annotations

import functools
import json
import zlib
from typing import TYPE_CHECKING

from .answers import chunk, ending, event, pieces, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from .answers import Asked
    from .server import Peer

SCENARIOS: dict[str, Callable[[Peer, Asked], None]] = {}
HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"


def scenario(run: Callable[[Peer, Asked], None]) -> Callable[[Peer, Asked], None]:
    """Register a fault under the function's name."""
    SCENARIOS[run.__name__] = run
    return run


# --- sound answers ---------------------------------------------------------------------------


@scenario
def normal(peer: Peer, asked: Asked) -> None:
    """Answer as asked; `pause=` seconds between pieces."""
    if not asked.stream:
        peer.wait(asked.number("pause", 0))
        peer.answer(whole(asked))
        return
    peer.begin_stream()
    for piece in [*pieces(asked), *ending(asked)]:
        peer.piece(piece)
        peer.wait(asked.number("pause", 0))
    peer.end_stream()


@scenario
def close_after(peer: Peer, asked: Asked) -> None:
    """Answer as asked, and close the connection without having said so."""
    normal(peer, asked)
    peer.close()


@scenario
def no_usage(peer: Peer, asked: Asked) -> None:
    """Stream without ever saying what was used."""
    peer.begin_stream()
    for piece in [*pieces(asked), *ending(asked, usage=False)]:
        peer.piece(piece)
    peer.end_stream()


@scenario
def no_done(peer: Peer, asked: Asked) -> None:
    """Stream a finish reason and the usage, but no [DONE]."""
    peer.begin_stream()
    for piece in [*pieces(asked), *ending(asked)[:-1]]:
        peer.piece(piece)
    peer.end_stream()


@scenario
def open_end(peer: Peer, asked: Asked) -> None:
    """Stream everything, [DONE] included, but leave the body open."""
    peer.begin_stream()
    for piece in [*pieces(asked), *ending(asked)]:
        peer.piece(piece)
    peer.wait(3600)


@scenario
def bad_after_finish(peer: Peer, asked: Asked) -> None:
    """Send the last words, the end and an event that is not JSON in one segment."""
    if not asked.stream:
        normal(peer, asked)
        return
    peer.begin_stream()
    first, *words = pieces(asked)
    peer.piece(first)
    end, *told = ending(asked)
    peer.piece(b"".join([*words, end, b"data: {\n\n", *told]))
    peer.end_stream()


@scenario
def bad_after_words(peer: Peer, asked: Asked) -> None:
    """Send two words, an event that is not JSON and the rest in one segment."""
    peer.begin_stream()
    first, *words = pieces(asked)
    peer.piece(b"".join([first, *words[:2], b"data: {\n\n", *words[2:], *ending(asked)]))
    peer.end_stream()


@scenario
def cut_length(peer: Peer, asked: Asked) -> None:
    """Stop at the token limit."""
    if not asked.stream:
        peer.answer(whole(asked, finish_reason="length"))
        return
    peer.begin_stream()
    for piece in [*pieces(asked), *ending(asked, finish_reason="length")]:
        peer.piece(piece)
    peer.end_stream()


@scenario
def null_content(peer: Peer, asked: Asked) -> None:
    """Answer with null for content, finish_reason "stop"."""
    del asked
    message = {"role": "assistant", "content": None}
    peer.json({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


# --- error statuses --------------------------------------------------------------------------


@scenario
def rate_limit(peer: Peer, asked: Asked) -> None:
    """Answer 429 with Retry-After; `retry_after=` seconds."""
    after = asked.options.get("retry_after", "1")
    error = {"message": "Rate limit reached for requests", "type": "requests"}
    peer.error(429, error | {"code": "rate_limit_exceeded"}, {"retry-after": after})


@scenario
def rate_limit_far(peer: Peer, asked: Asked) -> None:
    """Answer 429 with a Retry-After of an hour."""
    rate_limit(peer, asked._replace(options={"retry_after": "3600"}))


@scenario
def quota(peer: Peer, asked: Asked) -> None:
    """Answer 429 because the account has no quota left."""
    del asked
    error = {"message": "You exceeded your current quota", "type": "insufficient_quota"}
    peer.error(429, error | {"code": "insufficient_quota"})


@scenario
def context_length(peer: Peer, asked: Asked) -> None:
    """Answer 400 because the prompt is too long."""
    del asked
    text = "This model's maximum context length is 8192 tokens."
    error = {"message": text, "type": "invalid_request_error"}
    peer.error(400, error | {"code": "context_length_exceeded", "param": "messages"})


@scenario
def content_filter_400(peer: Peer, asked: Asked) -> None:
    """Answer 400 because a filter refused the prompt."""
    del asked
    peer.error(400, {"message": "The prompt was filtered", "code": "content_filter"})


@scenario
def auth_401(peer: Peer, asked: Asked) -> None:
    """Answer 401 and repeat the key, as some servers do."""
    del asked
    key = peer.request.headers.get("authorization", "").removeprefix("Bearer ")
    error = {"message": f"Incorrect API key provided: {key}.", "code": "invalid_api_key"}
    peer.error(401, error)


@scenario
def not_found(peer: Peer, asked: Asked) -> None:
    """Answer 404 as a web framework does to a path that it does not serve."""
    del asked
    peer.answer(b'{"detail":"Not Found"}', status=404)


@scenario
def status(peer: Peer, asked: Asked) -> None:
    """Answer with status `code=` and no more than a sentence."""
    peer.error(int(asked.number("code", 500)), {"message": "It failed.", "type": "server_error"})


@scenario
def overloaded(peer: Peer, asked: Asked) -> None:
    """Answer 503."""
    del asked
    peer.error(503, {"message": "The engine is overloaded", "type": "server_error"})


@scenario
def no_retry_500(peer: Peer, asked: Asked) -> None:
    """Answer 500 with x-should-retry: false."""
    del asked
    peer.error(500, {"message": "Do not."}, {"x-should-retry": "false"})


@scenario
def html_502(peer: Peer, asked: Asked) -> None:
    """Answer as a gateway does when nothing is behind it."""
    del asked
    peer.answer(HTML, status=502, kind="text/html")


@scenario
def redirect(peer: Peer, asked: Asked) -> None:
    """Point elsewhere, to `to=` (another port of this machine)."""
    to = f"http://127.0.0.1:{int(asked.number('to', 9))}/v1/chat/completions"
    peer.answer(b"", status=307, headers={"location": to})


# --- good status, bad answer -----------------------------------------------------------------


@scenario
def html_200(peer: Peer, asked: Asked) -> None:
    """Answer 200 with a login page."""
    del asked
    peer.answer(HTML, kind="text/html; charset=utf-8")


@scenario
def empty_body(peer: Peer, asked: Asked) -> None:
    """Answer 200 with nothing."""
    del asked
    peer.answer(b"")


@scenario
def bad_json(peer: Peer, asked: Asked) -> None:
    """Answer 200 with JSON that breaks off."""
    if asked.stream:
        peer.begin_stream()
        peer.piece(b'data: {"choices": [{"index": 0, "del\n\n')
        peer.end_stream()
    else:
        peer.answer(whole(asked)[:-20])


@scenario
def wrong_types(peer: Peer, asked: Asked) -> None:
    """Answer 200 with JSON whose fields have other types than promised."""
    if asked.stream:
        peer.begin_stream()
        peer.piece(event({"choices": [{"index": 0, "delta": {"content": 7}}]}))
        peer.piece(event({"type": "response.output_text.delta", "delta": 7}))
        peer.end_stream()
    else:
        peer.json({"choices": {"0": "text"}, "output": "text", "status": "completed"})


@scenario
def empty_choices(peer: Peer, asked: Asked) -> None:
    """Answer 200 without any choice."""
    if asked.stream:
        peer.begin_stream()
        peer.piece(event({"choices": [], "type": "response.created"}))
        peer.piece(b"data: [DONE]\n\n")
        peer.end_stream()
    else:
        peer.json({"choices": [], "output": [], "status": "completed"})


@scenario
def error_in_body_200(peer: Peer, asked: Asked) -> None:
    """Answer 200 with an error object."""
    del asked
    peer.json({"error": {"message": "The engine is overloaded", "type": "overloaded_error"}})


@scenario
def error_in_stream(peer: Peer, asked: Asked) -> None:
    """Send an error object after `after=` pieces of a stream."""
    peer.begin_stream()
    for piece in pieces(asked)[: int(asked.number("after", 3))]:
        peer.piece(piece)
    error = {"message": "The server had an error", "type": "server_error", "code": "server_error"}
    peer.piece(event({"type": "error", "error": error}, "error"))
    peer.end_stream()


@scenario
def truncated_clean(peer: Peer, asked: Asked) -> None:
    """End a stream properly, but without finish reason and [DONE]."""
    peer.begin_stream()
    for piece in pieces(asked)[:4]:
        peer.piece(piece)
    peer.end_stream()


@scenario
def done_without_finish(peer: Peer, asked: Asked) -> None:
    """End a stream with [DONE], but without finish reason."""
    peer.begin_stream()
    for piece in [*pieces(asked)[:4], b"data: [DONE]\n\n"]:
        peer.piece(piece)
    peer.end_stream()


@scenario
def gzip_bomb(peer: Peer, asked: Asked) -> None:
    """Answer with `mb=` MiB of zeros, compressed a thousandfold, though nobody asked for gzip."""
    bomb = _bomb(int(asked.number("mb", 64)))
    peer.answer(bomb, headers={"content-encoding": "gzip"})


@functools.cache
def _bomb(size_mib: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    parts = [packer.compress(b"0" * 1024 * 1024) for _ in range(size_mib)]
    return b"".join([*parts, packer.flush()])


@scenario
def big_body(peer: Peer, asked: Asked) -> None:
    """Answer with an endless JSON string."""
    del asked
    peer.begin_stream(kind="application/json")
    peer.piece(b'{"choices": "')
    while peer.piece(b"a" * 65536):
        pass


@scenario
def big_event(peer: Peer, asked: Asked) -> None:
    """Stream a single event without end."""
    del asked
    peer.begin_stream()
    peer.piece(b"data: ")
    while peer.piece(b"a" * 65536):
        pass


# --- the connection --------------------------------------------------------------------------


@scenario
def reset_at_once(peer: Peer, asked: Asked) -> None:
    """Reset the connection instead of answering."""
    del asked
    peer.reset()


@scenario
def close_at_once(peer: Peer, asked: Asked) -> None:
    """Close the connection instead of answering."""
    del asked
    peer.close()


@scenario
def reset_midstream(peer: Peer, asked: Asked) -> None:
    """Reset the connection after `after=` pieces."""
    _begin(peer, asked)
    peer.wait(0.05)  # or the reset overtakes what was sent
    peer.reset()


@scenario
def eof_midstream(peer: Peer, asked: Asked) -> None:
    """Close the connection after `after=` pieces."""
    _begin(peer, asked)
    peer.close()


@scenario
def eof_after_finish(peer: Peer, asked: Asked) -> None:
    """Close the connection between the finish reason and [DONE]."""
    peer.begin_stream()
    for piece in [*pieces(asked), ending(asked)[0]]:
        peer.piece(piece)
    peer.close()


@scenario
def short_body(peer: Peer, asked: Asked) -> None:
    """Promise more bytes than are sent."""
    body = whole(asked)
    peer.answer(body, headers={"content-length": str(len(body) + 100)})
    peer.close()


@scenario
def not_http(peer: Peer, asked: Asked) -> None:
    """Answer in another protocol."""
    del asked
    peer.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    peer.close()


# --- time ------------------------------------------------------------------------------------


@scenario
def stall_headers(peer: Peer, asked: Asked) -> None:
    """Accept the request, and say nothing."""
    del asked
    peer.wait(3600)


@scenario
def stall_error_body(peer: Peer, asked: Asked) -> None:
    """Answer 503, and never send the body."""
    del asked
    peer.send(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\n")
    peer.wait(3600)


@scenario
def stall_first(peer: Peer, asked: Asked) -> None:
    """Begin a stream, and say nothing in it."""
    del asked
    peer.begin_stream()
    peer.wait(3600)


@scenario
def stall_midstream(peer: Peer, asked: Asked) -> None:
    """Stop in the middle of a stream, after `after=` pieces."""
    _begin(peer, asked)
    peer.wait(3600)


@scenario
def stall_pings(peer: Peer, asked: Asked) -> None:
    """Send comments only, every 20 ms, after `after=` pieces; half a whole answer, if asked."""
    _begin(peer, asked, 0)
    if not asked.stream:
        peer.wait(3600)
    while peer.piece(b": ping\n\n") and not peer.wait(0.02):
        pass


@scenario
def slow_drip(peer: Peer, asked: Asked) -> None:
    """Send a word every `pause=` seconds, and never end."""
    peer.begin_stream()
    while peer.piece(pieces(asked, ("drip ",))[1]) and not peer.wait(asked.number("pause", 0.1)):
        pass


@scenario
def endless(peer: Peer, asked: Asked) -> None:
    """Send words as fast as they go, and never end."""
    peer.begin_stream()
    word = pieces(asked, ("on and ",))[1]
    while peer.piece(word * 50):
        pass


@scenario
def many(peer: Peer, asked: Asked) -> None:
    """Stream `words=` words, each in a packet of its own."""
    peer.begin_stream()
    word = chunk(asked, "word ") if asked.api == "chat" else pieces(asked, ("word ",))[1]
    count = int(asked.number("words", 200))
    for _ in range(count):
        peer.piece(word)
    for piece in ending(asked, "word " * count):
        peer.piece(piece)
    peer.end_stream()


def _begin(peer: Peer, asked: Asked, after: int = 3) -> None:
    """Begin a stream; or half a whole answer, where no stream was asked for."""
    if not asked.stream:
        body = whole(asked)
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        peer.send(b"content-length: %d\r\n\r\n" % len(body))
        peer.send(body[: len(body) // 2])
        return
    peer.begin_stream()
    for piece in pieces(asked)[: int(asked.number("after", after))]:
        peer.piece(piece)


def describe() -> str:
    """List the faults with what they do."""
    lines = (f"  {name:20} {run.__doc__}" for name, run in sorted(SCENARIOS.items()))
    return "\n".join(lines)


def pretty(value: object) -> bytes:
    """Write JSON."""
    return json.dumps(value).encode()
