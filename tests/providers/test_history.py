"""Handover: what one model was told and said, made valid for another."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.providers.history import adapted
from llmroute.types.messages import (
    Document,
    Image,
    Message,
    ReasoningBlock,
    ToolCall,
    ToolResult,
)
from llmroute.types.models import QUIRKS, Endpoint, Model
from llmroute.types.requests import Request
from llmroute.types.tools import Tool
from tests.providers.calls import call_to
from tests.providers.conversations import conversations
from tests.providers.wires import NAME

if TYPE_CHECKING:
    from llmroute.types.messages import Part

PNG = Image(data=b"\x89PNG\r\n\x1a\n", media_type="image/png")
EVERYTHING = frozenset({"text", "tools", "vision", "documents", "reasoning"})


def told(
    *messages: Message,
    abilities: frozenset[str] = EVERYTHING,
    quirks: frozenset[str] = frozenset(),
    tools: tuple[Tool, ...] = (),
) -> tuple[Message, ...]:
    """What a model of these abilities and quirks is told of a conversation."""
    origin = "http://127.0.0.1:9"
    endpoint = Endpoint(base_url=origin, origin=origin, wire_model="m", quirks=quirks)
    model = Model("m", "test", "m", "openai-chat", endpoint=endpoint, abilities=abilities)
    call = call_to(origin, request=Request(messages, tools=tools))
    return adapted(call._replace(model=model))


def test_plain_conversations_are_left_alone() -> None:
    """Text that needs nothing is passed on as the same object."""
    messages = (Message.system("Be terse."), Message.user("hi"))
    origin = "http://127.0.0.1:9"
    call = call_to(origin, request=Request(messages))
    assert adapted(call) is messages


def test_results_stand_behind_their_calls() -> None:
    """Results come right behind the turn that asked, in its order, whatever stood between."""
    one, two = ToolCall("a", "f", {}), ToolCall("b", "g", {})
    found = told(
        Message.user("go"),
        Message.assistant("Let me see.", one, two),
        Message("tool", (ToolResult("b", "g", "2"),)),
        Message.user("well?"),
        Message("tool", (ToolResult("a", "f", "1"),)),
    )
    assert found[2] == Message("tool", (ToolResult("a", "f", "1"), ToolResult("b", "g", "2")))
    assert [one.role for one in found] == ["user", "assistant", "tool", "user"]


def test_unanswered_calls_get_a_result() -> None:
    """A call that nobody answered is answered by a sentence, marked as an error."""
    found = told(
        Message.user("go"), Message.assistant(ToolCall("a", "f", {})), Message.user("never mind")
    )
    assert found[2] == Message(
        "tool", (ToolResult("a", "f", "No result was given.", is_error=True),)
    )


@pytest.mark.parametrize(
    ("quirk", "form"), [("merge_roles", r"[\w-]{1,40}"), ("short_tool_ids", r"[A-Za-z0-9]{9}")]
)
def test_ids_fit_the_wire(quirk: str, form: str) -> None:
    """Ids that a wire does not take are replaced, in call and result alike, and stay apart."""
    calls = [ToolCall(one, "f", {}) for one in ("functions.f:0", "x" * 80, "", "call_1")]
    asked = Message.assistant(*calls)
    answers = Message("tool", tuple(ToolResult(one.id, "f", "1") for one in calls))
    again = (Message.user("again"), asked, answers)
    found = told(Message.user("go"), asked, answers, *again, quirks=frozenset({quirk}))
    for message in (found[1], found[4]):
        assert all(re.fullmatch(form, call.id) for call in message.tool_calls)
    ids = [call.id for message in found for call in message.tool_calls]
    assert len(set(ids)) == 8
    results = [part.call_id for one in found for part in one.parts if isinstance(part, ToolResult)]
    assert results == ids


def test_names_fit_the_wire() -> None:
    """Names of tools that no wire takes are made to fit, alike in call and result, never empty."""
    names = {
        "functions.my tool:v2": "functions_my_tool_v2",
        "get-profile": "get-profile",
        "x" * 80: "x" * 64,
        "": "_",
    }
    calls = [ToolCall(f"a{at}", name, {}) for at, name in enumerate(names)]
    results = (Message.tool(call, "1") for call in calls)
    found = told(Message.user("go"), Message.assistant(*calls), *results)
    assert [call.name for call in found[1].tool_calls] == list(names.values())
    assert [one.name for one in found[2].parts if isinstance(one, ToolResult)] == list(
        names.values()
    )


def test_models_without_tools_are_told_in_words() -> None:
    """Calls and results become text for a model that knows no tools."""
    found = told(
        Message.user("go"),
        Message.assistant(ToolCall("a", "weather", {"city": "Oslo"})),
        Message("tool", (ToolResult("a", "weather", "rain"),)),
        abilities=frozenset({"text"}),
    )
    assert found == (
        Message.user("go"),
        Message.assistant('[asked the tool weather: {"city": "Oslo"}]'),
        Message.user("[the tool weather answered: rain]"),
    )


def test_what_cannot_be_seen_is_told_in_words() -> None:
    """Images and documents become a note for a model that takes none."""
    document = Document(data=b"%PDF-", media_type="application/pdf", name="a.pdf")
    found = told(Message.user("See", PNG, document), abilities=frozenset({"text"}))
    note = "[an image that you cannot see]\n\n[a document that you cannot read]"
    assert found[0].parts == (f"See\n\n{note}",)


def test_what_is_put_into_words_stands_apart() -> None:
    """A blank line stands between calls, results or notes and the text beside them; no other."""
    one, two = ToolCall("a", "f", {}), ToolCall("b", "g", {})
    results = Message("tool", (ToolResult("a", "f", "1"), ToolResult("b", "g", "2")))
    asked = Message.assistant("Let ", "me see.", ReasoningBlock("hm"), one, two, "Wait.")
    found = told(
        Message.user("a", PNG, "b"), asked, results, abilities=frozenset({"text", "vision"})
    )
    assert found[0].parts == ("a", PNG, "b")
    assert found[1].text == (
        "Let me see.\n\n[asked the tool f: {}]\n\n[asked the tool g: {}]\n\nWait."
    )
    assert found[2].text == "[the tool f answered: 1]\n\n[the tool g answered: 2]"


def test_reasoning_goes_back_to_its_own_dialect_only() -> None:
    """Blocks and signatures of other wires, or of the same one elsewhere, are left out."""
    own = "openai-chat at http://127.0.0.1:9"
    kept = ReasoningBlock("hm", own, "sealed")
    call = ToolCall("a", "f", {}, "signed", own)
    foreign = ReasoningBlock("hm", "openai-chat at https://api.example.com", "sealed")
    other = ToolCall("b", "f", {}, "signed", "gemini at https://example.com")
    found = told(Message.user("go"), Message.assistant(foreign, kept, call, other))
    assert found[1] == Message.assistant(kept, call, ToolCall("b", "f", {}))


def test_bare_reasoning_goes_to_models_that_want_it() -> None:
    """Reasoning without a seal goes back only where a quirk says so."""
    history = (Message.user("go"), Message.assistant(ReasoningBlock("hm"), "4"), Message.user("?"))
    assert told(*history)[1] == Message.assistant("4")
    wanted = told(*history, quirks=frozenset({"reasoning_content"}))
    assert wanted[1] == Message.assistant(ReasoningBlock("hm"), "4")


def test_bare_reasoning_of_another_model_is_not_taken_for_its_own() -> None:
    """What another model thought is left out even where bare reasoning is wanted back."""
    quirks = frozenset({"reasoning_content"})
    own = ReasoningBlock("hm", "openai-chat at http://127.0.0.1:9")
    foreign = ReasoningBlock("hm", "openai-chat at https://api.example.com")
    for block, kept in ((own, (own, "4")), (foreign, ("4",))):
        history = (Message.user("go"), Message.assistant(block, "4"), Message.user("?"))
        assert told(*history, quirks=quirks)[1] == Message.assistant(*kept)


def test_a_turn_of_foreign_reasoning_alone_is_left_out() -> None:
    """A message of which nothing is left is not sent."""
    found = told(
        Message.user("go"), Message.assistant(ReasoningBlock("hm", "x", "y")), Message.user("?")
    )
    assert found == (Message.user("go"), Message.user("?"))


def test_roles_are_merged_where_they_must() -> None:
    """Two messages of one role in a row become one, with a blank line between their texts."""
    messages = (Message.user("one"), Message.user("two", PNG), Message.user("three"))
    found = told(*messages, quirks=frozenset({"merge_roles"}))
    assert found == (Message.user("one\n\ntwo", PNG, "three"),)


def test_system_messages_stand_where_the_wire_wants_them() -> None:
    """One at the start; or in the first user message; later ones are the user's."""
    messages = (
        Message.system("A"),
        Message.system("B"),
        Message.user("hi"),
        Message.system("C"),
        Message.user("?"),
    )
    first = told(*messages, quirks=frozenset({"system_first"}))
    assert first == (
        Message.system("A\n\nB"),
        Message.user("hi"),
        Message.user("C"),
        Message.user("?"),
    )
    none = told(*messages, quirks=frozenset({"no_system", "merge_roles"}))
    assert none == (Message.user("A\n\nB\n\nhi\n\nC\n\n?"),)


