"""Streams that break at random points and go on: the caller keeps each character once."""

from __future__ import annotations

import asyncio
import os
from random import Random
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client, Limits, Restarted, Resumed, StreamBrokenError, Text
from llmroute.testing import CutShort, Fail, ScriptedProvider, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.testing import Step
    from llmroute.types.calls import Call
    from llmroute.types.events import Event

RUNS = int(os.environ.get("LLMROUTE_CUTS", "150"))
"""10,000 were run once in each color; the note of this release says so."""
TEXT = "Der Himmel ist blau, weil das Licht streut. 天空是蓝色的。 \U0001f30d\u0301 \n\nAnd so on."
LIMITS = Limits(attempts_per_model=50, on_break="continue")


class Breaking:
    """Says a text, from the prefix on, and breaks at random points a few times."""

    def __init__(self, chance: Random) -> None:
        """Break up to six times."""
        self._chance = chance
        self._left = chance.randint(0, 6)
        self.prefixes: list[str] = []

    def __call__(self, call: Call) -> Sequence[Step]:
        """What one attempt yields."""
        self.prefixes.append(call.prefix)
        assert TEXT.startswith(call.prefix)
        rest = TEXT[len(call.prefix) :]
        if self._left:
            self._left -= 1
            rest = rest[: self._chance.randint(0, len(rest))]
            breaks: list[Step] = [CutShort(), Fail("stalled"), Fail("cut_short")]
            return [*self._pieces(rest), self._chance.choice(breaks)]
        return self._pieces(rest) or [""]

    def _pieces(self, text: str) -> list[str]:
        pieces: list[str] = []
        while text:
            size = self._chance.randint(1, min(9, len(text)))
            pieces.append(text[:size])
            text = text[size:]
        return pieces


def kept(events: Sequence[Event]) -> str:
    """What a caller keeps who voids the text at Restarted."""
    text = ""
    for event in events:
        if isinstance(event, Restarted):
            text = ""
        elif isinstance(event, Text):
            text += event.text
    return text


def models(script: Breaking) -> list[llmroute.Declaration]:
    """Two models that can go on from a text."""
    provider = ScriptedProvider(script)
    return [
        llmroute.model(name, use="scripted", provider=provider, local=True) for name in ("a", "b")
    ]


def check(script: Breaking, events: Sequence[Event]) -> None:
    """The text is whole, once, and each break behind content is one seam."""
    assert kept(events) == TEXT
    assert not any(isinstance(event, Restarted) for event in events)
    seams = len({prefix for prefix in script.prefixes if prefix})
    assert sum(isinstance(event, Resumed) for event in events) == seams


def test_no_character_is_lost_or_doubled() -> None:
    """Wherever a stream breaks, and however often, what is shown is the text."""
    for seed in range(RUNS):
        script = Breaking(Random(seed))  # noqa: S311 - a test
        with (
            Client(models=models(script), clock=VirtualClock(), limits=LIMITS) as client,
            client.stream("Why is the sky blue?") as stream,
        ):
            events = list(stream)
            assert stream.reply.text == TEXT
        check(script, events)


def test_no_character_is_lost_or_doubled_in_asyncio() -> None:
    """The same for the other color."""

    async def play() -> None:
        for seed in range(RUNS):
            script = Breaking(Random(seed))  # noqa: S311 - a test
            async with (
                AsyncClient(models=models(script), clock=VirtualClock(), limits=LIMITS) as client,
                client.stream("Why is the sky blue?") as stream,
            ):
                events = [event async for event in stream]
                assert stream.reply.text == TEXT
            check(script, events)

    asyncio.run(play())


@pytest.mark.parametrize("most", [5, 100])
def test_what_was_said_counts_for_max_tokens(most: int) -> None:
    """Who goes on is asked for the rest of the tokens only."""
    asked: list[int | None] = []

    def script(call: Call) -> Sequence[Step]:
        asked.append(call.request.sampling.max_tokens)
        return " and more" if call.prefix else ["one two three four", CutShort()]

    provider = ScriptedProvider(script)
    declared = [llmroute.model(name, use="own", provider=provider, local=True) for name in "ab"]
    with (
        Client(models=declared) as client,
        client.stream("Count.", on_break="continue", max_tokens=most) as stream,
    ):
        list(stream)
    first, second = asked
    assert first == most
    assert second is not None
    assert 1 <= second < most


def test_an_error_says_that_nobody_was_left_to_go_on() -> None:
    """Where no model can go on from a text, those that were not asked for that did not fail."""
    broken, sound = ScriptedProvider(["Once", CutShort()]), ScriptedProvider("Once upon")
    models = [
        llmroute.model("first", use="own", provider=broken),
        llmroute.model("second", use="own", provider=sound),
    ]
    with Client(models=models, clock=VirtualClock()) as client:
        says = "the stream broke, and no model is left that can go on from it; first: "
        with (
            client.stream("hi", on_break="continue") as stream,
            pytest.raises(StreamBrokenError, match=says),
        ):
            list(stream)
