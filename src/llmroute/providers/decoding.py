"""From bytes to events, the same for every API: only how objects fold into events differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from llmroute.errors import AttemptError
from llmroute.types.events import Text, ToolCallPart

from .shapes import bad, parse
from .sse import SseReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault

    from .shapes import Json

CONTENT = (Text, ToolCallPart)


class Fold(Protocol):
    """What one API makes of its JSON objects."""

    @property
    def answered(self) -> bool:
        """Whether the finish reason was seen, and nothing of the answer after it, nor an error."""
        ...

    @property
    def done(self) -> bool:
        """Whether nothing can follow."""
        ...

    def part(self, part: Json, /) -> list[ProviderEvent]:
        """Take one object of a stream; raises AttemptError."""
        ...

    def whole(self, answer: Json, /) -> list[ProviderEvent]:
        """Take a whole answer; raises AttemptError."""
        ...

    def end(self) -> list[ProviderEvent]:
        """End with `End`; raises AttemptError "cut_short" when the finish reason is missing."""
        ...


class StreamDecoder:
    """Decodes server-sent events."""

    def __init__(self, fold: Fold, event_bytes: int) -> None:
        """Take events of at most `event_bytes`."""
        self.answered = False
        self.done = False
        self._fold = fold
        self._reader = SseReader(event_bytes)
        self._empty = True
        self._left_out: Fault | None = None

    def feed(self, data: bytes, /) -> Iterator[ProviderEvent]:
        """Take the next bytes; raises AttemptError, after the events that came before it.

        After the finish reason, what cannot be read is left out: the answer is whole without it,
        unless it turns out that the answer went on.
        """
        fold = self._fold
        for _, text in self._reader.feed(data):
            if self.done:
                return
            self._empty = False
            if text == "[DONE]":
                self.done = True
                return
            events = self._events(text)
            yield from events
            self.answered = fold.answered
            self.done = fold.done

    def _events(self, text: str) -> list[ProviderEvent]:
        try:
            events = self._fold.part(parse(text))
        except AttemptError as error:
            if not self._fold.answered:
                raise
            self._left_out = error.fault
            return []
        if self._left_out is not None and any(isinstance(one, CONTENT) for one in events):
            raise AttemptError.of(self._left_out)
        return events

    def finish(self) -> list[ProviderEvent]:
        """End the answer; raises AttemptError when it is not whole."""
        if self._empty:
            raise bad("the answer is no stream of events")
        return self._fold.end()


class BodyDecoder:
    """Decodes one JSON document."""

    def __init__(self, fold: Fold) -> None:
        """Begin."""
        self.answered = False
        self.done = False
        self._fold = fold
        self._body = bytearray()

    def feed(self, data: bytes, /) -> tuple[ProviderEvent, ...]:
        """Keep the bytes; nothing can be said before the document is whole."""
        self._body += data
        return ()

    def finish(self) -> list[ProviderEvent]:
        """Decode it all; raises AttemptError when it is not what the API promises."""
        if not self._body.strip():
            raise bad("the answer is empty")
        events = self._fold.whole(parse(self._body.decode("utf-8-sig", "replace")))
        return events + self._fold.end()
