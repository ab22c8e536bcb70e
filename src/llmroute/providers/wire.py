"""What a codec and the transport say to each other: plain values, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llmroute.errors import AttemptError
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent


class HttpRequest(NamedTuple):
    """A POST. It holds no key: the transport adds that, for the endpoint's own origin only."""

    url: str
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"HttpRequest({self.url!r}, {len(self.content)} bytes)"


class HttpFailure(NamedTuple):
    """An answer whose status is an error; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"HttpFailure({self.status}, {len(self.body)} bytes)"


class Decoder(Protocol):
    """Turns the bytes of a good answer into events; no I/O, no clock."""

    answered: bool
    """Whether the finish reason was seen: nothing but usage can follow."""
    done: bool
    """Whether the answer's own end marker was seen: nothing can follow."""

    def feed(self, data: bytes, /) -> Iterable[ProviderEvent]:
        """Take the next bytes; raises AttemptError when they break the API's promise.

        It does so after the events that came before the break, which are part of the answer.
        """
        ...

    def finish(self) -> Sequence[ProviderEvent]:
        """End the answer with `End`; raises AttemptError "cut_short" when it is not whole."""
        ...


class Codec(Protocol):
    """One wire API, pure: requests in, bytes out; bytes in, events out."""

    def encode(self, call: Call, /) -> HttpRequest:
        """Write the request; raises RequestError for extra fields that cannot be sent."""
        ...

    def decoder(self, call: Call, /, *, stream: bool) -> Decoder:
        """Begin an answer: server-sent events if `stream`, else one JSON document."""
        ...

    def failure(self, call: Call, failure: HttpFailure, /) -> AttemptError:
        """Say what an error status and its body mean."""
        ...
