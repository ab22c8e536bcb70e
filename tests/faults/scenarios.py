"""The faults, by name: each is a few lines that say what the server does on the wire."""

from __future__ import annotations

import functools
import json
import zlib
from typing import TYPE_CHECKING

from .answers import ending, pieces, whole, wire_of
from .asked import WORDS, Saying, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from .asked import Asked
    from .server import Peer

SCENARIOS: dict[str, Callable[[Peer, Asked], None]] = {}
HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"


def scenario(run: Callable[[Peer, Asked], None]) -> Callable[[Peer, Asked], None]:
    """Register a fault under the function's name."""
    SCENARIOS[run.__name__] = run
    return run


def refusal(name: str, means: str) -> None:
    """Register a refusal that each wire has its own status and words for."""

    def run(peer: Peer, asked: Asked) -> None:
        refuse(peer, asked, name)

    run.__doc__ = means
    SCENARIOS[name] = run


def refuse(peer: Peer, asked: Asked, name: str, **headers: str) -> None:
    """Answer with an error; options `header=` of the fault are headers as well."""
    status, body = wire_of(asked).errors[name]
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    peer.answer(pretty(body), status=status, headers=fields)


def fail(peer: Peer, asked: Asked, status: int, message: str, **headers: str) -> None:
    """Answer with an error status and no more than a sentence."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    peer.answer(pretty(wire_of(asked).error(status, message)), status=status, headers=fields)


def say(peer: Peer, asked: Asked, saying: Saying, words: tuple[str, ...] | None = None) -> None:
    """Answer soundly, whole or as a stream."""
    if not asked.stream:
        peer.answer(pretty(wire_of(asked).whole(asked, saying)))
        return
    wire = wire_of(asked)
    peer.begin_stream()
    peer.piece(wire.opening(asked))
    if saying.thoughts:
        peer.piece(wire.thought(saying.thoughts))
    for word in (saying.text,) * bool(saying.text) if words is None else words:
        peer.piece(wire.word(asked, word))
    for piece in wire.ending(asked, saying):
        peer.piece(piece)
    peer.end_stream()


# --- sound answers ---------------------------------------------------------------------------


@scenario
def normal(peer: Peer, asked: Asked) -> None:
    """Answer as asked; `pause=` seconds between pieces, `say=` other words."""
    words = tuple(asked.options["say"].split("_")) if "say" in asked.options else WORDS
    if not asked.stream:
        peer.wait(asked.number("pause", 0))
        peer.answer(whole(asked, "".join(words)))
        return
    peer.begin_stream()
    for piece in [*pieces(asked, words), *ending(asked, "".join(words))]:
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
def many(peer: Peer, asked: Asked) -> None:
    """Stream `words=` words, each in a packet of its own."""
    peer.begin_stream()
    word = wire_of(asked).word(asked, "word ")
    count = int(asked.number("words", 200))
    peer.piece(wire_of(asked).opening(asked))
    for _ in range(count):
        peer.piece(word)
    for piece in ending(asked, "word " * count):
        peer.piece(piece)
    peer.end_stream()


# --- sound answers of little use -------------------------------------------------------------


@scenario
def cut_length(peer: Peer, asked: Asked) -> None:
    """Stop at the token limit."""
    say(peer, asked, Saying(finish_reason="length"), WORDS)


@scenario
def filtered(peer: Peer, asked: Asked) -> None:
    """Begin an answer that a filter stops."""
    say(peer, asked, Saying("The answer ", "content_filter"), WORDS[:2])


@scenario
def filtered_at_once(peer: Peer, asked: Asked) -> None:
    """Let a filter stop the answer before the first word."""
    say(peer, asked, Saying("", "content_filter"))


@scenario
def empty_text(peer: Peer, asked: Asked) -> None:
    """Answer with an empty text, and call that complete."""
    say(peer, asked, Saying(""))


@scenario
def null_content(peer: Peer, asked: Asked) -> None:
    """Answer with null for content, finish_reason "stop"."""
    del asked
    message = {"role": "assistant", "content": None}
    peer.json({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


@scenario
def only_thoughts(peer: Peer, asked: Asked) -> None:
    """Think, and then say nothing."""
    say(peer, asked, Saying("", thoughts="Six times seven, that is"))


# --- refusals by status ----------------------------------------------------------------------


@scenario
def rate_limit(peer: Peer, asked: Asked) -> None:
    """Answer 429 with Retry-After; `retry_after=` seconds."""
    refuse(peer, asked, "rate_limit", retry_after=asked.options.get("retry_after", "1"))


@scenario
def rate_limit_far(peer: Peer, asked: Asked) -> None:
    """Answer 429 with a Retry-After of an hour."""
    refuse(peer, asked, "rate_limit", retry_after="3600")


@scenario
def rate_limit_ms(peer: Peer, asked: Asked) -> None:
    """Answer 429 with retry-after-ms, 1500."""
    refuse(peer, asked, "rate_limit", retry_after_ms="1500")


@scenario
def rate_limit_date(peer: Peer, asked: Asked) -> None:
    """Answer 429 with a date as Retry-After, 30 s after the answer's own Date, years ago."""
    dates = {
        "date": "Tue, 03 Mar 2020 08:00:00 GMT",
        "retry_after": "Tue, 03 Mar 2020 08:00:30 GMT",
    }
    refuse(peer, asked, "rate_limit", **dates)


