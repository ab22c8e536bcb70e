"""Damaged input of every kind, a thousand each; `python -m benchmarks.fuzz` tries a million.

It runs beside the tests of providers and not of policies, which may open no socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import fuzz
from benchmarks.fuzz_answers import Sent, read
from llmroute.providers.answers import Head
from llmroute.types.events import Text
from llmroute.types.limits import Limits
from tests.providers.natives import recorded

if TYPE_CHECKING:
    from random import Random

COUNT = 1000


class Faulty:
    """A target of which some inputs show a fault of each kind."""

    def made(self, chance: Random) -> int:
        """Make a number below eight."""
        return chance.randrange(8)

    def tried(self, made: object) -> str:
        """Fail for a few."""
        if made == 0:
            raise KeyError(made)
        assert made != 1, "one is not allowed"
        while made == 2:
            pass
        return "fine"


@pytest.mark.parametrize("blank", [b" ", b"\n", b"\r\n \n", b"\n\n\t"])
def test_blanks_before_a_stream(blank: bytes) -> None:
    """What stands before a stream means the same in a piece of its own as in the first event's."""
    head = Head(200, {"content-type": "text/event-stream"})
    sent = Sent("openai-chat", stream=True, limits=Limits(), head=head, pieces=[], exact=True)
    data = recorded("openai/chat_text.sse")
    whole, apart = read(sent, [blank + data]), read(sent, [blank, data])
    said = [event.text for event in whole.events if isinstance(event, Text)]
    assert "".join(said).endswith("Oslo lies on a fjord."[-12 if blank[-1:] in b" \t" else 0 :])
    assert whole == apart


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_damaged_input(name: str) -> None:
    """Whatever comes, it is an answer or a typed error, soon, the same at every cut."""
    found = fuzz.run(fuzz.target_of(name), seed=0, numbers=range(COUNT))
    assert found.inputs == COUNT
    assert not found.faults, str(found)
    assert len(found.outcomes) > 1


def test_faults_are_found() -> None:
    """An error that is not typed, a broken rule and a hang are told, each with its inputs."""
    found = fuzz.run(Faulty(), seed=0, numbers=range(60), longest_s=0.05)
    again = fuzz.run(Faulty(), seed=0, numbers=range(60), longest_s=0.05)
    assert sorted(fault.split(" at ")[0] for fault in found.faults) == [
        "AssertionError one is not allowed",
        "HangingError ",
        "KeyError ",
    ]
    assert found.outcomes["fine"] + sum(map(len, found.faults.values())) == 60
    assert sorted(map(sorted, found.faults.values())) == sorted(map(sorted, again.faults.values()))
