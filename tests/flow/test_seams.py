"""Streams that break and go on: the text stands once, whole, and every attempt is paid for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.errors import AttemptError, StreamBrokenError
from llmroute.flow import occurrences as on
from llmroute.flow.running import Running
from llmroute.flow.seam import may_go_on
from llmroute.health.admission import Permit
from llmroute.types.accept import Accept
from llmroute.types.events import End, Reasoning, Restarted, Resumed, Text, ToolCallPart
from llmroute.types.frozen import replace
from llmroute.types.limits import Limits
from llmroute.types.usage import Usage
from tests.flow.harness import Crank, remote

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.requests import OnBreak


def continuing(name: str) -> Model:
    """A model that goes on from a text."""
    model = remote(name)
    assert model.endpoint is not None
    return replace(model, endpoint=replace(model.endpoint, quirks=frozenset({"takes_prefix"})))


def test_a_broken_text_goes_on_behind_one_seam() -> None:
    """on_break="continue": the next model that can goes on from the text, and the seam is shown."""
    crank = Crank(remote("a"), remote("b"), continuing("c"), on_break="continue")
    crank.feed(on.Opened(1))
    crank.text("Once ")
    crank.text("upon")
    crank.fail("cut_short", usage=Usage(10, 2))
    assert crank.started == ["a", "c"]
    assert crank.start is not None
    assert crank.start.prefix == "Once upon"
    crank.text(" a time")
    crank.end(usage=Usage(12, 3))

    assert crank.shown[:4] == [
        Text("Once "),
        Text("upon"),
        Resumed(continuing("c")),
        Text(" a time"),
    ]
    assert crank.reply is not None
    assert crank.reply.text == "Once upon a time"
    assert crank.reply.usage == Usage(22, 5)
    assert crank.reply.cost_usd == Decimal(22 + 5 * 10) / 1_000_000


def test_nobody_can_go_on() -> None:
    """Without a model that goes on from a text, "continue" raises and the other way restarts."""
    breaks = Crank(remote("a"), remote("b"), on_break="continue")
    breaks.text("Once")
    breaks.fail("cut_short")
    assert isinstance(breaks.error, StreamBrokenError)
    assert breaks.started == ["a"]

    begins = Crank(remote("a"), remote("b"), on_break="continue_or_restart")
    begins.text("Once")
    begins.fail("cut_short")
    begins.text("In the")
    assert begins.shown == [Text("Once"), Restarted(remote("b"), "Once"), Text("In the")]


def test_who_could_go_on_too_late_leaves_it_to_who_can_begin_anew() -> None:
    """Where the only one that goes on is away past the deadline, another begins anew at once."""
    crank = Crank(continuing("a"), remote("b"), on_break="continue_or_restart")
    crank.text("Once")
    crank.fail("rate_limit", wait_s=3600)
    assert crank.started == ["a", "b"]
    crank.text("In the")
    assert crank.shown[1] == Restarted(remote("b"), "Once")


@pytest.mark.parametrize("kind", ["too_long", "bad_output", "content_filtered", "refusal"])
def test_some_texts_have_nothing_to_go_on_from(kind: str) -> None:
    """A text that is endless, filtered, refused or of the wrong shape does not stand."""
    crank = Crank(remote("a"), continuing("b"), on_break="continue")
    crank.text("Once")
    crank.fail(kind)
    assert isinstance(crank.error, StreamBrokenError)


def test_a_tool_call_does_not_stand() -> None:
    """A model cannot go on in the middle of a tool call."""
    crank = Crank(remote("a"), continuing("b"), on_break="continue_or_restart")
    crank.feed(on.Got(1, ToolCallPart(0, "id", "weather", "{"), 1))
    crank.fail("cut_short")
    crank.text("Sunny")
    assert isinstance(crank.shown[1], Restarted)


def test_an_answer_cut_at_its_length_goes_on() -> None:
    """Where the length does not count as an end, another model goes on from the text."""
    crank = Crank(remote("a"), continuing("b"), on_break="continue", accept=Accept(length=False))
    crank.text("Once")
    crank.feed(on.Ended(1, End("length"), Usage(10, 1)))
    crank.text(" more")
    crank.end()
    assert crank.reply is not None
    assert crank.reply.text == "Once more"


def test_thoughts_stand_before_the_text() -> None:
    """What was thought before the break stays with the answer."""
    crank = Crank(remote("a"), continuing("b"), on_break="continue")
    crank.feed(on.Got(1, Reasoning("hm"), 2))
    crank.text("Once")
    crank.fail("stalled")
    crank.text(" more")
    crank.end()
    assert crank.reply is not None
    assert (crank.reply.reasoning, crank.reply.text) == ("hm", "Once more")


def test_the_same_model_goes_on_when_nobody_else_can() -> None:
    """The model that broke off is asked again, after its wait, to go on from its own text."""
    crank = Crank(continuing("a"), on_break="continue")
    crank.text("Once")
    crank.fail("server_error")
    assert crank.started == ["a"]
    crank.feed(on.Tick(), at=crank.wake_at)
    assert crank.start is not None
    assert (crank.started, crank.start.prefix) == (["a", "a"], "Once")


@given(
    text=st.text(min_size=1, max_size=40).filter(str.strip),  # blanks alone are no answer
    data=st.data(),
    on_break=st.sampled_from(["continue", "restart", "continue_or_restart"]),
)
def test_no_character_is_lost_or_doubled(text: str, data: st.DataObject, on_break: OnBreak) -> None:
    """Wherever streams break, what the caller keeps is the text: each character once."""
    models = [continuing(name) for name in "abcd"]
    crank = Crank(*models, on_break=on_break, limits=Limits(attempts_per_model=4))
    kept, rest = "", text
    for _ in range(data.draw(st.integers(0, 3))):
        size = data.draw(st.integers(0, len(rest)))
        _say(crank, rest[:size], data)
        crank.fail(data.draw(st.sampled_from(["cut_short", "stalled", "connect"])))
        kept = _kept(crank)
        assert crank.start is not None
        rest = text.removeprefix(crank.start.prefix)
        assert text.startswith(crank.start.prefix)
    _say(crank, rest, data)
    crank.end()
    assert _kept(crank) == text
    assert crank.reply is not None
    assert crank.reply.text == text
    assert kept is not None


def _say(crank: Crank, text: str, data: st.DataObject) -> None:
    """Yield a text in pieces of any size."""
    while text:
        size = data.draw(st.integers(1, len(text)))
        crank.text(text[:size])
        text = text[size:]


def _kept(crank: Crank) -> str:
    """What a caller keeps who voids the text at Restarted."""
    kept = ""
    for event in crank.events:
        if isinstance(event, Restarted):
            assert event.discarded == kept
            kept = ""
        elif isinstance(event, Text):
            kept += event.text
    return kept


@pytest.mark.parametrize(("on_break", "until"), [("raise", 31.0), ("restart", 10.5)])
def test_a_silence_leaves_time_for_who_takes_over(on_break: OnBreak, until: float) -> None:
    """Where another model may take over, a silence lasts for half of the time left at most."""
    limits = Limits(deadline_s=20) if on_break == "restart" else Limits()
    crank = Crank(remote("a"), remote("b"), on_break=on_break, limits=limits)
    crank.text("Once", at=1.0)
    crank.feed(on.Wanted(), at=1.0)
    assert crank.wake_at == until


def test_a_silence_may_last_a_second() -> None:
    """However little time is left, a silence of a second is no stall."""
    crank = Crank(remote("a"), remote("b"), on_break="restart", limits=Limits(deadline_s=2.5))
    crank.text("Once", at=1.0)
    crank.feed(on.Wanted(), at=1.0)
    assert crank.wake_at == 2.0
    crank.feed(on.Tick(), at=2.0)
    assert crank.started == ["a", "b"]


def test_an_answer_as_long_as_was_asked_for_is_not_gone_on_from() -> None:
    """A text that was cut at the caller's own max_tokens is not made longer by another model."""
    long, short = (
        Running(1, 0, Permit(remote("a"), 0.0), 0.0),
        Running(2, 0, Permit(remote("a"), 0.0), 0.0),
    )
    long.take(0.0, Text("many words " * 50), 550)
    short.take(0.0, Text("few words"), 9)
    fault = AttemptError("cut_at_length", "cut").fault
    assert not may_go_on(long, fault, "continue", 100)
    assert may_go_on(short, fault, "continue", 100)
    assert may_go_on(long, fault, "continue")
