"""What a model thinks before it answers, told apart from the answer by <think> and </think>."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.events import Reasoning

from .answer import overlap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.events import ProviderEvent

    from .calls_in_text import CallFinder

OPEN, CLOSE = "<think>", "</think>"


class Thoughts:
    """Splits an answer; `inside` is True while the model thinks.

    `inside` of None at first means that the answer may begin with <think>.
    """

    def __init__(self, then: CallFinder, *, inside: bool | None) -> None:
        """Hand what is no thought on to `then`."""
        self._then = then
        self._inside: bool | None = inside
        self._held: str = ""
        self._leading = False

    @property
    def inside(self) -> bool:
        """Whether the model is thinking."""
        return bool(self._inside)

    def feed(self, text: str) -> Iterator[ProviderEvent]:
        """Take a piece of the answer; give what it is sure to be."""
        text, self._held = self._held + text, ""
        if self._inside is None:
            begun = text.lstrip()
            if len(begun) < len(OPEN) and OPEN.startswith(begun):
                self._held = text
                return
            self._inside = begun.startswith(OPEN)
            text = begun.removeprefix(OPEN) if self._inside else text
        if self._inside:
            yield from self._thought(text)
        elif text:
            yield from self._answer(text)

    def _thought(self, text: str) -> Iterator[ProviderEvent]:
        thought, closed, rest = text.partition(CLOSE)
        if not closed:
            keep = overlap(text, CLOSE)
            thought, self._held = text[: len(text) - keep], text[len(text) - keep :]
        if thought:
            yield Reasoning(thought)
        if closed:
            self._inside, self._leading = False, True
            yield from self._answer(rest)

    def _answer(self, text: str) -> Iterator[ProviderEvent]:
        """Pass on the answer, without the blank lines that divide it from the thoughts."""
        text = text.lstrip("\n") if self._leading else text
        if text:
            self._leading = False
            yield from self._then.feed(text)

    def finish(self) -> Iterator[ProviderEvent]:
        """The answer is complete; give what was held back."""
        rest, self._held = self._held, ""
        if rest and self._inside:
            yield Reasoning(rest)
        elif rest:
            yield from self._then.feed(rest)
        yield from self._then.finish()
