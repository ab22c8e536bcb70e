"""The provider of everything that is reached over HTTP: a codec and a transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError, TransportError

from .advice import advised
from .budget import Budget
from .exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence

    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent

    from .answers import Answer, AsyncAnswer
    from .transport import Transport
    from .wire import Codec


class HttpProvider:
    """Answers calls by HTTP; `close` ends what is under way and closes the connections.

    Errors leave it with a fresh traceback and no context: the frames below hold the request.
    """

    def __init__(self, codec: Codec, transport: Transport) -> None:
        """Speak `codec` over `transport`."""
        self._codec = codec
        self._transport = transport

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Answer `call` in this thread; raises AttemptError, RequestError, ForkedError."""
        try:
            yield from self._events(call)
        except AttemptError as error:
            failure = self._clean(error, call)
        else:
            return
        raise failure from failure.__cause__

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Answer `call` in this task; raises likewise."""
        batches = self._batches(call)
        try:
            async for batch in batches:
                for event in batch:
                    yield event
        except AttemptError as error:
            failure = self._clean(error, call)
        else:
            return
        finally:
            await batches.aclose()
        raise failure from failure.__cause__

    def close(self) -> None:
        """Close; twice is fine."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close; twice is fine."""
        self._transport.close()

    def _events(self, call: Call) -> Iterator[ProviderEvent]:
        budget = Budget(call)
        answer: Answer | None = None
        try:
            exchange = Exchange(self._codec, call, budget)
            answer = self._transport.send(self._codec.encode(call), budget)
            yield from exchange.begin(answer.head)
            try:
                for chunk in answer.chunks():
                    yield from exchange.feed(chunk)
                    exchange.check()
            except AttemptError:
                if not exchange.settled:
                    raise
            yield from exchange.finish()
        finally:
            budget.release()
            if answer is not None:
                answer.close()

    async def _batches(self, call: Call) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        budget = Budget(call)
        answer: AsyncAnswer | None = None
        try:
            exchange = Exchange(self._codec, call, budget)
            answer = await self._transport.asend(self._codec.encode(call), budget)
            yield exchange.begin(answer.head)
            try:
                async for chunk in answer.chunks():
                    yield exchange.feed(chunk)
                    exchange.check()
            except AttemptError:
                if not exchange.settled:
                    raise
            yield exchange.finish()
        finally:
            budget.release()
            if answer is not None:
                await answer.aclose()

    def _clean(self, error: AttemptError, call: Call) -> AttemptError:
        """Copy the error without what hangs on it, and say where it happened."""
        if self._transport.closed and not call.cancel.is_set:
            return AttemptError("interrupted", "the client was closed")
        failure = advised(error.fault, call, self._transport.lender)
        cause = error.__cause__
        if isinstance(cause, TransportError):
            failure.__cause__ = TransportError(cause.kind, cause.text)
        return failure
