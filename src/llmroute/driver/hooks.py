"""The one guard around code that is not ours: a provider's bug becomes a typed failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from llmroute.errors import AttemptError, LLMRouteError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from llmroute.types.events import ProviderEvent


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
