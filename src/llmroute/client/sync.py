"""The client for plain threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, Self, cast, overload

from llmroute.errors import LLMRouteError
from llmroute.types.reply import OutputT_co

from . import later
from .shared import BaseClient, BaseStream, finished, one_consumer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Unpack

    from llmroute.driver.session import Order
    from llmroute.types.events import Event
    from llmroute.types.reply import Embeddings, OutputT, Reply
    from llmroute.types.requests import ChatOptions, EmbedOptions
    from llmroute.types.secrets import Secret

    from .core import Core
    from .embedding_texts import Texts
    from .messages import Prompt


class Client(BaseClient):
    """One client over every model of a policy; safe from any thread.

    `policy` is a policy file's path, or a policy made with `llmroute.policies`; None means
    $LLMROUTE_POLICY, else llmroute.toml from here up to the repository root, else the built-in
    default. Raises PolicyError with every problem of the file. Nothing is opened, read from the
    network or loaded before the first call.
    """

    @overload
    def chat(
        self, prompt: Prompt, *, output: type[OutputT], **options: Unpack[ChatOptions]
    ) -> Reply[OutputT]: ...
    @overload
    def chat(
        self, prompt: Prompt, *, output: Mapping[str, object], **options: Unpack[ChatOptions]
    ) -> Reply[object]: ...
    @overload
    def chat(
        self, prompt: Prompt, *, output: None = None, **options: Unpack[ChatOptions]
    ) -> Reply: ...
    @overload
    def chat(
        self, prompt: Prompt, *, output: object, **options: Unpack[ChatOptions]
    ) -> Reply[object]: ...
    def chat(
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
        return self._run(*ordered)

    @overload
    def stream(
        self, prompt: Prompt, *, output: type[OutputT], **options: Unpack[ChatOptions]
    ) -> Stream[OutputT]: ...
    @overload
    def stream(
        self, prompt: Prompt, *, output: Mapping[str, object], **options: Unpack[ChatOptions]
    ) -> Stream[object]: ...
    @overload
    def stream(
        self, prompt: Prompt, *, output: None = None, **options: Unpack[ChatOptions]
    ) -> Stream: ...
    @overload
    def stream(
        self, prompt: Prompt, *, output: object, **options: Unpack[ChatOptions]
    ) -> Stream[object]: ...
    def stream(
        self, prompt: Prompt | None = None, *, output: object = None, **options: Unpack[ChatOptions]
    ) -> Stream[object]:
        """Plan now, and answer as events when the stream is read; use it in a `with` block.

        Raises RequestError, NoCandidateError, ClosedError, ForkedError and PolicyError at once;
        reading raises AllFailedError, DeadlineExceededError, StreamBrokenError and ClosedError.
        """
        ordered = self._ordered(prompt, options, output, stream=True)
        del prompt, options
        if isinstance(ordered, LLMRouteError):
            raise ordered
        order, key = ordered
        return Stream(self._core, order, key)

    @overload
    def embed(self, texts: str, **options: Unpack[EmbedOptions]) -> Embeddings: ...
    @overload
    def embed(self, texts: Sequence[str], **options: Unpack[EmbedOptions]) -> Embeddings: ...
    def embed(self, texts: Texts | None = None, **options: Unpack[EmbedOptions]) -> Embeddings:
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
                embedding.took(self._run(order, key))
        return embedding.embeddings()

    def _run(self, order: Order, key: Secret | None) -> Reply[object]:
        core = self._core
        driver = later.driver()(order, core.lend(key))
        core.enter(driver.session)
        try:
            return driver.run()
        finally:
            core.leave(driver.session)

    def close(self) -> None:
        """Stop live calls with ClosedError and free everything; closing twice does nothing."""
        if self._owner and self._core.stop():
            self._core.keep()
            self._core.registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class Stream(BaseStream, Generic[OutputT_co]):
    """The events of one answer; one consumer. Leaving the `with` block stops the model.

    `plan` is known at once, `reply` after the last event.
    """

    def __init__(self, core: Core, order: Order, key: Secret | None) -> None:
        """Prepare; nothing is sent before the first event is asked for."""
        super().__init__(order)
        self._core = core
        self._reading = threading.Lock()
        self._closing = False
        self._driver = later.driver()(order, core.lend(key))
        core.enter_stream(self._driver.session)

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        self._core.check_process()
        if not self._reading.acquire(blocking=False):
            if not self._closing:
                raise one_consumer()
            self._reading.acquire()  # whoever closes is soon done
        try:
            event = self._driver.next_event()
        finally:
            self._reading.release()
        if event is None:
            self._driver.session.answer()
            raise StopIteration
        return event

    @property
    def text(self) -> Iterator[str]:
        """The pieces of text alone; raises RequestError if on_break="restart": it would repeat."""
        from llmroute.types.events import Text

        self._refuse_restart()
        return (event.text for event in self if isinstance(event, Text))

    @property
    def reply(self) -> Reply[OutputT_co]:
        """The reply, as `chat` gives it; raises ClosedError while the stream is not at its end."""
        finished(self._driver.session.result)
        return cast("Reply[OutputT_co]", self._driver.session.answer())

    def close(self) -> None:
        """Stop the model, from any thread; closing twice does nothing."""
        self._closing = True
        if not self._reading.acquire(blocking=False):  # somebody reads: he is told, and ends it
            from llmroute.flow.occurrences import Abandoned

            self._driver.session.abort(Abandoned("the stream was closed"))
            return
        try:
            self._driver.close("the stream was closed")
        finally:
            self._reading.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
