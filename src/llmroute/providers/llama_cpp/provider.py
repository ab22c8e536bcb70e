"""The provider of local models: llama.cpp in this process."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError, ClosedError, ForkedError
from llmroute.types.events import End

from .availability import Files

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from llmroute.types.calls import Call, FileTerms
    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault
    from llmroute.types.models import Model
    from llmroute.types.requests import Request

    from .contexts import Settings
    from .counting import Counting
    from .engine import Engine
    from .job import Job


class LlamaCppProvider:
    """Answers from GGUF files by llama.cpp; safe from any thread and any event loop.

    Each file is loaded once, at the first call, and shared by every model that loads it the same
    way. An engine computes one answer at a time, in the order in which calls came.
    """

    def __init__(self) -> None:
        """Load nothing and import nothing yet."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._closed = False
        self._engines: dict[Settings, Engine] = {}
        self._files = Files()
        self._counting: Counting | None = None
        self._free = weakref.finalize(self, _close_all, self._engines)

    def events(self, call: Call, /) -> Generator[ProviderEvent, None, None]:
        """Answer `call`; the computation runs in the engine's thread.

        Raises:
            AttemptError: kind "model_file", "engine", "template", "missing_package",
                "context_length", "bad_request" or "interrupted".
            ClosedError: the provider was closed before.
            ForkedError: it was made in another process.
        """
        from .inbox import Inbox

        inbox = Inbox()
        with self._submitted(call, inbox.put):
            while True:
                event = inbox.take(call)
                yield event
                if isinstance(event, End):
                    return
                del event  # no piece of an answer stays in a traceback

    async def aevents(self, call: Call, /) -> AsyncGenerator[ProviderEvent, None]:
        """Answer `call` without holding the event loop; leaving the loop stops the computation.

        Raises:
            AttemptError: as `events` does.
            ClosedError: the provider was closed before.
            ForkedError: it was made in another process.
        """
        from .async_inbox import AsyncInbox

        inbox = AsyncInbox(on_lost=lambda: job.stop())  # noqa: PLW0108 - bound below
        with self._submitted(call, inbox.put) as job:
            while True:
                event = await inbox.take(call)
                yield event
                if isinstance(event, End):
                    return
                del event  # no piece of an answer stays in a traceback

    def unavailable(self, model: Model, /) -> str | None:
        """Say in one sentence why `model` cannot answer; None when it can.

        Looks at the file's header, once per state of the file (30 ms), and loads nothing.
        """
        return self._files.unavailable(model)

    def context_tokens(self, model: Model, /) -> int | None:
        """Tokens of the window `model` is loaded with; None when no file tells.

        It is what the model declares, else the file's own window, but no more than 4,096. Looks
        at the file's header as `unavailable` does.
        """
        return self._files.context_tokens(model)

    def file_terms(self, model: Model, /) -> FileTerms | None:
        """What the file of `model` says of its license; None when it cannot be read."""
        return self._files.terms(model)

    def count_tokens(self, model: Model, request: Request, /) -> int | str:
        """Tokens of the prompt that `request` becomes by the template of `model`, exactly.

        Loads the file's vocabulary without its weights, once (0.2 s); a sentence says why nobody
        can tell.
        """
        reason = self._files.unavailable(model)
        if reason is not None:
            return reason
        from .counting import Counting

        with self._lock:
            if self._closed:
                return "the provider of local models is closed"
            if self._counting is None:
                self._counting = Counting()
            counting = self._counting
        try:
            return counting.count(model, request)
        except AttemptError as problem:
            return problem.fault.reason

    def close(self) -> None:
        """Stop what runs, free the memory; live calls fail. Closing twice is allowed."""
        with self._lock:
            self._closed = True
            counting = self._counting
        if os.getpid() == self._pid:
            self._free()
            if counting is not None:
                counting.close()

    @contextmanager
    def _submitted(
        self, call: Call, put: Callable[[ProviderEvent | Fault | None], None]
    ) -> Generator[Job]:
        """Have `call` computed; stops it however the block ends, and learns why it failed."""
        from .job import Job

        job = Job(call, put)
        self._engine(call.model).submit(job)
        take_back = call.cancel.on_set(lambda: put(None))
        try:
            yield job
        except AttemptError as problem:
            self._learn(call, problem)
            raise
        finally:
            job.stop()
            take_back()

    def _engine(self, model: Model) -> Engine:
        from .engine import Engine

        if os.getpid() != self._pid:
            raise ForkedError("a local model was used after fork; make a client in each process")
        settings = _settings(model)
        with self._lock:
            if self._closed:
                raise ClosedError("the provider of local models is closed")
            engine = self._engines.get(settings)
            if engine is None or engine.ended:
                engine = self._engines[settings] = Engine(settings)
            return engine

    def _learn(self, call: Call, problem: AttemptError) -> None:
        """Let plans know that a file does not load, until it changes."""
        if problem.fault.kind == "model_file" and self.unavailable(call.model) is None:
            weights = call.model.weights
            if weights is not None:
                self._files.remember(weights.file, problem.fault.reason)


def _settings(model: Model) -> Settings:
    from .contexts import Settings

    weights = model.weights
    if weights is None:
        raise AttemptError("model_file", f"{model.name} names no model file")
    try:
        path = os.path.realpath(weights.file)
    except ValueError:
        raise AttemptError("model_file", f"{weights.file!r} is not a path") from None
    return Settings(path, model.context_tokens, weights.gpu_layers, weights.threads)


def _close_all(engines: dict[Settings, Engine]) -> None:
    for engine in list(engines.values()):
        engine.close()
    engines.clear()
