"""Answers that go on from a text: what an API says of it once more is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.events import Progress, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent

    from .decoding import Fold
    from .shapes import Json


def going_on(fold: Fold, call: Call, again: str) -> Fold:
    """Leave `again` out of an answer that begins with it; nothing for an answer from scratch."""
    return GoingOn(fold, again) if call.prefix and again else fold


def blanks_behind(prefix: str) -> str:
    """The white space at the end of a text, which an API that refuses it there says again."""
    return prefix[len(prefix.rstrip()) :]


class GoingOn:
    """Folds like another one; text is held back for as long as it may be what was said before."""

    def __init__(self, fold: Fold, again: str) -> None:
        """Leave out `again`, if it comes first and whole."""
        self._fold = fold
        self._again = again
        self._held = ""

    @property
    def answered(self) -> bool:
        """As the other one."""
        return self._fold.answered

    @property
    def done(self) -> bool:
        """As the other one."""
        return self._fold.done

    def part(self, part: Json, /) -> list[ProviderEvent]:
        """Take one object of a stream; raises AttemptError."""
        return self._kept(self._fold.part(part))

    def whole(self, answer: Json, /) -> list[ProviderEvent]:
        """Take a whole answer; raises AttemptError."""
        return self._kept(self._fold.whole(answer))

    def end(self) -> list[ProviderEvent]:
        """End; what is still held back was something new. Raises AttemptError."""
        return [*self._new(""), *self._fold.end()]

    def _kept(self, events: Iterable[ProviderEvent]) -> list[ProviderEvent]:
        if not self._again:
            return list(events)
        kept: list[ProviderEvent] = []
        for event in events:
            if isinstance(event, Text) and self._again:
                kept += self._taken(event.text)
            else:
                kept.append(event)
        return kept

    def _taken(self, text: str) -> list[ProviderEvent]:
        held = self._held + text
        if len(held) < len(self._again) and self._again.startswith(held):
            self._held = held
            return [Progress()]
        if held.startswith(self._again):
            self._held, held = "", held[len(self._again) :]
            self._again = ""
            return [Text(held)] if held else [Progress()]
        return self._new(text)

    def _new(self, text: str) -> list[ProviderEvent]:
        """It was not said before: let everything through from here on."""
        text, self._held, self._again = self._held + text, "", ""
        return [Text(text)] if text else []
