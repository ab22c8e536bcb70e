"""Any conversation, written for the Messages API and for Gemini's own: valid, and private."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypedDict, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.providers.quoting import quote
from llmroute.types.messages import Message, ReasoningBlock, ToolCall
from llmroute.types.tools import Tool
from tests.providers.calls import outcome, provider_for
from tests.providers.conversations import conversations
from tests.providers.natives import HELLO, URL, Native
from tests.providers.test_leaks import CANARIES, PROMPT, everything_about
from tests.providers.wires import NAME

if TYPE_CHECKING:
    import respx

    from llmroute.types.requests import ReasoningEffort

CLAUDE = Native("anthropic-messages")
GEMINI = Native("gemini", quirks=frozenset({"signed_calls"}))
ID = re.compile(r"[A-Za-z0-9_-]+")
ASKED: list[ReasoningEffort | None] = [None, "none", "high"]
EFFORTS = st.sampled_from(ASKED)


class Turn(TypedDict):
    """A turn of the Messages API."""

    role: str
    content: list[dict[str, object]]


class Content(TypedDict):
    """A turn of Gemini's API."""

    role: str
    parts: list[dict[str, dict[str, object]]]


@settings(max_examples=300, deadline=None)
@given(messages=conversations(), offered=st.booleans(), effort=EFFORTS, budget=st.booleans())
def test_the_messages_api_takes_it(
    messages: tuple[Message, ...], offered: bool, effort: ReasoningEffort | None, budget: bool
) -> None:
    """Turns alternate and begin with the user's; results come first and answer what was asked."""
    request = replace(HELLO, messages=messages, tools=(Tool("f"),) if offered else ())
    quirks = frozenset({"reasoning_budget"}) if budget else frozenset[str]()
    native = CLAUDE._replace(quirks=quirks, max_output_tokens=64_000)
    body = native.body(replace(request, reasoning=effort))
    turns = cast("list[Turn]", body["messages"])
    assert turns[0]["role"] == turns[-1]["role"] == "user"
    assert all(one["role"] != other["role"] for one, other in pairwise(turns))
    waiting: list[object] = []
    for turn in turns:
        blocks = turn["content"]
        assert blocks
        assert all(str(block.get("text", "x")).strip() for block in blocks)
        answered = [one["tool_use_id"] for one in blocks if one["type"] == "tool_result"]
        assert answered == waiting
        assert all(one["type"] == "tool_result" for one in blocks[: len(answered)])
        uses = [one for one in blocks if one["type"] == "tool_use"]
        assert offered or not uses
        waiting = [one["id"] for one in uses]
        assert all(ID.fullmatch(str(one)) for one in waiting)
        assert all(NAME.fullmatch(str(one["name"])) for one in uses)
        if turn["role"] == "assistant":
            assert blocks[-1]["type"] not in {"thinking", "redacted_thinking"}
    assert not waiting


@settings(max_examples=300, deadline=None)
@given(messages=conversations(), offered=st.booleans())
def test_gemini_takes_it(messages: tuple[Message, ...], offered: bool) -> None:
    """Calls come right after the user, signed or marked, and are answered in their order."""
    body = GEMINI.body(replace(HELLO, messages=messages, tools=(Tool("f"),) if offered else ()))
    contents = cast("list[Content]", body["contents"])
    assert contents[0]["role"] == contents[-1]["role"] == "user"
    waiting: list[tuple[object, object]] = []
    before = ""
    for content in contents:
        parts = content["parts"]
        assert parts
        calls = [one for one in parts if "functionCall" in one]
        assert not calls or (before == "user" and "thoughtSignature" in calls[0])
        results = [one["functionResponse"] for one in parts if "functionResponse" in one]
        assert [(one["id"], one["name"]) for one in results] == waiting
        assert not results or len(results) == len(parts)
        waiting = [(one["functionCall"]["id"], one["functionCall"]["name"]) for one in calls]
        assert all(NAME.fullmatch(str(name)) for _, name in waiting)
        before = content["role"]
    assert not waiting


def test_a_user_who_says_nothing() -> None:
    """Blank words are a turn of their own: without it, the model would go on with its last one."""
    messages = (Message.user(" "), Message.assistant("a"), Message.user("\n"))
    turns = cast("list[Turn]", CLAUDE.body(replace(HELLO, messages=messages))["messages"])
    assert [turn["content"][0]["text"] for turn in turns] == ["[blank]", "a", "[blank]"]


def test_thoughts_at_the_end_are_left_out() -> None:
    """Thoughts that nothing follows are refused by the API, and are not sent."""
    block = ReasoningBlock("hm", CLAUDE.call().model.dialect, '{"signature": "s"}')
    messages = (*HELLO.messages, Message.assistant(block), Message.user("Go on."))
    turns = cast("list[Turn]", CLAUDE.body(replace(HELLO, messages=messages))["messages"])
    assert [turn["role"] for turn in turns] == ["user"]


@pytest.mark.parametrize("native", [CLAUDE, GEMINI], ids=["anthropic", "gemini"])
@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_an_error_that_repeats_everything(
    native: Native, status: int, httpx2_mock: respx.MockRouter
) -> None:
    """Neither key nor prompt is found in an error, whatever the upstream repeats of them."""
    words = f"cannot read: {' '.join(CANARIES)}"
    error = {"type": "invalid_request_error", "status": "INVALID_ARGUMENT", "message": words}
    httpx2_mock.post(url__startswith=URL).respond(status, json={"type": "error", "error": error})
    request = replace(HELLO, messages=(Message.user(PROMPT),))
    for stream in (False, True):
        provider = provider_for(native.api)
        found = outcome(provider.events(native._replace(stream=stream).call(request)))
        provider.close()
        text = everything_about(found.error)
        assert found.error is not None
        assert not [one for one in CANARIES if one in text]


def test_what_tools_said_is_not_quoted() -> None:
    """Results and arguments of tools, and thoughts, are as private as the prompt."""
    call = ToolCall("1", "f", {"secret": "the combination is 17-4-36"})
    messages = (
        *HELLO.messages,
        Message.assistant(ReasoningBlock("they must never learn of this plan"), call),
        Message.tool(call, "the account number is 4711-0815"),
    )
    asked = CLAUDE.call(replace(HELLO, messages=messages))
    for words in ("combination is 17-4-36", "number is 4711-0815", "must never learn of this"):
        assert quote(asked, f"cannot read: {words}") == ""
    assert quote(asked, "cannot read it") == "cannot read it"
