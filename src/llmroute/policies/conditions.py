"""Conditions: which requests a route is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.messages import Image
from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from llmroute.types.plans import Situation
    from llmroute.types.requests import Hint, Request

    from .times import Times


class TokenRange(NamedTuple):
    """How long a prompt is, in tokens as the situation counts them; None: any length above."""

    at_least: int = 0
    at_most: int | None = None

    def holds(self, tokens: int) -> bool:
        """Whether a prompt of so many tokens is in the range."""
        return self.at_least <= tokens and (self.at_most is None or tokens <= self.at_most)

    def __str__(self) -> str:
        if self.at_most is None:
            return f"{self.at_least} tokens or more"
        if self.at_least == 0:
            return f"at most {self.at_most} tokens"
        return f"{self.at_least} to {self.at_most} tokens"


class Seen:
    """A situation, and what conditions look up in it: once, and only if one asks."""

    __slots__ = ("_language", "request", "situation")

    def __init__(self, situation: Situation) -> None:
        """Look at `situation`."""
        self.situation = situation
        self.request = situation.request
        self._language = self.request.language or "?"

    @property
    def language(self) -> str:
        """The language that the caller named, else the one that is detected; "" when unknown."""
        if self._language == "?":
            from .language import language_of

            self._language = language_of(self.request) or ""
        return self._language


class When(NamedTuple):
    """A condition on a request: all that is given must hold. None and empty match everything.

    `tokens` is compared with the expected count of the prompt, not with its interval. `has_images`
    looks at every message, `has_tools` at the tools that may be called. A request matches one of
    `languages`, two-letter codes, if it is known to be written in it.
    """

    task: str | None = None
    hints: tuple[tuple[str, Hint], ...] = ()
    tags: tuple[str, ...] = ()
    tokens: TokenRange | None = None
    has_images: bool | None = None
    has_tools: bool | None = None
    languages: tuple[str, ...] = ()
    times: Times | None = None

    def matches(self, seen: Seen) -> bool:
        """Whether the condition holds."""
        request = seen.request
        if self.task is not None and self.task != seen.situation.task:
            return False
        if self.hints and not self._hinted(request):
            return False
        if self.tags and not set(self.tags).issubset(request.tags):
            return False
        return self[3:] == ANYTHING or self._fits(seen)

    def _hinted(self, request: Request) -> bool:
        """Whether the request carries the hints."""
        return all(request.hints.get(name) == value for name, value in self.hints)

    def _fits(self, seen: Seen) -> bool:
        """Whether the rarer conditions hold, the language last: it may have to be detected."""
        situation = seen.situation
        if self.tokens is not None and not self.tokens.holds(situation.tokens.value):
            return False
        if self.has_images not in {None, has_images(seen.request)}:
            return False
        if self.has_tools not in {None, bool(seen.request.tools)}:
            return False
        if self.times is not None and not self.times.holds(situation.now):
            return False
        return not self.languages or seen.language in self.languages

    def __str__(self) -> str:
        """Name the condition, for a route without a name."""
        parts = [f"task {self.task}"] if self.task else []
        parts += [f"{name} {value}" for name, value in self.hints]
        parts += [f"tag {tag}" for tag in self.tags]
        parts += [str(one) for one in (self.tokens, self.times) if one is not None]
        parts += [_having(self.has_images, "images"), _having(self.has_tools, "tools")]
        parts += [f"language {' or '.join(self.languages)}" if self.languages else ""]
        return ", ".join(filter(None, parts)) or "always"


ANYTHING = When()[3:]


def has_images(request: Request) -> bool:
    """Whether a message of the request holds a picture."""
    if request.text_alone:
        return False
    return any(isinstance(part, Image) for one in request.messages for part in one.parts)


def _having(wanted: bool | None, what: str) -> str:
    return "" if wanted is None else what if wanted else f"no {what}"
