"""The contract between the driver and a provider: `Call` in, events out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from datetime import date, datetime

    from .events import ProviderEvent
    from .limits import Limits
    from .models import Model
    from .requests import Request
    from .secrets import Secret


# One for all: it is held for a few lines, callbacks run outside. It may be taken twice, since
# memory that is freed meanwhile may cancel something, or take a callback back.
_cancelling = threading.RLock()


class Cancel:
    """A thread-safe flag with callbacks: set once, from any thread; it never becomes unset."""

    __slots__ = ("_callbacks", "why")

    def __init__(self) -> None:
        """Begin unset."""
        self._callbacks: dict[int, Callable[[], None]] = {}
        self.why: str | None = None

    @property
    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self.why is not None

    def set(self, why: str) -> None:
        """Ask to stop; runs each callback once, in this thread. A second call does nothing."""
        with _cancelling:
            if self.why is not None:
                return
            self.why = why
            callbacks = list(self._callbacks.values())
            self._callbacks.clear()
        for callback in callbacks:
            callback()

    def on_set(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Run `callback` when set (at once if it is already); returns what takes it back."""
        with _cancelling:
            if self.why is None:
                token = id(callback)
                self._callbacks[token] = callback
                return lambda: self._forget(token)
        callback()
        return _nothing

    def _forget(self, token: int) -> None:
        with _cancelling:
            self._callbacks.pop(token, None)


def _nothing() -> None:
    """Take nothing back."""


class Timer:
    """The moment at which an attempt must give control back; the driver moves it."""

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        """Run out at `at`, in seconds of the call's clock."""
        self.at = at


class Clock(Protocol):
    """Time as the driver sees it; `llmroute.testing.VirtualClock` is another one."""

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        ...

    def today(self) -> date:
        """The date, for retirements and prices."""
        ...

    def wall_time(self) -> datetime:
        """The date and time of day with their zone, for policies that ask for them."""
        ...

    def sleep_until(self, moment: float, cancel: Cancel) -> None:
        """Sleep until `moment`, or until `cancel` is set."""
        ...

    async def asleep_until(self, moment: float, cancel: Cancel) -> None:
        """Sleep likewise without holding the event loop."""
        ...


@runtime_checkable
class SharedClock(Protocol):
    """A clock that passes only while all threads sleep that share it: one for tests."""

    def join(self, thread: threading.Thread, /) -> None:
        """Let time stand still while `thread`, which has its turn now, does not sleep."""
        ...

    def leave(self, thread: threading.Thread, /) -> None:
        """Let time pass without `thread`, whose turn is over."""
        ...


class Call(NamedTuple):
    """One attempt, as a provider gets it.

    `stream` asks the upstream for a stream; otherwise for a whole answer. `timer.at` is the moment
    of `clock` at which the provider must give control back (it moves while the answer comes in),
    `deadline_at` the moment the whole call ends, `connect_s` the seconds for DNS, TCP and TLS.
    `prefix` is text the answer must go on from; empty means none. `key` of None: send no key.
    """

    id: int
    model: Model
    request: Request
    stream: bool
    limits: Limits
    clock: Clock
    deadline_at: float
    timer: Timer
    cancel: Cancel
    connect_s: float
    prefix: str = ""
    key: Secret | None = None

    def __repr__(self) -> str:
        return f"Call({self.id}, {self.model!r}, {self.request!r}, stream={self.stream})"


class Provider(Protocol):
    """Who answers. One verb, two colors; a whole answer is the fold of the events.

    A provider yields `Opened` once the upstream took the request, then content, then `End`; it
    raises `llmroute.errors.AttemptError` for every failure, kind "interrupted" when `call.timer`
    ran out or `call.cancel` was set, and does so at once.
    Events may be pulled, and the iterator closed, by another thread or task than the first, never
    by two at once.
    """

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Answer `call` in this thread."""
        ...

    def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Answer `call` on the running event loop."""
        ...


@runtime_checkable
class SupportsAvailability(Protocol):
    """A provider that knows without sending anything whether a model can answer now."""

    def unavailable(self, model: Model, /) -> str | None:
        """Say in one sentence why `model` cannot answer; None when it can."""
        ...


@runtime_checkable
class SupportsWindow(Protocol):
    """A provider that knows without sending anything how much a model takes."""

    def context_tokens(self, model: Model, /) -> int | None:
        """Tokens of the window of `model`, prompt and answer together; None when unknown."""
        ...


class FileTerms(NamedTuple):
    """What a model file says of its license, in words of its own; None means that it does not say.

    `license` is a tag ("llama2"), `name` what a license is called whose tag is "other". `bases`
    are the models that it was made of, each with its address and its name, or one of them; without
    either it is a model that the file does not name.
    """

    license: str | None = None
    name: str | None = None
    bases: tuple[tuple[str, ...], ...] = ()


@runtime_checkable
class SupportsFileTerms(Protocol):
    """A provider that knows without sending anything what a model's file says of its license."""

    def file_terms(self, model: Model, /) -> FileTerms | None:
        """What the file of `model` says; None when there is none, or it cannot be read."""
        ...


@runtime_checkable
class SupportsCounting(Protocol):
    """A provider that counts prompts as its models do, without sending anything."""

    def count_tokens(self, model: Model, request: Request, /) -> int | str:
        """Tokens of the prompt that `request` becomes, or one sentence why nobody can tell."""
        ...


@runtime_checkable
class SupportsClose(Protocol):
    """A provider that holds connections, threads or memory."""

    def close(self) -> None:
        """Free everything; live calls fail. Closing twice is allowed."""
        ...


@runtime_checkable
class SupportsAclose(Protocol):
    """A provider whose resources belong to an event loop."""

    async def aclose(self) -> None:
        """Free everything; live calls fail. Closing twice is allowed."""
        ...