def test_the_user_speaks_first_where_they_must() -> None:
    """A conversation that the model began gets an opening."""
    messages = (Message.system("A"), Message.assistant("Hello!"), Message.user("hi"))
    found = told(*messages, quirks=frozenset({"user_first"}))
    assert [one.role for one in found] == ["system", "user", "assistant", "user"]


def test_tools_in_the_history_alone_become_words_where_they_must() -> None:
    """A wire that wants tools beside calls gets text when none are offered."""
    call = ToolCall("a", "f", {})
    messages = (
        Message.user("go"),
        Message.assistant(call),
        Message("tool", (ToolResult("a", "f", "1"),)),
    )
    quirks = frozenset({"tools_with_history"})
    assert told(*messages, quirks=quirks)[1] == Message.assistant("[asked the tool f: {}]")
    assert told(*messages, quirks=quirks, tools=(Tool("f"),))[1] == Message.assistant(call)


def test_the_model_speaks_behind_tools_where_it_must() -> None:
    """A user who goes on right behind a result is preceded by a word of the model."""
    call = ToolCall("a", "f", {})
    asked = (Message.user("go"), Message.assistant(call), Message.tool(call, "1"))
    quirks = frozenset({"assistant_after_tools"})
    found = told(*asked, Message.user("and?"), quirks=quirks)
    assert found == (*asked, Message.assistant("Noted."), Message.user("and?"))
    assert told(*asked, quirks=quirks) == asked
    answered = (*asked, Message.assistant("1 it is."), Message.user("and?"))
    assert told(*answered, quirks=quirks) == answered


