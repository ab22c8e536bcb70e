"""What both codecs write for images, documents, tools, outputs and reasoning."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from llmroute.errors import AttemptError
from llmroute.providers import open_codec
from llmroute.providers.openai.messages import FOREIGN_CALL, messages_of
from llmroute.schemas.instructions import instructions
from llmroute.types.messages import Document, Image, Message, ReasoningBlock, ToolCall
from llmroute.types.models import Endpoint, Model, dropped_parameters
from llmroute.types.requests import PLAIN, Request, Sampling
from llmroute.types.tools import Tool
from tests.providers.calls import How
from tests.providers.openai_calls import (
    ASKED,
    CITY,
    CLOCK,
    ORIGIN,
    PAPER,
    PIXEL,
    THOUGHT,
    WEATHER,
    call_with,
)

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.requests import ReasoningEffort

HELLO = (Message.user("Hello"),)
ALL = {"vision", "documents", "tools", "json", "schema", "reasoning"}
CHAT, RESPONSES = "openai-chat", "openai-responses"
CHAT_DIALECT = f"openai-chat at {ORIGIN}"
LOOSE = {"type": "object", "additionalProperties": {"type": "integer"}}
STRICT = {
    "type": "object",
    "properties": {"name": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    "required": ["name"],
    "additionalProperties": False,
}


def body_of(call: Call) -> dict[str, object]:
    """The JSON that is sent for `call`."""
    written: dict[str, object] = json.loads(open_codec(call.model.api).encode(call).content)
    return written


def chat(*messages: Message, quirks: frozenset[str] = frozenset()) -> list[dict[str, object]]:
    """The messages of chat completions, of a model that can do everything."""
    body = body_of(call_with(Request(messages), CHAT, ALL, quirks=quirks))
    return cast("list[dict[str, object]]", body["messages"])


def items(*messages: Message) -> object:
    """The input of the Responses API, likewise."""
    return body_of(call_with(Request(messages), RESPONSES, ALL))["input"]


def test_pictures_and_papers_in_chat() -> None:
    """Bytes are data: URLs, an address goes as it is, and everything keeps its place."""
    assert chat(Message.user("What?", PIXEL, Image(url="https://example.com/a.png"), PAPER)) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What?"},
                {
                    "type": "image_url",
                    "image_url": {"url": "data:image/png;base64,iVBORw==", "detail": "low"},
                },
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {
                    "type": "file",
                    "file": {
                        "filename": "paper.pdf",
                        "file_data": "data:application/pdf;base64,JVBERi0xLjc=",
                    },
                },
            ],
        }
    ]


def test_pictures_and_papers_in_responses() -> None:
    """The same with the names of the Responses API, which takes a document's address, too."""
    paper = Document(url="https://example.com/a.pdf")
    assert items(Message.user("What?", PIXEL, PAPER, paper)) == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What?"},
                {
                    "type": "input_image",
                    "image_url": "data:image/png;base64,iVBORw==",
                    "detail": "low",
                },
                {
                    "type": "input_file",
                    "filename": "paper.pdf",
                    "file_data": "data:application/pdf;base64,JVBERi0xLjc=",
                },
                {"type": "input_file", "file_url": "https://example.com/a.pdf"},
            ],
        }
    ]


def test_a_paper_that_is_an_address_is_no_chat() -> None:
    """A document's URL is told in words to chat completions, and never sent as one."""
    paper = Document(url="https://example.com/a.pdf")
    assert "a.pdf" not in json.dumps(chat(Message.user(paper)))
    with pytest.raises(AttemptError, match="take documents as data") as caught:
        messages_of(call_with(Request(HELLO)), [Message.user(paper)])
    assert caught.value.fault.kind == "bad_request"


ROUND = (
    Message.user("Umbrella?"),
    Message.assistant(ASKED, ToolCall("call_2", "clock", {})),
    Message.tool(ASKED, "rain"),
    Message.tool(ToolCall("call_2", "clock", {}), "no clock", is_error=True),
)


