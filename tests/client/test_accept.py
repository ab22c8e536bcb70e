"""Which whole answers count, said by policy files, by the client, and by a check of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

import llmroute
from llmroute import (
    Accept,
    AllFailedError,
    Client,
    End,
    PolicyError,
    StreamBrokenError,
    Text,
)
from llmroute.policies.files import loads_policy
from llmroute.testing import ScriptedProvider, VirtualClock

if TYPE_CHECKING:
    from llmroute import (
        Draft,
    )
    from llmroute.testing import Script

CUT: Script = ["Once upon", End("length")]
FILTERED: Script = ["Once upon", End("content_filter")]
REFUSED: Script = ["I will not.", End("stop", refused=True)]
EMPTY: Script = [End("stop")]


def says_yes(draft: Draft) -> bool:
    """Accept one answer only."""
    return draft.text == "yes"


def why_not(draft: Draft) -> str | None:
    """Say why another one does not do."""
    return None if draft.text == "yes" else "it does not say yes"


def whatever(_: Draft) -> None:
    """Accept everything."""


def client_of(*scripts: Script, accept: Any = None) -> Client:
    """A client over one scripted model for each script, tried in order."""
    models = [
        llmroute.model(f"m{n}", use="scripted", provider=ScriptedProvider(one))
        for n, one in enumerate(scripts)
    ]
    return Client(models=models, clock=VirtualClock(), accept=accept)


@pytest.mark.parametrize(
    ("script", "accept", "kind"),
    [
        (CUT, {"length": False}, "cut_at_length"),
        (REFUSED, {"refusal": False}, "refusal"),
        (FILTERED, None, "content_filtered"),
        (EMPTY, None, "empty_answer"),
        ("no", says_yes, "not_accepted"),
        (
            "no",
            Accept(check=why_not),
            "not_accepted",
        ),
    ],
)
def test_an_answer_that_does_not_count_is_the_next_models_turn(
    script: Script, accept: object, kind: str
) -> None:
    """A whole answer of an end that does not count is a failed attempt of its own kind."""
    with client_of(script, "yes", accept=accept) as client:
        reply = client.chat("hi")
    assert reply.text == "yes"
    assert [one.fault.kind if one.fault else None for one in reply.attempts] == [kind, None]


@pytest.mark.parametrize(
    ("script", "accept", "text"),
    [
        (CUT, None, "Once upon"),
        (REFUSED, None, "I will not."),
        (FILTERED, {"filtered": True}, "Once upon"),
        (EMPTY, Accept(empty=True), ""),
        ("no", whatever, "no"),
    ],
)
def test_an_answer_that_counts_is_the_reply(script: Script, accept: object, text: str) -> None:
    """What counts is told with its finish reason, and nobody else is asked."""
    with client_of(script, "yes", accept=accept) as client:
        reply = client.chat("hi")
    assert (reply.text, len(reply.attempts)) == (text, 1)


def test_the_last_answer_is_not_lost() -> None:
    """When no answer counts, the error holds the last one, and says why."""
    client = client_of(CUT, accept={"length": False})
    with client, pytest.raises(AllFailedError, match="cut at its length limit") as caught:
        client.chat("hi")
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Once upon"


def test_a_check_that_raises_does_not_accept() -> None:
    """A bug in a check is told by its class alone, and the next model answers nobody's check."""

    def check(draft: Draft) -> str | None:
        raise KeyError(draft.text)

    client = client_of("SECRET", accept=check)
    with client, pytest.raises(AllFailedError, match="the check raised KeyError") as caught:
        client.chat("hi")
    assert "SECRET" not in str(caught.value)


def test_a_check_that_would_have_to_be_awaited_is_refused() -> None:
    """A coroutine is no verdict: a check that returns one is told when the client is made."""

    async def check(draft: Draft) -> bool:
        return draft.text == "yes"

    for accept in (check, {"check": check}):
        with pytest.raises(PolicyError, match=r"accept\.check: it is a coroutine function"):
            client_of("yes", accept=accept)


def test_in_a_stream_a_bad_answer_is_a_break() -> None:
    """What was shown is judged at its end: it raises, or another begins anew, as declared."""
    accept = Accept(check=says_yes)
    with client_of("no", "yes", accept=accept) as client:
        with pytest.raises(StreamBrokenError) as caught, client.stream("hi") as stream:
            list(stream)
        assert caught.value.partial.text == "no"
        with client.stream("hi", on_break="restart") as stream:
            kinds = [type(event).__name__ for event in stream]
        assert kinds == ["Text", "Restarted", "Text", "UsageReport", "Finish"]


def test_a_stream_that_showed_nothing_falls_back_unseen() -> None:
    """An empty stream is never seen by the caller."""
    with client_of(EMPTY, "yes") as client, client.stream("hi") as stream:
        assert [event for event in stream if isinstance(event, Text)] == [Text("yes")]


def test_policy_files_say_what_counts() -> None:
    """[accept] of a file is what the client keeps to; a check of code goes over it."""
    head = 'version = 1\n[models.a]\nuse = "openai/gpt-4o-mini"\n[accept]\n'
    found = loads_policy(head + "empty = true\nlength = false\n").accept
    assert found == Accept(empty=True, length=False)
    with pytest.raises(PolicyError, match=r"accept\.lenght: there is no") as caught:
        loads_policy(head + "lenght = false\nrefusal = 1\n")
    assert [problem.line for problem in caught.value.problems] == [5, 6]


@pytest.mark.parametrize(
    ("accept", "words"),
    [
        ({"lenght": False}, "accept.lenght: there is no such key"),
        ({"check": 3}, "accept.check: it must be a function"),
        (Accept(empty=cast("bool", "yes")), "accept.empty"),
        (3, "accept: it must be a mapping"),
    ],
)
def test_wrong_ones_are_refused(accept: object, words: str) -> None:
    """What cannot be meant is refused when the client is made."""
    with pytest.raises(PolicyError, match=words):
        client_of("hi", accept=accept)
