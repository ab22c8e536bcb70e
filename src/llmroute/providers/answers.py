"""What comes back over HTTP, the same for every engine; and what may be sent with a request."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable
from urllib.parse import urlencode, urlsplit

from llmroute.errors import AttemptError, TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from llmroute.types.calls import Call
    from llmroute.types.models import Endpoint
    from llmroute.types.secrets import Secret

    from .budget import Budget
    from .wire import HttpRequest

USER_AGENT = "llmroute"


class Head(NamedTuple):
    """The beginning of an answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]


class Answer(Protocol):
    """An answer under way, for threads."""

    head: Head

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes in, still encoded; raises AttemptError."""
        ...

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else close it."""
        ...


class AsyncAnswer(Protocol):
    """An answer under way, for tasks."""

    head: Head

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes in, still encoded; raises AttemptError."""
        ...

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end, else close it."""
        ...


@runtime_checkable
class Engine(Protocol):
    """What sends requests in threads."""

    def send(self, request: HttpRequest, budget: Budget, /) -> Answer:
        """Send, and wait for status and headers; raises AttemptError."""
        ...

    def close(self) -> None:
        """Close every connection; what is under way ends."""
        ...


@runtime_checkable
class AsyncEngine(Protocol):
    """What sends requests in tasks."""

    async def asend(self, request: HttpRequest, budget: Budget, /) -> AsyncAnswer:
        """Send, and wait for status and headers; raises AttemptError."""
        ...

    def close(self) -> None:
        """Close every connection; what is under way ends."""
        ...


def headers_of(call: Call, request: HttpRequest) -> list[tuple[str, str]]:
    """List the headers of `request`, the call's key among them.

    The answer is asked for without compression: it is small, and a stream of tokens must not wait
    for a compressor's buffer.
    """
    headers = {
        "accept": "text/event-stream" if call.stream else "application/json",
        "accept-encoding": "identity",
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        "content-length": str(len(request.content)),
    }
    endpoint = call.model.endpoint
    if endpoint is not None:
        headers.update(endpoint.headers)
    headers.update((name.lower(), value) for name, value in request.headers)
    if call.key is None:
        return list(headers.items())
    return [*headers.items(), _key_header(call.key, endpoint)]


def _key_header(key: Secret, endpoint: Endpoint | None) -> tuple[str, str]:
    """The header that holds the key, as the provider wants it."""
    if endpoint is None:
        return ("authorization", f"Bearer {key.reveal()}")
    return (endpoint.key_header, endpoint.key_prefix + key.reveal())


def with_query(call: Call, request: HttpRequest) -> HttpRequest:
    """Add the endpoint's own query to the address."""
    endpoint = call.model.endpoint
    if endpoint is None or not endpoint.query:
        return request
    mark = "&" if "?" in request.url else "?"
    return request._replace(url=f"{request.url}{mark}{urlencode(endpoint.query)}")


def check(call: Call, request: HttpRequest) -> None:
    """Raise AttemptError for a key that cannot stand in a header, or would go to another origin.

    Its header is the key's alone: an extra header of that name is refused, key or none.
    """
    endpoint = call.model.endpoint
    if endpoint is None:
        return
    if any(name.lower() == endpoint.key_header for name, _ in request.headers):
        raise AttemptError("bad_request", f"the header {endpoint.key_header} is the key's")
    if call.key is not None:
        _check_key(call.key, endpoint, request.url)


def _check_key(key: Secret, endpoint: Endpoint, url: str) -> None:
    if not _sendable(key.reveal()):
        name = f" in {endpoint.key_name}" if endpoint.key_name else ""
        raise AttemptError(
            "bad_key_format",
            f"the key{name} holds a space, a line break or another character that is not "
            "printable ASCII",
        )
    if origin_of(url) != origin_of(endpoint.origin):
        raise AttemptError("bad_request", "the address is not on the origin the key is bound to")


def _sendable(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and bool(text)


@functools.lru_cache(maxsize=256)
def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of `url`; raises AttemptError "bad_request" when it is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        raise AttemptError("bad_request", "the address is not a valid URL") from None
    return parts.scheme, parts.hostname or "", port


# What the exceptions of httpx2, httpx and httpcore2 mean, by the name they share.
_KINDS = {
    "ConnectTimeout": ("connect_timeout", "connecting took too long"),
    "PoolTimeout": ("pool_timeout", "no connection of the HTTP client was free in time"),
    "TimeoutException": ("interrupted", "the attempt's time was up"),
    "ConnectError": ("connect", "no connection"),
    "ProxyError": ("connect", "the proxy refused"),
    "RemoteProtocolError": ("bad_response", "the answer is not HTTP"),
    "NetworkError": ("cut_short", "the connection was closed"),
    "LocalProtocolError": ("bad_request", "the request cannot be sent as it is"),
    "UnsupportedProtocol": ("bad_request", "the address is not an http or https URL"),
    "InvalidURL": ("bad_request", "the address is not a valid URL"),
}


def failed(error: Exception, *, ended: bool) -> AttemptError:
    """Translate an HTTP library's exception; its own text may quote headers and is left out.

    `ended` says that the peer closed the connection.
    """
    found = (_KINDS[one.__name__] for one in type(error).__mro__ if one.__name__ in _KINDS)
    kind, reason = next(found, ("cut_short", "the HTTP client failed"))
    if kind == "bad_response" and ended:
        kind, reason = "cut_short", "the connection ended before the answer was complete"
    failure = AttemptError(kind, reason)
    failure.__cause__ = TransportError(type(error).__name__, reason)
    return failure