def test_a_round_trip_of_tools_in_chat() -> None:
    """Calls stand beside null content, each result in a message of its own."""
    assert chat(*ROUND) == [
        {"role": "user", "content": "Umbrella?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
                },
                {
                    "id": "call_2",
                    "type": "function",
                    "function": {"name": "clock", "arguments": "{}"},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        {"role": "tool", "tool_call_id": "call_2", "content": "Error: no clock"},
    ]


def test_a_round_trip_of_tools_in_responses() -> None:
    """Calls and results are items, and reasoning stands before what it led to."""
    said = Message.assistant(THOUGHT, "Let me ", "see.", ASKED)
    assert items(ROUND[0], said, ROUND[2]) == [
        {"role": "user", "content": "Umbrella?"},
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "id": "rs_1",
            "encrypted_content": "gAAA",
        },
        {"role": "assistant", "content": "Let me see."},
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "weather",
            "arguments": '{"city":"Oslo"}',
        },
        {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
    ]


@pytest.mark.parametrize(
    "block",
    [
        THOUGHT,
        replace(THOUGHT, data="sig"),
        replace(THOUGHT, data="{}"),
        replace(THOUGHT, dialect="anthropic"),
    ],
)
def test_reasoning_that_cannot_go_back_is_left_out(block: ReasoningBlock) -> None:
    """Reasoning that nothing follows, or that is not this server's, is not sent."""
    after = () if block == THOUGHT else ("Yes.",)
    sent = items(Message.user("a"), Message.assistant(*after, block), Message.user("b"))
    assert "reasoning" not in json.dumps(sent)


def test_tools_are_offered() -> None:
    """Chat nests a function, Responses has it flat; the model's own choice is left unsaid."""
    asked = Request(HELLO, tools=(WEATHER, CLOCK))
    able = {"tools"}
    function = {
        "name": "weather",
        "description": "Weather now, by city.",
        "parameters": WEATHER.parameters,
    }
    body = body_of(call_with(asked, CHAT, able))
    assert body["tools"] == [
        {"type": "function", "function": function},
        {"type": "function", "function": {"name": "clock", "parameters": CLOCK.parameters}},
    ]
    assert "tool_choice" not in body
    body = body_of(call_with(asked, RESPONSES, able))
    assert isinstance(body["tools"], list)
    assert body["tools"][0] == {"type": "function", "strict": False, **function}


@pytest.mark.parametrize("api", [CHAT, RESPONSES])
def test_tools_are_strict_where_they_can_be(api: str) -> None:
    """A server that holds models to schemas does so for tools, if their parameters allow it."""
    asked = Request(HELLO, tools=(WEATHER, Tool("loose", "", LOOSE)))
    body = body_of(call_with(asked, api, ALL))
    tools = cast("list[dict[str, dict[str, object]]]", body["tools"])
    first, second = ((one["function"] if api == CHAT else one) for one in tools)
    assert first["strict"] is True
    assert first["parameters"] == dict(WEATHER.parameters) | {"additionalProperties": False}
    assert not second.get("strict")
    assert second["parameters"] == LOOSE


@pytest.mark.parametrize(
    ("choice", "in_chat", "in_responses"),
    [
        ("required", "required", "required"),
        ("none", "none", "none"),
        (
            "clock",
            {"type": "function", "function": {"name": "clock"}},
            {"type": "function", "name": "clock"},
        ),
    ],
)
def test_tool_choice(choice: str, in_chat: object, in_responses: object) -> None:
    """A choice is a word, or names one tool; a model that cannot be made to call is not."""
    asked = Request(HELLO, tools=(CLOCK,), tool_choice=choice)
    assert body_of(call_with(asked, CHAT, ALL))["tool_choice"] == in_chat
    assert body_of(call_with(asked, RESPONSES, ALL))["tool_choice"] == in_responses
    assert "tool_choice" not in body_of(call_with(replace(asked, tools=()), CHAT, ALL))
    if choice != "none":
        with pytest.raises(AttemptError, match="leave tool_choice at auto"):
            body_of(call_with(asked, CHAT, ALL, quirks=frozenset({"no_forced_tools"})))


def test_a_tool_that_cannot_be_named_is_sent_alone() -> None:
    """Where a server takes no name, the one tool is all that is offered, and it is required."""
    other = replace(CLOCK, name="other")
    asked = Request(HELLO, tools=(other, CLOCK), tool_choice="clock")
    body = body_of(call_with(asked, CHAT, ALL, quirks=frozenset({"no_named_tools"})))
    assert body["tool_choice"] == "required"
    tools = cast("list[dict[str, dict[str, object]]]", body["tools"])
    assert [tool["function"]["name"] for tool in tools] == ["clock"]


