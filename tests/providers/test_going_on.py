"""Answers that go on from a text: what is sent, and that nothing comes twice."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.providers.codecs.anthropic_messages import AnthropicMessages
from llmroute.providers.codecs.openai_chat import OpenAIChat
from llmroute.providers.going_on import GoingOn, blanks_behind
from llmroute.types.events import End, Text
from llmroute.types.frozen import replace
from tests.providers.calls import call_to
from tests.providers.openai_calls import URL

if TYPE_CHECKING:
    from llmroute.providers.wire import Codec
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent


def begun(prefix: str, *quirks: str, api: str = "openai-chat") -> Call:
    """A call whose answer goes on from `prefix`."""
    call = call_to(URL)
    assert call.model.endpoint is not None
    endpoint = replace(call.model.endpoint, quirks=frozenset(quirks))
    model = replace(call.model, endpoint=endpoint, api=api)
    return call._replace(prefix=prefix, model=model)


def sent(codec: Codec, call: Call) -> dict[str, object]:
    """The body of a request."""
    return cast("dict[str, object]", json.loads(codec.encode(call).content))


@pytest.mark.parametrize(
    ("quirks", "last", "told"),
    [
        (("takes_prefix",), {"role": "assistant", "content": "Once "}, None),
        (("prefix_flag",), {"role": "assistant", "content": "Once ", "prefix": True}, None),
        (("continue_flag",), {"role": "assistant", "content": "Once "}, True),
    ],
)
def test_servers_are_told_in_their_own_words(
    quirks: tuple[str, ...], last: object, told: object
) -> None:
    """The begun answer is the last message, marked as its server wants it."""
    body = sent(OpenAIChat(), begun("Once ", *quirks))
    assert cast("list[object]", body["messages"])[-1] == last
    assert body.get("continue_final_message") is told
    assert ("add_generation_prompt" in body) is (told is True)


class Plain:
    """A fold whose parts are texts."""

    answered = done = False

    def part(self, part: dict[str, object], /) -> list[ProviderEvent]:
        """Take a text."""
        return [Text(str(part["text"]))]

    def whole(self, answer: dict[str, object], /) -> list[ProviderEvent]:
        """Take a text."""
        return self.part(answer)

    def end(self) -> list[ProviderEvent]:
        """End."""
        return [End("stop")]


def through(again: str, pieces: list[str]) -> str:
    """What comes of an answer in pieces."""
    fold = GoingOn(Plain(), again)
    events = [event for piece in pieces for event in fold.part({"text": piece})]
    return "".join(event.text for event in [*events, *fold.end()] if isinstance(event, Text))


@given(
    again=st.text("ab ", min_size=1, max_size=8),
    rest=st.text("ab ", max_size=8),
    cuts=st.lists(st.integers(0, 16), max_size=4),
)
def test_what_is_said_again_is_left_out_once(again: str, rest: str, cuts: list[int]) -> None:
    """However it is cut, an answer that begins with what was said loses just that."""
    text = again + rest
    places = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    assert through(again, pieces) == rest


@given(again=st.text("ab ", min_size=1, max_size=6), text=st.text("abc ", max_size=8))
def test_what_is_new_stays_whole(again: str, text: str) -> None:
    """An answer that does not begin with all of it loses nothing."""
    expected = text.removeprefix(again)
    assert through(again, list(text)) == expected


def test_blanks_that_an_api_refuses_are_not_doubled() -> None:
    """Claude is sent no white space at the end, and what it says of it again is left out."""
    codec = AnthropicMessages()
    call = begun("Once  ", "takes_prefix", api="anthropic-messages")
    messages = cast("list[dict[str, object]]", sent(codec, call)["messages"])
    assert messages[-1]["content"] == [{"type": "text", "text": "Once"}]
    assert blanks_behind("Once  ") == "  "
    assert through("  ", ["  upon"]) == "upon"
    assert through("  ", ["upon"]) == "upon"
