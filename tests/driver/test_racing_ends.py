"""Hedged calls that end otherwise than by an answer: nothing is left behind, and nobody hangs."""

from __future__ import annotations

import _thread
import asyncio
import math
import threading
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

from llmroute.driver import asynchronous, sync
from llmroute.driver.clock import SystemClock
from llmroute.errors import AttemptError, ClosedError, DeadlineExceededError, RequestError
from llmroute.flow import occurrences as on
from llmroute.testing import Fail, ScriptedProvider
from llmroute.types.calls import Cancel
from llmroute.types.events import End, Opened, Text
from llmroute.types.limits import Limits
from tests.driver.desk import COLORS, HANG, After, Desk, How, Telling, play

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent

COLOR = pytest.mark.parametrize("color", COLORS)
STREAM = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
NAME = "llmroute-attempt"


def threads() -> list[threading.Thread]:
    """The threads of attempts that still live; those that are about to end may do so."""
    found = [one for one in threading.enumerate() if one.name == NAME]
    for one in found:
        one.join(timeout=5)
    return [one for one in found if one.is_alive()]


def silent() -> ScriptedProvider:
    """One that never says anything, and heeds its cancel."""
    return ScriptedProvider([HANG, "never"])


class Deaf:
    """Never says anything, and heeds neither timer nor cancel until it is let go."""

    def __init__(self) -> None:
        """Hold on."""
        self.let_go = Cancel()

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Hold this thread."""
        del call
        SystemClock().sleep_until(math.inf, self.let_go)
        yield Text("late")

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Hold this task, also when it is cancelled."""
        while not self.let_go.is_set:
            try:
                await call.clock.asleep_until(math.inf, self.let_go)
            except asyncio.CancelledError:
                continue
        yield Text("late")


@STREAM
def test_a_thread_that_hangs_is_let_go(*, stream: bool) -> None:
    """A provider that heeds nothing holds no call; its thread ends as soon as it can."""
    deaf = Deaf()
    desk = Desk(deaf, ScriptedProvider(["a", "b"]))
    played = play("sync", desk, How(stream=stream))

    assert played.reply is not None
    assert played.reply.text == "ab"
    assert desk.outcomes == [("m0", "cancelled", None), ("m1", "answered", None)]
    deaf.let_go.set("enough")
    assert threads() == []


@STREAM
def test_the_deadline_holds_while_threads_hang(*, stream: bool) -> None:
    """The deadline ends a call whose threads are all stuck."""
    deaf = Deaf()
    desk = Desk(deaf, deaf)
    limits = Limits(deadline_s=0.05, attempts_per_model=1)
    played = play("sync", desk, How(stream=stream, limits=limits))

    assert isinstance(played.error, DeadlineExceededError)
    assert desk.flying == []
    assert [one.name for one in threading.enumerate()].count(NAME) == 2
    deaf.let_go.set("enough")
    assert threads() == []


def test_a_task_that_hangs_is_let_go() -> None:
    """A provider that swallows its cancellation holds no call."""

    async def run() -> None:
        deaf = Deaf()
        desk = Desk(deaf, ScriptedProvider(["a", "b"]))
        driver = asynchronous.driver_for(How(stream=False).order(desk), desk)
        assert (await driver.run()).text == "ab"
        assert desk.outcomes == [("m0", "cancelled", None), ("m1", "answered", None)]
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert len(left) == 1
        deaf.let_go.set("enough")
        await asyncio.wait(left)
        assert desk.flying == []

    asyncio.run(run())


@COLOR
@STREAM
def test_many_calls_leave_nothing(color: str, *, stream: bool) -> None:
    """200 hedged calls leave no thread, no task, no attempt and no callback behind."""
    first = silent()
    for _ in range(200):
        desk = Desk(first, ScriptedProvider("b"))
        played = play(color, desk, How(stream=stream, hedge_s=0.0))
        assert played.reply is not None
        assert desk.flying == []
    assert len(first.calls) == 200
    assert all(call.cancel.is_set for call in first.calls)
    assert threads() == []


@STREAM
def test_aborts_from_another_thread(*, stream: bool) -> None:
    """A call that is stopped by another thread while attempts race ends at once."""
    for occurrence in (on.Abandoned("the stream was closed"), on.Closing()):
        hedge = Telling(silent())
        desk = Desk(silent(), hedge)
        driver = sync.driver_for(How(stream=stream).order(desk), desk)
        hedge.asked.on_set(partial(driver.session.abort, occurrence))
        with pytest.raises(ClosedError):
            driver.run()
        assert [outcome for _, outcome, _ in desk.outcomes] == ["cancelled", "cancelled"]
        assert desk.flying == []
    assert threads() == []


