"""The scripted provider plays what is written, in both colors alike."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from llmroute.errors import AttemptError, RequestError
from llmroute.testing import (
    CutShort,
    Delay,
    End,
    Fail,
    Opened,
    Reasoning,
    ScriptedProvider,
    Text,
    Usage,
    UsageReport,
    VirtualClock,
)
from tests.testing.helpers import make_call, played

if TYPE_CHECKING:
    from llmroute.testing import Step
    from llmroute.types.calls import Call
    from llmroute.types.events import FinishReason

both = pytest.mark.parametrize("color", ["sync", "async"])


@both
def test_a_string_is_a_whole_answer(color: str) -> None:
    """A string becomes an opened, complete answer."""
    expected = [Opened(), Text("Hello"), End("stop")]
    assert played(color, ScriptedProvider("Hello"), make_call()) == expected


@both
def test_each_argument_is_one_attempt_and_the_last_repeats(color: str) -> None:
    """The attempts come in the order written; the last one answers every later call."""
    provider = ScriptedProvider("one", ["t", "wo"])
    answers = [played(color, provider, make_call()) for _ in range(3)]
    assert [[one.text for one in answer if isinstance(one, Text)] for answer in answers] == [
        ["one"],
        ["t", "wo"],
        ["t", "wo"],
    ]


@both
def test_events_are_played_as_written(color: str) -> None:
    """Reasoning, usage, finish reason and the place of Opened are the script's own."""
    steps: list[Step] = [
        Opened(),
        Reasoning("hm"),
        Text("yes"),
        UsageReport(Usage(3, 1)),
        End("length"),
    ]
    assert played(color, ScriptedProvider(steps, usage=Usage(9, 9)), make_call()) == steps


@both
def test_usage_is_reported_before_the_end(color: str) -> None:
    """The provider's usage comes with every answer that ends, and with no other."""
    provider = ScriptedProvider("Hi", ["Hi", CutShort()], usage=Usage(3, 1))
    expected = [Opened(), Text("Hi"), UsageReport(Usage(3, 1)), End("stop")]
    assert played(color, provider, make_call()) == expected
    assert played(color, provider, make_call()) == [Opened(), Text("Hi")]


@both
def test_cut_short_ends_without_end(color: str) -> None:
    """A stream that is cut short stops without `End` and without an error."""
    provider = ScriptedProvider(["Hel", CutShort()])
    assert played(color, provider, make_call()) == [Opened(), Text("Hel")]


@both
def test_fail_raises_its_fault(color: str) -> None:
    """A fault carries kind, status, code and the wait asked for; nothing was opened before it."""
    fail = Fail("rate_limit", "slow down", status=429, code="rate_limited", wait_s=1.5)
    with pytest.raises(AttemptError) as caught:
        played(color, ScriptedProvider(fail), make_call())
    fault = caught.value.fault
    assert (fault.kind, fault.reason, fault.status, fault.code, fault.remedy.wait_s) == (
        "rate_limit",
        "slow down",
        429,
        "rate_limited",
        1.5,
    )


def test_fail_after_content() -> None:
    """A fault in the middle comes after the content before it."""
    events = ScriptedProvider(["Hel", Fail("server_error")]).events(make_call())
    assert [next(events), next(events)] == [Opened(), Text("Hel")]
    with pytest.raises(AttemptError, match="server_error: as scripted"):
        next(events)


@both
def test_delay_moves_the_clock(color: str) -> None:
    """A delay lasts by the call's clock, to the second."""
    clock = VirtualClock()
    played(color, ScriptedProvider([Delay(2), "a", Delay(0.5), "b"]), make_call(clock=clock))
    assert clock.now() == 2.5


@both
@pytest.mark.parametrize("seconds", [60.0, math.inf])
def test_delay_gives_up_when_the_timer_runs_out(color: str, seconds: float) -> None:
    """A delay, an endless one too, ends as "interrupted" at the very moment of the timer."""
    clock = VirtualClock()
    with pytest.raises(AttemptError) as caught:
        played(color, ScriptedProvider(Delay(seconds)), make_call(clock=clock, ends_at=3.0))
    assert (caught.value.fault.kind, clock.now()) == ("interrupted", 3.0)


