"""What each wire demands of a conversation, as its documentation says; asserted on a JSON body."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.models import Model

Json = dict[str, object]
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""Names of tools, on every wire."""


def objects(owner: Json, name: str) -> list[Json]:
    """The objects under `name`; none when it is absent or no list."""
    value = owner.get(name)
    return cast("list[Json]", value) if isinstance(value, list) else []


def _chat(body: Json, model: Model) -> None:
    """OpenAI chat completions: each turn's calls are answered right behind it, by their ids."""
    assert model.endpoint is not None
    form = r"[A-Za-z0-9]{9}" if "short_tool_ids" in model.endpoint.quirks else r"[\w-]{1,40}"
    _chat_roles([str(message["role"]) for message in objects(body, "messages")], model)
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
            function = cast("Json", call["function"])
            assert NAME.fullmatch(str(function["name"]))
            assert isinstance(function["arguments"], str)
            waiting.add(str(call["id"]))
    assert not waiting


def _chat_roles(roles: list[str], model: Model) -> None:
    """The order of roles that the model's server wants; each result is a message of its own."""
    quirks = frozenset[str]() if model.endpoint is None else model.endpoint.quirks
    pairs = list(pairwise(roles))
    if "assistant_after_tools" in quirks:
        assert not {("tool", "user"), ("tool", "system")} & {*pairs}
    if "merge_roles" in quirks:
        assert all(one != other or one == "tool" for one, other in pairs)
    assert "no_system" not in quirks or "system" not in roles
    assert "system_first" not in quirks or "system" not in roles[1:]
    if "user_first" in quirks:
        assert next(role for role in roles if role != "system") == "user"


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
            assert NAME.fullmatch(str(item["name"]))
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
    called = False
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
        uses = [one for one in written if one["type"] == "tool_use"]
        assert all(NAME.fullmatch(str(one["name"])) for one in uses)
        called = called or bool(uses)
        waiting = [str(one["id"]) for one in uses]
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", one) for one in waiting)
    assert not waiting
    assert isinstance(body["max_tokens"], int)
    assert not called or body.get("tools")


def _gemini(body: Json, _: Model) -> None:
    """Gemini: user first; a turn of calls is followed by a turn of as many responses."""
    contents = objects(body, "contents")
    assert contents[0]["role"] == "user"
    waiting: list[tuple[object, str]] = []
    for content in contents:
        parts = objects(content, "parts")
        assert content["role"] in {"user", "model"}
        assert parts
        answered = _named(parts, "functionResponse")
        assert answered == waiting
        waiting = _named(parts, "functionCall")
        assert all(NAME.fullmatch(name) for _, name in waiting)
    assert not waiting


def _named(parts: list[Json], kind: str) -> list[tuple[object, str]]:
    """Id and name of each call, or of each response."""
    found = [cast("Json", part[kind]) for part in parts if kind in part]
    return [(one["id"], str(one["name"])) for one in found]


VALID: dict[str, Callable[[Json, Model], None]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic-messages": _messages,
    "gemini": _gemini,
}
"""By wire API: raises AssertionError for a body that the wire would refuse."""