def test_an_output_is_held_to_its_schema() -> None:
    """A model with the ability has the schema in its own field, under a name that is taken."""
    asked = Request(HELLO, output=replace(CITY, name="list[City]"))
    body = body_of(call_with(asked, CHAT, ALL))
    assert body["messages"] == [{"role": "user", "content": "Hello"}]
    schema = {"name": "list_City_", "schema": STRICT, "strict": True}
    assert body["response_format"] == {"type": "json_schema", "json_schema": schema}
    body = body_of(call_with(asked, RESPONSES, ALL))
    assert body["text"] == {"format": {"type": "json_schema", **schema}}
    loose = replace(CITY, schema=LOOSE)
    body = body_of(call_with(replace(asked, output=loose), RESPONSES, ALL))
    schema = {"name": "City", "schema": LOOSE, "strict": False}
    assert body["text"] == {"format": {"type": "json_schema", **schema}}


def test_an_output_in_words() -> None:
    """Models without strict schemas are told the schema, in JSON mode."""
    abilities, mode = {"json"}, {"type": "json_object"}
    words = instructions(CITY)
    asked = Request(HELLO, output=CITY)
    body = body_of(call_with(asked, CHAT, abilities))
    assert body["messages"] == [
        {"role": "system", "content": words},
        {"role": "user", "content": "Hello"},
    ]
    assert body["response_format"] == mode
    body = body_of(call_with(asked, RESPONSES, abilities))
    assert body["instructions"] == words
    assert body["text"] == {"format": mode}
    terse = replace(asked, messages=(Message.system("Be terse."), *HELLO))
    body = body_of(call_with(terse, CHAT, abilities))
    assert body["messages"] == [
        {"role": "system", "content": f"Be terse.\n\n{words}"},
        {"role": "user", "content": "Hello"},
    ]
    body = body_of(call_with(asked, CHAT, abilities, quirks=frozenset({"no_system"})))
    assert body["messages"] == [{"role": "user", "content": f"{words}\n\nHello"}]


@pytest.mark.parametrize(
    ("effort", "quirks", "sent"),
    [
        (None, (), None),
        ("high", (), "high"),
        ("none", (), "none"),
        ("minimal", ("no_minimal_reasoning",), "low"),
        ("none", ("always_reasons",), "minimal"),
        ("none", ("always_reasons", "no_minimal_reasoning"), "low"),
    ],
)
def test_effort(effort: ReasoningEffort | None, quirks: tuple[str, ...], sent: str | None) -> None:
    """The effort is sent to models that reason, as low as they can go, and to no others."""
    asked = Request(HELLO, reasoning=effort)
    words = frozenset(quirks)
    body = body_of(call_with(asked, CHAT, {"reasoning"}, quirks=words))
    assert body.get("reasoning_effort") == sent
    body = body_of(call_with(asked, RESPONSES, {"reasoning"}, quirks=words))
    summary = {} if sent == "none" else {"summary": "auto"}
    assert body.get("reasoning") == (None if sent is None else {"effort": sent, **summary})
    assert body["include"] == ["reasoning.encrypted_content"]
    for api in (CHAT, RESPONSES):
        assert not {"reasoning_effort", "reasoning", "include"} & {
            *body_of(call_with(asked, api, {"tools"}))
        }


def test_a_switch_for_thinking() -> None:
    """DeepSeek's thinking is switched off by a field of its own; efforts are sent as such."""
    for effort, fields in (
        ("none", {"thinking": {"type": "disabled"}}),
        ("low", {"reasoning_effort": "low"}),
        (None, {}),
    ):
        asked = Request(HELLO, reasoning=cast("ReasoningEffort | None", effort))
        quirks = frozenset({"thinking_switch"})
        body = body_of(call_with(asked, CHAT, {"reasoning"}, quirks=quirks))
        names = {"thinking", "reasoning_effort"} & {*body}
        assert {name: body[name] for name in names} == fields