@both
def test_a_cancelled_call_is_interrupted(color: str) -> None:
    """A call that was cancelled before gets nothing."""
    call = make_call()
    call.cancel.set("left")
    with pytest.raises(AttemptError, match="interrupted"):
        played(color, ScriptedProvider("Hello"), call)


@both
def test_cancel_from_another_thread_ends_a_hang(color: str) -> None:
    """An endless delay without a timer ends when the call is cancelled in another thread."""
    call = make_call(ends_at=math.inf)
    thread = threading.Timer(0.02, call.cancel.set, ["left"])
    thread.start()
    with pytest.raises(AttemptError, match="interrupted"):
        played(color, ScriptedProvider(Delay(math.inf)), call)
    thread.join()


@both
def test_the_timer_may_move_during_a_delay(color: str) -> None:
    """A timer that is moved on while an attempt sleeps is kept to."""

    class Moving(VirtualClock):
        """Moves the timer when its first moment is reached."""

        def _reach(self, moment: float) -> None:
            super()._reach(moment)
            call.timer.at = 100.0

    clock = Moving()
    call = make_call(clock=clock, ends_at=1.0)
    played(color, ScriptedProvider([Delay(5), "late"]), call)
    assert clock.now() == 5.0


@both
def test_a_function_of_the_call_answers(color: str) -> None:
    """A function sees the call and says what the attempt does."""

    def echo(call: Call) -> str:
        return f"You said {call.request.messages[-1].text}"

    events = played(color, ScriptedProvider(echo), make_call("boo"))
    assert events[1] == Text("You said boo")


def test_calls_are_kept() -> None:
    """What was asked is at hand for asserts, in order, as soon as it was asked."""
    provider = ScriptedProvider("Hello")
    calls = [make_call("one"), make_call("two")]
    for call in calls:
        provider.events(call)
    assert provider.calls == calls


def test_threads_each_get_one_attempt() -> None:
    """Threads that ask at the same time get one attempt each, none twice."""
    provider = ScriptedProvider(*(str(number) for number in range(200)))
    texts: list[str] = []

    def ask() -> None:
        for _ in range(50):
            texts.extend(one.text for one in provider.events(make_call()) if isinstance(one, Text))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts, key=int) == [str(number) for number in range(200)]


def test_a_misspelt_fault_is_refused() -> None:
    """An unknown kind is refused where it is written, with the nearest one."""
    with pytest.raises(RequestError, match=r"'ratelimit'.*Did you mean 'rate_limit'"):
        Fail("ratelimit")


@pytest.mark.parametrize("seconds", [-1.0, math.nan, "1", True])
def test_an_impossible_delay_is_refused(seconds: Any) -> None:
    """A delay and a Retry-After are numbers of seconds from 0 to infinity."""
    with pytest.raises(RequestError, match=r"Delay\(seconds\): .* is not a duration"):
        Delay(seconds)
    with pytest.raises(RequestError, match=r"Fail\(wait_s\): .* is not a duration"):
        Fail("rate_limit", wait_s=seconds)


def test_an_empty_script_is_refused() -> None:
    """A provider without a script is refused, with an example."""
    with pytest.raises(RequestError, match="nothing to answer"):
        ScriptedProvider()


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (5, "an integer is no step of an answer. A step is a string"),
        (None, "a Python NoneType is no step"),
        (["Hello", 5], "an integer is no step"),
        (TimeoutError(), "a Python TimeoutError is no step"),
        ({"text": "Hello"}, "a table is no step"),
    ],
)
def test_what_is_no_step_is_refused(script: object, says: str) -> None:
    """A script is checked where it is written, not in the middle of a call."""
    with pytest.raises(RequestError, match=says):
        ScriptedProvider(cast("Step", script))


def test_a_misspelt_finish_reason_is_refused() -> None:
    """An answer ends for a reason that llmroute knows; the nearest one is named."""
    with pytest.raises(RequestError, match=r"'stopp'. Did you mean 'stop'\?"):
        ScriptedProvider(["Hello", End(cast("FinishReason", "stopp"))])


def test_steps_after_the_end_are_refused() -> None:
    """Nothing may follow the end of an attempt; it would never be played."""
    with pytest.raises(RequestError, match="Each argument is one attempt"):
        ScriptedProvider([Fail("rate_limit"), "Hello"])