@scenario
def rate_limit_garbage(peer: Peer, asked: Asked) -> None:
    """Answer 429 with a Retry-After that means nothing."""
    refuse(peer, asked, "rate_limit", retry_after="soon", retry_after_ms="-5")


refusal("quota", "Answer that the account has no quota left.")
refusal("quota_in_words", "Answer 429 for a rate limit, and call it a quota in words.")
refusal("context_length", "Answer that the prompt is too long for the model.")
refusal("context_length_in_words", "Answer the same in words alone, as some servers do.")
refusal("content_filter_400", "Answer that a filter refused the prompt.")
refusal("bad_request", "Answer 400 because of a parameter.")
refusal("payment_402", "Answer that the account must be paid for first.")
refusal("perm_403", "Answer 403.")
refusal("model_404", "Answer 404 because there is no such model.")
refusal("too_large_413", "Answer 413 because the request is too large.")
refusal("timeout_408", "Answer that the request took too long, with status 408 or 504.")
refusal("overloaded", "Answer 503.")
refusal("overloaded_529", "Answer 529.")


@scenario
def auth_401(peer: Peer, asked: Asked) -> None:
    """Refuse the key, and repeat it, as some servers do."""
    if asked.api in {"messages", "gemini"}:
        refuse(peer, asked, "auth_401")
        return
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
    fail(peer, asked, int(asked.number("code", 500)), "It failed.")


@scenario
def no_retry_500(peer: Peer, asked: Asked) -> None:
    """Answer 500 with x-should-retry: false."""
    fail(peer, asked, 500, "Do not.", x_should_retry="false")


@scenario
def retry_409(peer: Peer, asked: Asked) -> None:
    """Answer 409 with x-should-retry: true."""
    fail(peer, asked, 409, "Locked.", x_should_retry="true")


@scenario
def empty_500(peer: Peer, asked: Asked) -> None:
    """Answer 500 with nothing."""
    del asked
    peer.answer(b"", status=500)


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
def no_content_204(peer: Peer, asked: Asked) -> None:
    """Answer 204, which has no body."""
    del asked
    peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")


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
def deep_json(peer: Peer, asked: Asked) -> None:
    """Answer 200 with 100,000 brackets."""
    deep = b'{"choices": ' + b"[" * 100_000
    if asked.stream:
        peer.begin_stream()
        peer.piece(b"data: " + deep + b"\n\n")
        peer.end_stream()
    else:
        peer.answer(deep)


@scenario
def bad_sse(peer: Peer, asked: Asked) -> None:
    """Send an event that is not JSON after `after=` pieces; half a whole answer, if asked."""
    _begin(peer, asked)
    peer.piece(b"data: {not json\n\n")
    peer.end_stream()
    if not asked.stream:
        peer.close()


@scenario
def bad_after_words(peer: Peer, asked: Asked) -> None:
    """Send two words, an event that is not JSON and the rest in one segment."""
    peer.begin_stream()
    first, *words = pieces(asked)
    peer.piece(b"".join([first, *words[:2], b"data: {\n\n", *words[2:], *ending(asked)]))
    peer.end_stream()


@scenario
def wrong_types(peer: Peer, asked: Asked) -> None:
    """Answer 200 with JSON whose fields have other types than promised."""
    wrong = {"choices": {"0": "text"}, "output": "text", "status": "completed", "type": 7}
    if asked.stream:
        peer.begin_stream()
        peer.piece(event(wrong | {"candidates": "text"}))
        peer.end_stream()
    else:
        peer.json(wrong | {"content": "text", "candidates": {"0": "text"}})


@scenario
def empty_choices(peer: Peer, asked: Asked) -> None:
    """Answer 200 without any choice."""
    if asked.stream:
        peer.begin_stream()
        peer.piece(event({"choices": [], "candidates": [], "type": "response.created"}))
        peer.piece(b"data: [DONE]\n\n")
        peer.end_stream()
    else:
        peer.json({"choices": [], "output": [], "candidates": [], "status": "completed"})


