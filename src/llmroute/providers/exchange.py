"""One request and its answer without the I/O: what both colors of an HTTP provider share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import Opened

from .inflate import inflater
from .wire import HttpFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent

    from .answers import Head
    from .budget import Budget
    from .inflate import Plain
    from .wire import Codec, Decoder

FAILURE_BYTES = 64 * 1024
"""As much of an error's body is read."""
FAILURE_S = 1.0
"""Seconds for an error's body; its status is known already."""
USAGE_S = 2.0
"""Seconds for the usage to come after the finish reason."""
BLANK = b" \t\r\n"
"""What may stand before an answer: it keeps the connection alive."""
DRAIN_S = 0.05
"""Seconds for the connection to become free after the answer's end."""


class Exchange:
    """Decodes one answer: `begin`, `feed` and `check` per chunk, `finish`."""

    def __init__(self, codec: Codec, call: Call, budget: Budget) -> None:
        """Begin."""
        self._codec = codec
        self._call = call
        self._budget = budget
        self._headers: Mapping[str, str] = {}
        self._status = 0
        self._inflate: Plain | None = None
        self._decoder: Decoder | None = None
        self._failure: bytearray | None = None
        self._blank = b""
        self._broken: AttemptError | None = None

    def begin(self, head: Head) -> Sequence[ProviderEvent]:
        """Look at status and headers; raises AttemptError for a redirect."""
        self._status, self._headers = head
        if 200 <= head.status < 300:  # noqa: PLR2004 - HTTP's own classes of status
            self._inflate = inflater(self._encoding, self._call.limits.body_bytes)
            return (Opened(),)
        if 300 <= head.status < 400:  # noqa: PLR2004
            raise AttemptError(
                "redirected",
                f"the upstream answered {head.status}; redirects are not followed",
                status=head.status,
            )
        self._budget.end_within(FAILURE_S)
        self._failure = bytearray()
        return ()

    def feed(self, chunk: bytes) -> Sequence[ProviderEvent]:
        """Take the next bytes; what broke the answer waits in `check` for what came before it."""
        events: list[ProviderEvent] = []
        try:
            if self._failure is not None:
                self._read_failure(chunk)
            elif self._decoder is None or not self._decoder.done:
                self._decode(chunk, events)
        except AttemptError as error:
            self._broken = error.with_traceback(None)
        return events

    def check(self) -> None:
        """Raise the AttemptError that the last bytes ended in, if they did."""
        broken, self._broken = self._broken, None
        if broken is not None:
            raise broken

    @property
    def settled(self) -> bool:
        """Whether a broken connection changes nothing: answered, or failed with a status."""
        if self._call.cancel.is_set:
            return False
        return self._failure is not None or (self._decoder is not None and self._decoder.answered)

    def finish(self) -> Sequence[ProviderEvent]:
        """End the answer; raises AttemptError when it failed or is not whole."""
        if self._failure is not None:
            raise self._failed()
        if self._decoder is None:
            raise AttemptError("bad_response", "the answer is empty", status=self._status)
        return self._decoder.finish()

    def _read_failure(self, chunk: bytes) -> None:
        failure = self._failure = self._failure or bytearray()
        failure += chunk[: FAILURE_BYTES - len(failure)]
        if len(failure) >= FAILURE_BYTES:
            raise self._failed()

    def _decode(self, chunk: bytes, events: list[ProviderEvent]) -> None:
        decoder = self._decoder
        data = self._inflate.feed(chunk) if self._inflate is not None else chunk
        if decoder is None:
            data = self._blank + data
            self._blank = data[-1:]  # what stands before the answer matters to its first line alone
            if not data.strip(BLANK):
                return
            decoder = self._decoder = self._codec.decoder(self._call, stream=self._is_stream(data))
        events.extend(decoder.feed(data))
        if decoder.answered:
            self._budget.end_within(DRAIN_S if decoder.done else USAGE_S)

    def _failed(self) -> AttemptError:
        body = bytes(self._failure or b"")
        try:
            body = inflater(self._encoding, FAILURE_BYTES).feed(body)
        except AttemptError:
            body = b""
        return self._codec.failure(self._call, HttpFailure(self._status, self._headers, body))

    @property
    def _encoding(self) -> str:
        return self._headers.get("content-encoding", "")

    def _is_stream(self, start: bytes) -> bool:
        """Choose the decoder by what was sent, not by what was asked for; raises AttemptError."""
        kind = self._headers.get("content-type", "").lower()
        first = start.lstrip(BLANK)[:1]
        if "html" in kind or first == b"<":
            raise AttemptError("bad_response", "the answer is HTML", status=self._status)
        if "event-stream" in kind:
            return True
        if "json" in kind or first == b"{":
            return False
        return self._call.stream
