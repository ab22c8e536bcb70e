"""What each wire demands of a conversation, as its documentation says; asserted on a JSON body."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.models import Model

Json = dict[str, object]


def objects(owner: Json, name: str) -> list[Json]:
    """The objects under `name`; none when it is absent or no list."""
    value = owner.get(name)
    return cast("list[Json]", value) if isinstance(value, list) else []


def _chat(body: Json, model: Model) -> None:
    """OpenAI chat completions: each turn's calls are answered right behind it, by their ids."""
    assert model.endpoint is not None
    form = r"[A-Za-z0-9]{9}" if "short_tool_ids" in model.endpoint.quirks else r"[\w-]{1,40}"
    if "assistant_after_tools" in model.endpoint.quirks:
        roles = [message["role"] for message in objects(body, "messages")]
        assert not [two for two in pairwise(roles) if two in {("tool", "user"), ("tool", "system")}]
    waiting: set[str] = set()
    for message in objects(body, "messages"):
        role = message["role"]
        assert role in {"system", "developer", "user", "assistant", "tool"}
        if role == "tool":
            assert isinstance(message["content"], str)
            waiting.remove(str(message["tool_call_id"]))
            continue
        assert not waiting
        _chat_content(message, model)
        for call in objects(message, "tool_calls"):
            assert re.fullmatch(form, str(call["id"]), re.ASCII)
            assert isinstance(cast("Json", call["function"])["arguments"], str)
            waiting.add(str(call["id"]))
    assert not waiting


def _chat_content(message: Json, model: Model) -> None:
    content = message["content"]
    if content is None:
        assert message["role"] == "assistant"
        assert message["tool_calls"]
    elif not isinstance(content, str):
        parts = objects(message, "content")
        assert parts
        needs = {"text": "text", "image_url": "vision", "file": "documents"}
        known = {kind for kind, ability in needs.items() if ability in model.abilities}
        assert {str(part["type"]) for part in parts} <= known
        assert message["role"] == "user" or {part["type"] for part in parts} == {"text"}


def _responses(body: Json, _: Model) -> None:
    """Responses: an output for each call, after it; reasoning is followed by what it led to."""
    items = objects(body, "input")
    asked: list[str] = []
    for item in items:
        kind = item.get("type", "message")
        if kind == "function_call":
            asked.append(str(item["call_id"]))
        elif kind == "function_call_output":
            asked.remove(str(item["call_id"]))
        elif kind == "message":
            assert item["role"] in {"system", "developer", "user", "assistant"}
            assert item["content"]
        else:
            assert kind == "reasoning"
    assert not asked
    end: Json = {"type": "end"}
    for item, after in pairwise([*items, end]):
        if item.get("type") == "reasoning":
            own = after.get("role") == "assistant" or after.get("type") == "function_call"
            assert own or after.get("type") == "reasoning"


def _messages(body: Json, _: Model) -> None:
    """Anthropic: user first, turns by turns, results first in the turn right behind the calls."""
    messages = objects(body, "messages")
    assert messages[0]["role"] == "user"
    assert all(one["role"] != other["role"] for one, other in pairwise(messages))
    waiting: list[str] = []
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        written = cast("list[Json]", blocks)
        assert written
        for block in written:
            assert block["type"] != "text" or str(block["text"]).strip()
        results = [str(one["tool_use_id"]) for one in written if one["type"] == "tool_result"]
        assert sorted(results) == sorted(waiting)
        assert [one["type"] for one in written[: len(results)]] == ["tool_result"] * len(results)
        waiting = [str(one["id"]) for one in written if one["type"] == "tool_use"]
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", one) for one in waiting)
    assert not waiting
    assert isinstance(body["max_tokens"], int)
    if "tool_use" in str(messages):
        assert body.get("tools")


def _gemini(body: Json, _: Model) -> None:
    """Gemini: user first; a turn of calls is followed by a turn of as many responses."""
    contents = objects(body, "contents")
    assert contents[0]["role"] == "user"
    waiting: list[object] = []
    for content in contents:
        parts = objects(content, "parts")
        assert content["role"] in {"user", "model"}
        assert parts
        answered = [
            cast("Json", one["functionResponse"]) for one in parts if "functionResponse" in one
        ]
        assert [one["id"] for one in answered] == waiting
        waiting = [
            cast("Json", one["functionCall"])["id"] for one in parts if "functionCall" in one
        ]
    assert not waiting


VALID: dict[str, Callable[[Json, Model], None]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic-messages": _messages,
    "gemini": _gemini,
}
"""By wire API: raises AssertionError for a body that the wire would refuse."""