@STREAM
def test_aborts_of_a_task(*, stream: bool) -> None:
    """A call on an event loop that is stopped by a thread while attempts race ends at once."""

    async def run() -> None:
        hedge = Telling(silent())
        desk = Desk(silent(), hedge)
        driver = asynchronous.driver_for(How(stream=stream).order(desk), desk)
        abort = threading.Thread(target=driver.session.abort, args=(on.Closing(),))
        hedge.asked.on_set(abort.start)
        with pytest.raises(ClosedError):
            await driver.run()
        abort.join()
        assert desk.flying == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_ctrl_c_ends_the_race() -> None:
    """Ctrl-C in the calling thread cancels every attempt and is raised there."""
    hedge = Telling(silent())
    desk = Desk(silent(), hedge)
    driver = sync.driver_for(How().order(desk), desk)
    hedge.asked.on_set(_thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        driver.next_event()

    assert [outcome for _, outcome, _ in desk.outcomes] == ["cancelled", "cancelled"]
    assert desk.flying == []
    assert threads() == []
    with pytest.raises(ClosedError):
        driver.session.answer()


def test_cancelling_the_calling_task_ends_the_race() -> None:
    """A caller that is cancelled cancels every attempt, and leaves no task."""

    async def run() -> None:
        hedge = Telling(silent())
        desk = Desk(silent(), hedge)
        driver = asynchronous.driver_for(How().order(desk), desk)
        task = asyncio.create_task(driver.next_event())
        hedge.asked.on_set(lambda: cast("None", task.cancel()))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [outcome for _, outcome, _ in desk.outcomes] == ["cancelled", "cancelled"]
        assert desk.flying == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


class Counted:
    """Says a word for each pull, and counts them."""

    def __init__(self) -> None:
        """Nothing was pulled."""
        self.pulls = 0
        self.closed = 0

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Count in whichever thread."""
        del call
        yield Opened()
        try:
            for _ in range(5):
                self.pulls += 1
                yield Text("x")
        finally:
            self.closed += 1
        yield End("stop")

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Count in whichever task."""
        for event in self.events(call):
            yield event


def test_a_thread_never_runs_ahead() -> None:
    """Nothing is pulled for a caller who does not pull, and a winner needs no thread any more."""
    counted = Counted()
    desk = Desk(silent(), counted)
    driver = sync.driver_for(How().order(desk), desk)
    for pulls in range(1, 6):
        assert driver.next_event() == Text("x")
        assert threads() == []
        assert counted.pulls == pulls
    driver.close("enough")
    assert counted.closed == 1


def test_a_task_never_runs_ahead() -> None:
    """Nothing is pulled for a caller who does not pull, and a winner needs no task any more."""

    async def run() -> None:
        counted = Counted()
        desk = Desk(silent(), counted)
        driver = asynchronous.driver_for(How().order(desk), desk)
        for pulls in range(1, 6):
            assert await driver.next_event() == Text("x")
            for _ in range(5):
                await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert counted.pulls == pulls
        await driver.close("enough")

    asyncio.run(run())


def test_a_stream_that_is_left_early() -> None:
    """Whoever leaves a stream stops the winner; every attempt has its record, and none lives on."""
    counted = Counted()
    desk = Desk(silent(), counted)
    driver = sync.driver_for(How().order(desk), desk)
    assert driver.next_event() == Text("x")
    driver.close("the stream was closed")
    driver.close("the stream was closed")
    assert counted.closed == 1
    assert [outcome for _, outcome, _ in desk.outcomes] == ["cancelled", "cancelled"]
    assert desk.flying == []
    assert threads() == []


def test_a_stream_that_is_dropped() -> None:
    """Whoever drops a stream leaves no attempt counted and no thread behind."""
    deaf, counted = Deaf(), Counted()
    desk = Desk(deaf, counted)
    driver = sync.driver_for(How().order(desk), desk)
    assert driver.next_event() == Text("x")
    del driver
    assert desk.dropped == ["m0", "m1"]
    deaf.let_go.set("enough")
    assert threads() == []
    assert counted.closed == 1


class Hasty:
    """Raises what is no failure of an attempt, or yields what is no event."""

    def __init__(self, does: Callable[[], ProviderEvent]) -> None:
        """Do this."""
        self._does = does

    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        """Do it in this thread."""
        del call
        yield Opened()
        yield self._does()
        yield Text("never")

    async def aevents(self, call: Call, /) -> AsyncIterator[ProviderEvent]:
        """Do it in this task."""
        for event in self.events(call):
            yield event


def raising(error: BaseException) -> Callable[[], ProviderEvent]:
    """Raise `error` when called."""

    def do() -> ProviderEvent:
        raise error

    return do


@COLOR
@STREAM
def test_what_is_no_event_is_the_providers_bug(color: str, *, stream: bool) -> None:
    """A hedge that yields junk, or has a bug, fails alone; the first may answer all the same."""
    for does in (
        lambda: cast("Any", 7),
        raising(KeyError("secret")),
        raising(AttemptError("tls", "none")),
    ):
        hedge = Telling(Hasty(does))
        desk = Desk(After(hedge.over, ScriptedProvider("fine")), hedge)
        played = play(color, desk, How(stream=stream))
        assert played.reply is not None
        assert played.reply.text == "fine"
        assert desk.outcomes[1][2] in {"provider_bug", "tls"}
        assert threads() == []


@COLOR
def test_what_is_no_failure_reaches_the_caller(color: str) -> None:
    """An error of the package that blames no upstream is the caller's, and ends every attempt."""
    desk = Desk(silent(), Hasty(raising(RequestError("wrong", where="here"))))
    assert isinstance(play(color, desk, How()).error, RequestError)
    assert desk.flying == []
    assert threads() == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@COLOR
def test_a_provider_that_ends_its_own_thread_or_task(color: str) -> None:
    """A provider that ends what it runs in has a bug, and holds nobody."""
    ending = SystemExit() if color == "sync" else asyncio.CancelledError()
    hedge = Telling(Hasty(raising(ending)))
    desk = Desk(After(hedge.over, ScriptedProvider(Fail("tls"))), hedge, ScriptedProvider("fine"))
    played = play(color, desk, How())
    assert played.reply is not None
    assert desk.outcomes[1] == ("m1", "failed", "provider_bug")


def test_attempts_see_the_callers_context() -> None:
    """A context variable of the caller is seen by providers in the threads of attempts."""
    variable: ContextVar[str] = ContextVar("variable", default="unset")
    variable.set("of the caller")
    desk = Desk(silent(), ScriptedProvider(lambda _: variable.get()))
    played = play("sync", desk, How())
    assert played.reply is not None
    assert played.reply.text == "of the caller"
