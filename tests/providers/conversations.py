"""Conversations as models of every kind may leave them behind, for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from llmroute.types.messages import (
    Document,
    Image,
    Message,
    ReasoningBlock,
    ToolCall,
    ToolResult,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
DIALECTS = ("openai-chat at http://127.0.0.1:9", "anthropic-messages at https://a.example", "")
IMAGES = st.sampled_from(
    [
        Image(data=b"\x89PNG\r\n\x1a\n", media_type="image/png"),
        Image(url="https://example.com/cat.png", detail="low"),
    ]
)
DOCUMENTS = st.sampled_from(
    [
        Document(data=b"%PDF-1.7", media_type="application/pdf", name="a.pdf"),
        Document(url="https://example.com/a.pdf", name="a.pdf"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=3)
IDS = st.sampled_from(["call_1", "a", "functions.f:0", "x" * 64, "toolu_01A", "9aB8cD7eF", "é"])
NAMES = st.sampled_from(["f", "get-profile", "functions.my tool:v2", "g" * 80, "é", "", "f\n"])
SEALS = st.sampled_from(["", "sealed", "{}", '{"signature": "s"}', '{"id": "rs_1"}'])
SIGNED = st.sampled_from([None, "signature"])


@st.composite
def _calls(draw: st.DrawFn, dialects: Sequence[str]) -> list[ToolCall]:
    ids = draw(st.lists(IDS, unique=True, max_size=3))
    return [
        ToolCall(
            one,
            draw(NAMES),
            draw(ARGUMENTS),
            draw(SIGNED),
            draw(st.sampled_from([None, *dialects])),
        )
        for one in ids
    ]


@st.composite
def _turn(draw: st.DrawFn, dialects: Sequence[str]) -> list[Message]:
    """One turn: the user, perhaps the system, the model and its tools; some calls unanswered."""
    users = draw(st.lists(TEXTS | IMAGES | DOCUMENTS, min_size=1, max_size=3))
    turn = [Message.user(*users)]
    if draw(st.booleans()):
        turn.insert(draw(st.integers(0, 1)), Message.system(draw(TEXTS)))
    calls = draw(_calls(dialects))
    thoughts = st.builds(ReasoningBlock, TEXTS, st.sampled_from(dialects), SEALS)
    said: list[str | ToolCall | ReasoningBlock]
    said = [*draw(st.lists(thoughts, max_size=1)), *draw(st.lists(TEXTS, max_size=1)), *calls]
    if said:
        turn.append(Message.assistant(*said))
    answered = draw(st.lists(st.sampled_from(calls), unique_by=id)) if calls else []
    for call in answered:
        if draw(st.booleans()):
            turn.append(Message.user(draw(TEXTS)))
        result = ToolResult(call.id, call.name, draw(TEXTS), draw(st.booleans()))
        turn.append(Message("tool", (result,)))
    return turn


@st.composite
def conversations(draw: st.DrawFn, dialects: Sequence[str] = DIALECTS) -> tuple[Message, ...]:
    """A conversation that a client lets through: results answer calls, the user speaks last."""
    turns = draw(st.lists(_turn(dialects), max_size=3))
    return (*(message for turn in turns for message in turn), Message.user(draw(TEXTS)))
