"""The one guard around code that is not ours: a provider's bug becomes a typed failure."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Generator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from llmroute.errors import AttemptError, LLMRouteError
from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from llmroute.types.accept import Accept, Draft
    from llmroute.types.events import ProviderEvent
    from llmroute.types.requests import Request


Result = TypeVar("Result")


def next_event(events: Iterator[ProviderEvent]) -> ProviderEvent | None:
    """Pull one event, None at the end; raises AttemptError for whatever goes wrong."""
    try:
        return next(events, None)
    except LLMRouteError:
        raise
    except Exception as error:
        bug = type(error).__name__
    raise AttemptError("provider_bug", f"the provider raised {bug}")


async def anext_event(events: AsyncIterator[ProviderEvent]) -> ProviderEvent | None:
    """Pull one event likewise."""
    try:
        return await anext(events)
    except StopAsyncIteration:
        return None
    except LLMRouteError:
        raise
    except Exception as error:
        bug = type(error).__name__
    raise AttemptError("provider_bug", f"the provider raised {bug}")


def guarded(hook: Callable[[], Result], whose: str, kind: str = "provider_bug") -> Result:
    """Call code of the application; raises AttemptError of `kind` for whatever goes wrong."""
    try:
        return hook()
    except LLMRouteError:
        raise
    except Exception as error:
        bug = type(error).__name__
    raise AttemptError(kind, f"{whose} raised {bug}")


def shielded(request: Request) -> Request:
    """The request with checks of the application that raise nothing but ValueError."""
    output = request.output
    if output is not None:
        request = replace(request, output=replace(output, read=partial(_read, output.read)))
    if not request.tools:
        return request
    tools = (
        one if one.check is None else replace(one, check=partial(_problem, one.check))
        for one in request.tools
    )
    return replace(request, tools=tuple(tools))


def _read(read: Callable[[str], object], text: str) -> object:
    """Read an answer; a bug in it is an answer that does not fit."""
    try:
        return read(text)
    except (LLMRouteError, ValueError):
        raise
    except Exception as error:
        bug = type(error).__name__
    raise ValueError(f"a check of its type raised {bug}")


def _problem(
    check: Callable[[Mapping[str, object]], str | None], arguments: Mapping[str, object]
) -> str | None:
    """What a check of a tool says; one that fails instead of saying so is a problem as well."""
    try:
        return check(arguments)
    except LLMRouteError:
        raise
    except Exception as error:
        bug = type(error).__name__
    return f"the check raised {bug}"


def accepting(accept: Accept) -> Accept:
    """What counts, with a check of the application that raises nothing."""
    check = accept.check
    return accept if check is None else accept._replace(check=partial(_verdict, check))


def _verdict(check: Callable[[Draft], str | bool | None], draft: Draft) -> str | bool | None:
    """Ask the application; a check that fails does not accept."""
    try:
        return check(draft)
    except Exception as error:
        bug = type(error).__name__
    return f"the check raised {bug}"


def close_quietly(events: Iterator[ProviderEvent]) -> None:
    """End a generator; other iterators are told by their call's `cancel` alone.

    What a provider raises while it is being closed is of no use to anybody.
    """
    if isinstance(events, Generator):
        with contextlib.suppress(Exception):
            events.close()


async def aclose_quietly(events: AsyncIterator[ProviderEvent]) -> None:
    """End an asynchronous generator likewise."""
    if isinstance(events, AsyncGenerator):
        with contextlib.suppress(Exception):
            await events.aclose()