def kinds(message: Message) -> set[type[Part]]:
    """The kinds of a message's parts."""
    return {type(part) for part in message.parts}


@settings(max_examples=300, deadline=None)
@given(
    messages=conversations(),
    quirks=st.frozensets(st.sampled_from(sorted(QUIRKS))),
    abilities=st.frozensets(st.sampled_from(sorted(EVERYTHING))).map(lambda one: one | {"text"}),
    offered=st.booleans(),
)
def test_what_comes_out_is_valid(
    messages: tuple[Message, ...],
    quirks: frozenset[str],
    abilities: frozenset[str],
    offered: bool,
) -> None:
    """Whatever the history, each rule that a wire may have holds for what is sent."""
    tools = (Tool("f"),) if offered else ()
    found = told(*messages, quirks=quirks, abilities=abilities, tools=tools)
    _check_parts(found, abilities, speaks=offered or "tools_with_history" not in quirks)
    _check_results(found)
    _check_roles([message.role for message in found], quirks)
    texts = [part for one in messages for part in one.parts if isinstance(part, str)]
    everything = "\n".join(message.text for message in found)
    assert all(text in everything for text in texts)


def _check_parts(found: tuple[Message, ...], abilities: frozenset[str], *, speaks: bool) -> None:
    present = {kind for message in found for kind in kinds(message)}
    assert all(message.parts and "" not in message.parts for message in found)
    assert Image not in present or "vision" in abilities
    assert Document not in present or "documents" in abilities
    assert not present & {ToolCall, ToolResult} or ("tools" in abilities and speaks)


def _check_results(found: tuple[Message, ...]) -> None:
    """Each turn's calls are answered right behind it, in its order."""
    waiting: list[str] = []
    for message in found:
        assert (message.role == "tool") == bool(waiting)
        answered = [part.call_id for part in message.parts if isinstance(part, ToolResult)]
        assert answered == waiting
        waiting = [call.id for call in message.tool_calls]
        assert all(NAME.fullmatch(call.name) for call in message.tool_calls)
    assert not waiting


def _check_roles(roles: list[str], quirks: frozenset[str]) -> None:
    if "merge_roles" in quirks:
        assert all(one != other for one, other in pairwise(roles))
    if "assistant_after_tools" in quirks:
        assert {two for one, two in pairwise(roles) if one == "tool"} <= {"tool", "assistant"}
    assert "no_system" not in quirks or "system" not in roles
    assert "system_first" not in quirks or "system" not in roles[1:]
    if "user_first" in quirks:
        assert next(role for role in roles if role != "system") == "user"
