"""One thread per loaded model: it loads the file, answers one call after another, and frees it."""

from __future__ import annotations

import os
import queue
import threading
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError, ForkedError
from llmroute.types.events import End, Opened, Text, UsageReport
from llmroute.types.usage import Usage

from .answer import AnswerText
from .bindings import AbortFlag
from .loaded import load
from .sampler import reproducible, sampler_chain
from .templates import Unfit, choose_template, render

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault

    from .loaded import Loaded, Settings

JOIN_S = 5.0
"""Seconds that `close` waits for the thread; llama.cpp on a GPU may need some."""
BYTES_PER_TOKEN = 256
"""No vocabulary has longer tokens; a prompt of more bytes than that is refused untokenized."""


class Job:
    """One call in an engine's queue: where its events go, and the flag that stops it."""

    __slots__ = ("call", "emit", "flag")

    def __init__(self, call: Call, emit: Callable[[ProviderEvent | Fault], None]) -> None:
        """Queue `call`; `emit` is called in the engine's thread, a `Fault` last on failure."""
        self.call = call
        self.emit = emit
        self.flag = AbortFlag()

    def stop(self) -> None:
        """Stop the computation, now or as soon as it begins; from any thread."""
        self.flag.set()


class Engine:
    """A model file and the thread that runs it; calls are answered in the order they came.

    `ended` is True once the thread answers no more: the engine was closed, or failed to load.
    """

    def __init__(self, settings: Settings) -> None:
        """Start the thread; the file is loaded when the first call comes."""
        self.settings = settings
        self.ended = False
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._current: Job | None = None
        self._closing = False
        self._last_words = AttemptError("engine", "the engine's thread ended unexpectedly").fault
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="llmroute-llama-cpp", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job.

        Raises:
            ForkedError: this is another process than the one that made the engine.
        """
        if os.getpid() != self._pid:
            raise ForkedError("a local model was used after fork; make a client in each process")
        self._jobs.put(job)
        if self.ended:  # the thread may not see it any more
            job.emit(self._last_words)

    def close(self) -> None:
        """Stop what runs, fail what waits, free the memory. Closing twice is allowed."""
        if os.getpid() != self._pid:
            return  # the memory belongs to the parent
        self._last_words = AttemptError("interrupted", "the local model was closed").fault
        self._closing = True
        current = self._current
        if current is not None:
            current.stop()
        self._jobs.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        loaded: Loaded | None = None
        try:
            while self._take_next():
                if loaded is None:
                    loaded = load(self.settings, lambda: not self._closing)
                self._serve(loaded)
        except AttemptError as problem:
            self._last_words = problem.fault
        finally:
            self.ended = True
            if loaded is not None:
                loaded.free()
            self._fail_waiting()

    def _take_next(self) -> bool:
        """Wait for a job that somebody still wants; False when the engine is closed."""
        while True:
            self._current = None  # it held a prompt, and the next may be long in coming
            job = self._current = self._jobs.get()
            if job is None or self._closing:
                return False
            if not job.flag.is_set:
                return True

    def _serve(self, loaded: Loaded) -> None:
        job = self._current
        if job is None:
            return
        if self._closing:
            job.stop()  # `close` may have looked before this job was the current one
        try:
            answer(job, loaded)
        except AttemptError as problem:
            job.emit(problem.fault)

    def _fail_waiting(self) -> None:
        waiting = [self._current]
        self._current = None
        while not self._jobs.empty():
            waiting.append(self._jobs.get())
        for job in waiting:
            if job is not None:
                job.emit(self._last_words)


def answer(job: Job, loaded: Loaded) -> None:
    """Compute one answer and emit its events.

    Raises:
        AttemptError: kind "template", "bad_request", "context_length", "interrupted" or "engine".
    """
    call, flag = job.call, job.flag
    sampling = call.request.sampling
    prompt = prompt_tokens(call, loaded)
    loaded.sequence.watch(flag)
    job.emit(Opened())
    reused = loaded.sequence.evaluate(prompt, flag, exact=reproducible(sampling))
    limits = (sampling.max_tokens, call.model.max_output_tokens, loaded.window - len(prompt))
    limit = min(one for one in limits if one is not None)
    reason, produced = _generate(job, loaded, limit)
    usage = Usage(len(prompt), produced, cached_input_tokens=reused)
    job.emit(UsageReport(usage))
    job.emit(End(reason))


def _generate(job: Job, loaded: Loaded, limit: int) -> tuple[Literal["stop", "length"], int]:
    """Draw tokens until the answer is complete; returns why it ended and how many they were."""
    sampling = job.call.request.sampling
    library, vocabulary, sequence = loaded.library, loaded.vocabulary, loaded.sequence
    text = AnswerText(sampling.stop)
    sample, context = library.llama_sampler_sample, loaded.context
    produced, first = 0, not job.call.prefix
    chain = sampler_chain(library, sampling)
    try:
        while produced < limit:
            token = sample(chain, context, -1)
            if vocabulary.is_end(token):
                break
            produced += 1
            piece = text.feed(vocabulary.bytes_of(token, first=first))
            first = False
            if piece:
                job.emit(Text(piece))
            if text.stopped:
                return "stop", produced
            if produced < limit:
                sequence.append(token)
    finally:
        library.llama_sampler_free(chain)
    rest = text.finish()
    if rest:
        job.emit(Text(rest))
    return ("length" if produced >= limit else "stop"), produced


def prompt_tokens(call: Call, loaded: Loaded) -> list[int]:
    """Lay the request out by the model's template and tokenize it.

    Raises:
        AttemptError: kind "template", "bad_request", or "context_length" when it does not fit.
    """
    weights = call.model.weights
    template = (
        Unfit("no weights") if weights is None else choose_template(weights, loaded.header.template)
    )
    if isinstance(template, Unfit):
        raise AttemptError("template", template.reason)
    pieces = render(template, call.request.messages, loaded.vocabulary.marks, call.prefix)
    size = sum(len(piece.text) for piece in pieces)
    if size > loaded.window * BYTES_PER_TOKEN:
        raise _too_long(call, f"{size} characters", loaded.window)
    tokens = loaded.vocabulary.encode(pieces)
    if len(tokens) >= loaded.window:
        raise _too_long(call, f"{len(tokens)} tokens", loaded.window)
    if not tokens:
        raise AttemptError("bad_request", "the prompt is empty")
    return tokens


def _too_long(call: Call, size: str, window: int) -> AttemptError:
    return AttemptError(
        "context_length",
        f"the prompt has {size}; the window of {call.model.name} is {window} tokens, and the "
        "answer needs at least one",
    )
