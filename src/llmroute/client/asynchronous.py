"""The client for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NoReturn, Self, cast, overload

from llmroute.errors import LLMRouteError, RequestError
from llmroute.types.reply import OutputT_co

from . import later
from .shared import BaseClient, BaseStream, EnteredAsync, finished, one_consumer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from typing import Unpack

    from llmroute.driver.session import Order
    from llmroute.types.events import Event
    from llmroute.types.reply import Embeddings, OutputT, Reply
    from llmroute.types.requests import ChatOptions, EmbedOptions
    from llmroute.types.secrets import Secret

    from .core import Core
    from .embedding_texts import Texts
    from .messages import Prompt


class AsyncClient(EnteredAsync, BaseClient):
    """One client over every model of a policy, for asyncio; same names as `Client`.

    `policy` is a policy file's path, or a policy made with `llmroute.policies`; None means
    $LLMROUTE_POLICY, else llmroute.toml from here up to the repository root, else the built-in
    default. Raises PolicyError with every problem of the file. Nothing is opened, read from the
    network or loaded before the first call.
    """

    @overload
    async def chat(
        self, prompt: Prompt, *, output: type[OutputT], **options: Unpack[ChatOptions]
    ) -> Reply[OutputT]: ...
    @overload
    async def chat(
        self, prompt: Prompt, *, output: Mapping[str, object], **options: Unpack[ChatOptions]
    ) -> Reply[object]: ...
    @overload
    async def chat(
        self, prompt: Prompt, *, output: None = None, **options: Unpack[ChatOptions]
    ) -> Reply: ...
    @overload
    async def chat(
        self, prompt: Prompt, *, output: object, **options: Unpack[ChatOptions]
    ) -> Reply[object]: ...
    async def chat(
        self, prompt: Prompt | None = None, *, output: object = None, **options: Unpack[ChatOptions]
    ) -> Reply[object]:
        """Ask, and return the whole answer.

        `output` is the shape that the answer must have: a pydantic model, a TypedDict, another type
        that JSON can carry, or a JSON Schema; `reply.output` is then a value of it.

        Raises RequestError (the call itself is wrong), NoCandidateError (every model refused),
        AllFailedError, DeadlineExceededError, ClosedError (the client is closed, or gets closed
        meanwhile), ForkedError, and PolicyError for a policy in code that names no model.
        """
        ordered = self._ordered(prompt, options, output, stream=False)
        del prompt, options  # a crash report with locals does not get them from here
        if isinstance(ordered, LLMRouteError):
            raise ordered
        return await self._run(*ordered)

    @overload
    def stream(
        self, prompt: Prompt, *, output: type[OutputT], **options: Unpack[ChatOptions]
    ) -> AsyncStream[OutputT]: ...
    @overload
    def stream(
        self, prompt: Prompt, *, output: Mapping[str, object], **options: Unpack[ChatOptions]
    ) -> AsyncStream[object]: ...
    @overload
    def stream(
        self, prompt: Prompt, *, output: None = None, **options: Unpack[ChatOptions]
    ) -> AsyncStream: ...
    @overload
    def stream(
        self, prompt: Prompt, *, output: object, **options: Unpack[ChatOptions]
    ) -> AsyncStream[object]: ...
    def stream(
        self, prompt: Prompt | None = None, *, output: object = None, **options: Unpack[ChatOptions]
    ) -> AsyncStream[object]:
        """Plan now, and answer as events when the stream is read; use it in an `async with` block.

        Raises RequestError, NoCandidateError, ClosedError, ForkedError and PolicyError at once;
        reading raises AllFailedError, DeadlineExceededError, StreamBrokenError and ClosedError.
        """
        ordered = self._ordered(prompt, options, output, stream=True)
        del prompt, options
        if isinstance(ordered, LLMRouteError):
            raise ordered
        order, key = ordered
        return AsyncStream(self._core, order, key)

    @overload
    async def embed(self, texts: str, **options: Unpack[EmbedOptions]) -> Embeddings: ...
    @overload
    async def embed(self, texts: Sequence[str], **options: Unpack[EmbedOptions]) -> Embeddings: ...
    async def embed(
        self, texts: Texts | None = None, **options: Unpack[EmbedOptions]
    ) -> Embeddings:
        """Make one vector for each of `texts`, a string or a list of strings.

        Long lists are sent in batches; no model answers whose vectors cannot be compared with
        those of the plan's first. Raises what `chat` raises.
        """
        begun = self._begun(texts, options)
        del texts, options
        if isinstance(begun, LLMRouteError):
            raise begun
        embedding, key = begun
        while (order := embedding.next_order()) is not None:
            with embedding.failing():
                embedding.took(await self._run(order, key))
        return embedding.embeddings()

    async def _run(self, order: Order, key: Secret | None) -> Reply[object]:
        core = self._core
        driver = later.async_driver()(order, core.lend(key))
        core.enter(driver.session)
        try:
            return await driver.run()
        finally:
            core.leave(driver.session)

    async def close(self) -> None:
        """Stop live calls with ClosedError and free everything; closing twice does nothing."""
        if self._owner and self._core.stop():
            if self._core.observations.file is not None:
                import asyncio

                await asyncio.to_thread(self._core.keep)
            await self._core.registry.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()


class AsyncStream(EnteredAsync, BaseStream, Generic[OutputT_co]):
    """The events of one answer; one consumer. Leaving the `async with` block stops the model.

    `plan` is known at once, `reply` after the last event.
    """

    def __init__(self, core: Core, order: Order, key: Secret | None) -> None:
        """Prepare; nothing is sent before the first event is asked for."""
        super().__init__(order)
        self._core = core
        self._reading = False
        self._driver = later.async_driver()(order, core.lend(key))
        core.enter_stream(self._driver.session)

    if not TYPE_CHECKING:

        def __await__(self) -> NoReturn:
            hint = "Write: async with client.stream(...) as stream"
            raise RequestError("is not awaited", where="AsyncStream", hint=hint)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        self._core.check_process()
        if self._reading:
            raise one_consumer()
        self._reading = True
        try:
            event = await self._driver.next_event()
        finally:
            self._reading = False
        if event is None:
            self._driver.session.answer()
            raise StopAsyncIteration
        return event

    @property
    def text(self) -> AsyncIterator[str]:
        """The pieces of text alone; raises RequestError if on_break="restart": it would repeat."""
        from llmroute.types.events import Text

        self._refuse_restart()
        return (event.text async for event in self if isinstance(event, Text))

    @property
    def reply(self) -> Reply[OutputT_co]:
        """The reply, as `chat` gives it; raises ClosedError while the stream is not at its end."""
        finished(self._driver.session.result)
        return cast("Reply[OutputT_co]", self._driver.session.answer())

    async def close(self) -> None:
        """Stop the model, also while another task reads; closing twice does nothing."""
        if self._reading:
            from llmroute.flow.occurrences import Abandoned

            self._driver.session.abort(Abandoned("the stream was closed"))
        else:
            await self._driver.close("the stream was closed")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()
