"""Calls of tools as the flow puts them together, and what it says of those that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.errors import AttemptError
from llmroute.flow.outcome import judge
from llmroute.flow.running import Running
from llmroute.health.admission import Permit
from llmroute.schemas.tools import read_tools
from llmroute.types.accept import Accept
from llmroute.types.events import End, Reasoning, ReasoningEnd, Text, ToolCallPart
from llmroute.types.messages import Message, ReasoningBlock, ToolCall
from llmroute.types.requests import Request
from llmroute.types.tools import Tool
from tests.flow.harness import remote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.flow.outcome import Answer
    from llmroute.types.events import FinishReason


def weather(city: str, days: int = 3) -> str:
    """Weather."""
    return f"{city} {days}"


def now() -> str:
    """The time."""
    return "noon"


TOOLS = read_tools([weather, now])
ASKED = Request((Message.user("hi"),), tools=TOOLS)
OSLO = '{"city": "Oslo"}'


def judged(
    *events: Text | Reasoning | ReasoningEnd | ToolCallPart,
    request: Request | None = ASKED,
    end: FinishReason = "tool_calls",
    refused: bool = False,
) -> Answer:
    """Feed one attempt, and judge it."""
    running = Running(1, 0, Permit(remote("m"), 0.0), 0.0)
    for event in events:
        running.take(0.0, event, 1)
    return judge(running, End(end, refused), request, Accept(filtered=True))


def part(
    arguments: str, name: str | None = "weather", call_id: str | None = "a", position: int = 0
) -> ToolCallPart:
    """A whole call in one piece."""
    return ToolCallPart(position, call_id, name, arguments)


def calls(answer: Answer) -> list[ToolCall]:
    """The calls of an answer."""
    return [one for one in answer.parts if isinstance(one, ToolCall)]


def test_pieces_become_parts_in_their_order() -> None:
    """Text, thoughts and calls stand in the message as they came; pieces of calls are joined."""
    answer = judged(
        Reasoning("hm"),
        ReasoningEnd(ReasoningBlock("hm", data="x")),
        Text("Let me "),
        Text("see."),
        ToolCallPart(7, "a", "weather", '{"city"'),
        ToolCallPart(2, "b", "now", ""),
        ToolCallPart(7, None, None, ': "Oslo"}'),
        Text("Done."),
    )
    kinds = [type(one).__name__ for one in answer.parts]
    assert kinds == ["ReasoningBlock", "str", "ToolCall", "ToolCall", "str"]
    assert [(one.id, one.arguments) for one in calls(answer)] == [
        ("a", {"city": "Oslo"}),
        ("b", {}),
    ]


def test_thoughts_know_who_thought_them() -> None:
    """Blocks, and thoughts without one, carry the dialect of the model that thought them."""
    dialect = remote("m").dialect
    bare = judged(Reasoning("hm"), Text("4"), end="stop")
    assert bare.parts == (ReasoningBlock("hm", dialect), "4")
    sealed = judged(ReasoningEnd(ReasoningBlock("hm", data="x")), Text("4"), end="stop")
    assert sealed.parts == (ReasoningBlock("hm", dialect, "x"), "4")


@pytest.mark.parametrize("text", ["", "  ", "null", "{}", " {} "])
def test_no_arguments_are_none(text: str) -> None:
    """A tool without parameters is called with nothing, null or {}."""
    assert calls(judged(part(text, "now")))[0].arguments == {}


def test_null_stands_for_what_is_left_out() -> None:
    """Strict schemas make a model write null where the function has a default."""
    (call,) = calls(judged(part('{"city": "Oslo", "days": null}')))
    assert call.arguments == {"city": "Oslo"}


# arguments, tool, how the answer ended, and what is said of it
BROKEN: list[tuple[str, str | None, str]] = [
    ('{"city": "SECRET', "weather", "the arguments for 'weather' are broken: it is no JSON"),
    ('{"city": SECRET}', "weather", "are broken: it is no JSON at line 1, column 10"),
    ('"{\\"city\\": \\"SECRET\\"}"', "weather", "are broken: they are no object"),
    ('["SECRET"]', "weather", "are broken: they are no object"),
    ('{"city": NaN}', "weather", "holds a number that JSON cannot have"),
    ('{"city": ' + "[" * 500 + "]" * 500 + "}", "weather", "nested more than 100 levels deep"),
    ("[" * 100_000, "weather", "nested more than 100 levels deep"),
    ('{"city": ' + "9" * 5000 + "}", "weather", "holds a number that JSON cannot have"),
    ('{"city": 5}', "weather", "the arguments for 'weather' do not fit: /city must be a string"),
    ("null", "weather", "do not fit: /city is missing"),
    (
        '{"city": "SECRET", "SECRET": 1}',
        "weather",
        "do not fit: /* (*: a name that the schema does not have) is not declared",
    ),
    (OSLO, "SECRET", "the model asked for a tool that was not offered"),
    (OSLO, None, "the model asked for a tool that was not offered: it has no name"),
]


@pytest.mark.parametrize(("arguments", "name", "word"), BROKEN)
def test_calls_that_are_none(arguments: str, name: str | None, word: str) -> None:
    """A call that is broken, unknown or unfit is a fault of the model, told without its words."""
    with pytest.raises(AttemptError) as caught:
        judged(part(arguments, name))

    assert caught.value.fault.kind == "bad_tool_call"
    assert caught.value.fault.remedy.next == "other_model"
    assert word in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_call_that_was_cut_says_so() -> None:
    """Arguments that end at max_tokens are told as cut, since more tokens would mend them."""
    with pytest.raises(AttemptError, match="cut at max_tokens"):
        judged(part('{"city": "Os'), end="length")


@settings(max_examples=300)
@given(
    text=st.text(alphabet='{}[]":,cityOslodays0123456789nul.eE- \\u', max_size=40),
    name=st.sampled_from(["weather", "now", "", "other"]),
)
def test_whatever_a_model_writes_is_a_call_or_a_fault(text: str, name: str) -> None:
    """No text of arguments gets through unfit, and none raises anything but a fault."""
    try:
        (call,) = calls(judged(part(text, name)))
    except AttemptError as error:
        assert error.fault.kind == "bad_tool_call"  # noqa: PT017 - a call is the other way
    else:
        tool = next(one for one in TOOLS if one.name == name)
        assert tool.check is not None
        assert tool.check(call.arguments) is None


def test_a_check_that_has_a_bug_is_a_problem_without_its_words() -> None:
    """A check of the application that raises makes the call unfit; its text is not told."""

    def check(arguments: Mapping[str, object]) -> str | None:
        raise ValueError(f"SECRET {arguments}")

    request = Request((Message.user("hi"),), tools=read_tools([Tool("t", check=check)]))
    with pytest.raises(AttemptError, match="the check raised ValueError") as caught:
        judged(part('{"city": "SECRET"}', "t"), request=request)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("ids", [[None, None], ["", ""], ["x", "x"], ["x", None], ["call_1_1", ""]])
def test_ids_tell_calls_apart(ids: list[str | None]) -> None:
    """Calls without an id, or with one that another has, get one of their own."""
    events = [part(OSLO, call_id=one, position=place) for place, one in enumerate(ids)]
    found = [one.id for one in calls(judged(*events))]
    assert all(found)
    assert len(set(found)) == len(ids)


@pytest.mark.parametrize("call_id", [None, "call_0", "call_1_0"])
def test_ids_are_not_those_of_earlier_turns(call_id: str | None) -> None:
    """A server that counts from 0 in every answer does not make two calls of one id."""
    messages: tuple[Message, ...] = (Message.user("hi"),)
    for _ in range(3):
        request = Request(messages, tools=TOOLS)
        (call,) = calls(judged(part(OSLO, call_id=call_id), request=request))
        messages += (Message.assistant(call), Message.tool(call, "rain"))
    ids = [call.id for message in messages for call in message.tool_calls]
    assert len(set(ids)) == 3


def said(*events: Text | ToolCallPart, choice: str) -> Answer:
    """Judge an answer to a request with a choice of tools."""
    return judged(*events, request=Request((Message.user("hi"),), tools=TOOLS, tool_choice=choice))


CALL = part(OSLO)


@pytest.mark.parametrize(
    ("choice", "event"),
    [
        ("auto", CALL),
        ("auto", Text("no")),
        ("none", Text("no")),
        ("required", CALL),
        ("weather", CALL),
    ],
)
def test_choices_that_are_kept(choice: str, event: Text | ToolCallPart) -> None:
    """An answer that keeps to tool_choice is an answer."""
    assert said(event, choice=choice).parts


@pytest.mark.parametrize(
    ("choice", "event", "word"),
    [
        ("none", CALL, 'despite tool_choice="none"'),
        ("required", Text("no"), "did not ask for a tool, as it had to"),
        ("now", CALL, "did not ask for the tool 'now', as it had to"),
        ("now", Text("no"), "did not ask for the tool 'now', as it had to"),
    ],
)
def test_choices_that_are_not(choice: str, event: Text | ToolCallPart, word: str) -> None:
    """A model that does not keep to tool_choice has failed: another one may keep to it."""
    with pytest.raises(AttemptError, match=word) as caught:
        said(event, choice=choice)

    assert caught.value.fault.kind == "bad_tool_call"


@pytest.mark.parametrize("end", ["length", "content_filter"])
def test_answers_that_were_cut_need_not_keep_to_a_choice(end: FinishReason) -> None:
    """An answer that was cut or filtered says so itself; so does a refusal."""
    request = Request((Message.user("hi"),), tools=TOOLS, tool_choice="required")
    assert judged(Text("No, "), request=request, end=end).parts == ("No, ",)
    assert judged(Text("No."), request=request, end="stop", refused=True).parts == ("No.",)


def test_without_a_request_nothing_is_checked() -> None:
    """A flow that was told no request keeps whatever is JSON."""
    anything: Mapping[str, object] = {"city": 5}
    assert calls(judged(part('{"city": 5}', "any"), request=None))[0].arguments == anything
    with pytest.raises(AttemptError, match="are broken"):
        judged(part("SECRET"), request=None)
