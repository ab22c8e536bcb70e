"""One thread per loaded model: it loads the file, answers one call after another, and frees it."""

from __future__ import annotations

import os
import queue
import threading
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError, ForkedError

from .generation import answer
from .loaded import load

if TYPE_CHECKING:
    from .contexts import Settings
    from .job import Job
    from .loaded import Loaded

JOIN_S = 5.0
"""Seconds that `close` waits for the thread; llama.cpp on a GPU may need some."""


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