@pytest.mark.parametrize(
    ("abilities", "effort", "quirks", "dropped"),
    [
        ({"reasoning"}, "low", (), ("temperature",)),
        ({"reasoning"}, "none", (), ()),
        ({"reasoning"}, None, (), ()),
        ({"reasoning"}, None, ("reasons_unasked",), ("temperature",)),
        ({"reasoning"}, "none", ("reasons_unasked",), ()),
        ({"reasoning"}, "none", ("always_reasons",), ("temperature",)),
        (set[str](), "low", (), ("reasoning",)),
        (set[str](), "none", (), ()),
    ],
)
def test_parameters_that_reasoning_rules_out(
    abilities: set[str],
    effort: ReasoningEffort | None,
    quirks: tuple[str, ...],
    dropped: tuple[str, ...],
) -> None:
    """What a model rejects while it reasons is dropped then and only then, by the plan's rule."""
    asked = Request(HELLO, sampling=Sampling(temperature=0.5, seed=7), reasoning=effort)
    call = call_with(asked, CHAT, abilities, quirks=frozenset(quirks))
    assert call.model.endpoint is not None
    endpoint = replace(call.model.endpoint, rejects_when_reasoning=frozenset({"temperature"}))
    model = replace(call.model, endpoint=endpoint)
    assert dropped_parameters(model, asked.sampling, effort) == dropped
    body = body_of(call._replace(model=model))
    assert body["seed"] == 7
    assert ("temperature" in body) is ("temperature" not in dropped)


def test_a_model_of_this_machine_drops_no_parameter() -> None:
    """A model without an endpoint takes every parameter, but not an effort."""
    model = Model("m", "llama-cpp", "m", "llama-cpp")
    assert dropped_parameters(model, Sampling(temperature=1.0), "high") == ("reasoning",)
    assert dropped_parameters(model, PLAIN) == ()
    assert Endpoint("u", "o", "m").rejects_when_reasoning == frozenset()


def test_usage_is_not_asked_for_where_that_is_refused() -> None:
    """A server that takes no stream_options gets none."""
    quirks = frozenset({"no_stream_usage"})
    assert "stream_options" not in body_of(
        call_with(Request(HELLO), CHAT, how=How(), quirks=quirks)
    )


def test_thoughts_go_back_to_servers_that_want_them() -> None:
    """DeepSeek gets its reasoning_content back, or an empty one; others do not."""
    said = Message.assistant(ReasoningBlock("Hm, Oslo."), ASKED)
    plain, words = Message.assistant(ASKED), Message.assistant("Oslo.")
    quirks = frozenset({"reasoning_content"})
    for message, thought in ((said, "Hm, Oslo."), (plain, ""), (words, "")):
        sent = chat(*HELLO, message, quirks=quirks)
        assert sent[1]["reasoning_content"] == thought
        assert "reasoning" not in json.dumps(chat(*HELLO, message))


def test_details_go_back_to_the_server_that_gave_them() -> None:
    """OpenRouter's reasoning_details go back to it as they were, and nowhere else."""
    details = [{"type": "reasoning.encrypted", "data": "x", "index": 0}]
    data = json.dumps({"reasoning_details": details})
    for dialect, expected in ((CHAT_DIALECT, details), ("openai-chat at https://other", None)):
        sent = chat(*HELLO, Message.assistant(ReasoningBlock("hm", dialect, data), "Yes."))
        assert sent[1].get("reasoning_details") == expected


def test_signatures_go_back_with_their_calls() -> None:
    """Gemini's signature goes back to it; beside a foreign call stands the mark it wants."""
    extra = {"google": {"thought_signature": "c2ln"}}
    signed = ToolCall("a", "weather", {}, json.dumps({"extra_content": extra}), CHAT_DIALECT)
    foreign = replace(signed, id="b", dialect="anthropic")
    quirks = frozenset({"signed_calls"})

    def extras(*asked: ToolCall, words: frozenset[str] = quirks) -> list[object]:
        sent = chat(*HELLO, Message.assistant(*asked), quirks=words)
        made = cast("list[dict[str, object]]", sent[1]["tool_calls"])
        return [one.get("extra_content") for one in made]

    assert extras(signed, replace(foreign)) == [extra, None]
    assert extras(foreign, replace(foreign, id="c")) == [FOREIGN_CALL, None]
    assert extras(foreign, words=frozenset()) == [None]
    assert extras(replace(signed, signature="no JSON"), words=frozenset()) == [None]


def test_a_conversation_of_nothing_is_one_message() -> None:
    """Where the handover leaves nothing to say, an empty message says so: none is refused."""
    nothing = (Message.user(""), Message.assistant(ReasoningBlock("hm", "anthropic", "sig")))
    assert chat(*nothing) == [{"role": "user", "content": ""}]
    assert items(*nothing) == [{"role": "user", "content": ""}]