@scenario
def error_in_body_200(peer: Peer, asked: Asked) -> None:
    """Answer 200 with an error object."""
    del asked
    error = {"message": "The engine is overloaded", "type": "overloaded_error"}
    peer.json({"error": error | {"status": "UNAVAILABLE"}})


@scenario
def error_in_stream(peer: Peer, asked: Asked) -> None:
    """Send an error object after `after=` pieces of a stream."""
    peer.begin_stream()
    for piece in pieces(asked)[: int(asked.number("after", 3))]:
        peer.piece(piece)
    peer.piece(wire_of(asked).broken("The server had an error"))
    peer.end_stream()


@scenario
def truncated_clean(peer: Peer, asked: Asked) -> None:
    """End a stream properly, but without finish reason and [DONE]."""
    peer.begin_stream()
    for piece in pieces(asked)[: int(asked.number("after", 4))]:
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
def gzip_broken(peer: Peer, asked: Asked) -> None:
    """Answer with gzip that is none."""
    peer.answer(whole(asked), headers={"content-encoding": "gzip"})


@scenario
def strange_encoding(peer: Peer, asked: Asked) -> None:
    """Answer in a compression that nobody asked for and few can undo."""
    peer.answer(whole(asked), headers={"content-encoding": "br"})


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
    """Stream a single event without end, or of `mb=` MiB."""
    peer.begin_stream()
    peer.piece(b"data: ")
    left = int(asked.number("mb", 1_000_000) * 16)
    while left and peer.piece(b"a" * 65536):
        left -= 1
    peer.piece(b"\n\n")
    peer.end_stream()


@scenario
def big_headers(peer: Peer, asked: Asked) -> None:
    """Send headers without end."""
    del asked
    peer.send(b"HTTP/1.1 200 OK\r\n")
    while peer.send(b"x-more: " + b"a" * 8192 + b"\r\n"):
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
def eof_in_headers(peer: Peer, asked: Asked) -> None:
    """Close the connection in the middle of the headers."""
    del asked
    peer.send(b"HTTP/1.1 200 OK\r\ncontent-ty")
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
def eof_in_event(peer: Peer, asked: Asked) -> None:
    """End a stream properly in the middle of an event, which would complete the answer."""
    if not asked.stream:
        _begin(peer, asked)
        peer.close()
        return
    peer.begin_stream()
    for piece in pieces(asked):
        peer.piece(piece)
    peer.piece(ending(asked)[0].removesuffix(b"\n\n"))
    peer.end_stream()


@scenario
def bad_chunk(peer: Peer, asked: Asked) -> None:
    """Break the rules of chunked transfer after `after=` pieces."""
    _begin(peer, asked)
    peer.send(b"no number\r\n")
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
def slow_headers(peer: Peer, asked: Asked) -> None:
    """Send headers, one every 20 ms, without end."""
    del asked
    peer.send(b"HTTP/1.1 200 OK\r\n")
    while peer.send(b"x-more: a\r\n") and not peer.wait(0.02):
        pass


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
def stall_empty(peer: Peer, asked: Asked) -> None:
    """Send events that say nothing, every 20 ms, after `after=` pieces."""
    _begin(peer, asked, 0)
    if not asked.stream:
        peer.wait(3600)
    while peer.piece(wire_of(asked).nothing(asked)) and not peer.wait(0.02):
        pass


@scenario
def slow_body(peer: Peer, asked: Asked) -> None:
    """Send spaces instead of an answer, one every 20 ms, as servers do that are at work."""
    del asked
    peer.begin_stream(kind="application/json")
    while peer.piece(b" ") and not peer.wait(0.02):
        pass


@scenario
def slow_drip(peer: Peer, asked: Asked) -> None:
    """Send a word every `pause=` seconds, and never end."""
    peer.begin_stream()
    peer.piece(wire_of(asked).opening(asked))
    word = wire_of(asked).word(asked, "drip ")
    while peer.piece(word) and not peer.wait(asked.number("pause", 0.02)):
        pass


@scenario
def endless(peer: Peer, asked: Asked) -> None:
    """Send words as fast as they go, and never end."""
    peer.begin_stream()
    peer.piece(wire_of(asked).opening(asked))
    word = wire_of(asked).word(asked, "on and ")
    while peer.piece(word * 50):
        pass


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
    lines = (f"  {name:24} {run.__doc__}" for name, run in sorted(SCENARIOS.items()))
    return "\n".join(lines)


def pretty(value: object) -> bytes:
    """Write JSON."""
    return json.dumps(value).encode()
