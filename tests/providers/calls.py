"""Calls by hand, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.driver.clock import SystemClock
from llmroute.errors import AttemptError
from llmroute.providers import open_codec
from llmroute.providers.http_provider import HttpProvider
from llmroute.providers.transport import Transport
from llmroute.types.calls import Call, Cancel, Timer
from llmroute.types.events import Text
from llmroute.types.limits import Limits
from llmroute.types.messages import Message
from llmroute.types.models import SAMPLING_NAMES, Endpoint, Model
from llmroute.types.requests import Request
from llmroute.types.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault

KEY = "sk-canary-0123456789abcdefghij"
APIS = ("openai-chat", "openai-responses")


class How(NamedTuple):
    """What differs between calls; `time_s` is how long the provider may keep control."""

    api: str = "openai-chat"
    stream: bool = True
    time_s: float = 10.0
    connect_s: float = 5.0
    key: str | None = KEY
    model: str = "normal"
    limits: Limits = Limits()
    parameters: frozenset[str] = frozenset(SAMPLING_NAMES)
    max_tokens_parameter: str = "max_tokens"
    prefix: str = ""


PLAINLY = How()

QUESTION = Request((Message.system("Be terse."), Message.user("What is six times seven, please?")))


def call_to(base_url: str, how: How = PLAINLY, request: Request = QUESTION) -> Call:
    """Make a call of the model `how.model` at `base_url`."""
    clock = SystemClock()
    now = clock.now()
    scheme, _, rest = base_url.partition("://")
    endpoint = Endpoint(
        base_url=base_url,
        origin=f"{scheme}://{rest.partition('/')[0]}",
        wire_model=how.model,
        key_name="TEST_KEY",
        parameters=how.parameters,
        max_tokens_parameter=how.max_tokens_parameter,
    )
    return Call(
        id=1,
        model=Model("m", "test", how.model, how.api, endpoint=endpoint),
        request=request,
        stream=how.stream,
        limits=how.limits,
        clock=clock,
        deadline_at=now + how.time_s,
        timer=Timer(now + how.time_s),
        cancel=Cancel(),
        connect_s=how.connect_s,
        prefix=how.prefix,
        key=None if how.key is None else Secret(how.key),
    )


def provider_for(api: str = "openai-chat", http_client: object | None = None) -> HttpProvider:
    """Make a provider with a transport of its own."""
    return HttpProvider(open_codec(api), Transport(http_client))


class Outcome(NamedTuple):
    """The events of a call, and the error that ended it, if one did."""

    events: list[ProviderEvent]
    error: AttemptError | None

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(event.text for event in self.events if isinstance(event, Text))

    @property
    def fault(self) -> Fault:
        """The fault; fails the test when there is none."""
        assert self.error is not None
        return self.error.fault

    @property
    def kind(self) -> str:
        """The kind of the fault; "" when the call went well."""
        return "" if self.error is None else self.error.fault.kind


def outcome(events: Iterator[ProviderEvent]) -> Outcome:
    """Run a call to its end."""
    seen: list[ProviderEvent] = []
    try:
        seen.extend(events)
    except AttemptError as error:
        return Outcome(seen, error)
    return Outcome(seen, None)


async def aoutcome(events: AsyncIterator[ProviderEvent]) -> Outcome:
    """Run a call to its end, in a task."""
    seen: list[ProviderEvent] = []
    try:
        async for event in events:
            seen.append(event)  # noqa: PERF401 - what came before an error counts
    except AttemptError as error:
        return Outcome(seen, error)
    return Outcome(seen, None)
