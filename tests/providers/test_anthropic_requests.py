"""The codec of the Messages API: requests written, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict, cast

import pytest

from llmroute.errors import AttemptError, RequestError
from llmroute.providers import open_codec
from llmroute.providers.anthropic.schema import closed
from llmroute.types.messages import (
    Document,
    Image,
    Message,
    ReasoningBlock,
    ToolCall,
)
from llmroute.types.requests import Request, Sampling
from llmroute.types.tools import OutputSpec
from tests.providers.natives import HELLO, SHAPE, URL, WEATHER, Native, asking

API = "anthropic-messages"
NATIVE = Native(API)
BUDGET = NATIVE._replace(
    quirks=frozenset({"reasoning_budget"}), rejects=frozenset({"temperature", "top_p", "top_k"})
)
UNFORCED = NATIVE._replace(quirks=frozenset({"no_forced_tools", "always_reasons", "no_prefill"}))
OURS = NATIVE.call().model.dialect
PLAIN = NATIVE._replace(abilities=frozenset({"text", "tools"}))
TOOLS = replace(HELLO, tools=(WEATHER,))
SHAPED = replace(HELLO, output=SHAPE)
OSLO = ToolCall("t1", "weather", {"city": "Oslo"})
ROME = ToolCall("t2", "weather", {"city": "Rome"})


def test_the_least_request() -> None:
    """A model, the tokens that the API must be told, and the messages."""
    written = open_codec(API).encode(NATIVE.call())
    assert written.url == f"{URL}/messages"
    assert NATIVE.body() == {
        "model": "normal",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }


def test_how_many_tokens() -> None:
    """The request says how many tokens at most, else the catalog."""
    known = NATIVE._replace(max_output_tokens=64_000)
    assert known.body()["max_tokens"] == 64_000
    assert known.body(replace(HELLO, sampling=Sampling(max_tokens=9)))["max_tokens"] == 9


def test_sampling() -> None:
    """Parameters have the API's names; a temperature is at most 1, a top_k of 0 is left out."""
    sampling = Sampling(temperature=1.5, top_p=0.9, top_k=40, stop=("END",), seed=3, min_p=0.1)
    body = NATIVE.body(replace(HELLO, sampling=sampling))
    assert body["temperature"] == 1.0
    assert (body["top_p"], body["top_k"], body["stop_sequences"]) == (0.9, 40, ["END"])
    assert not body.keys() & {"seed", "min_p", "stop", "thinking"}
    body = NATIVE.body(replace(HELLO, sampling=Sampling(temperature=0.5, top_k=0)))
    assert body["temperature"] == 0.5
    assert "top_k" not in body


def test_a_stream_is_asked_for() -> None:
    """A stream is asked for by `stream` alone."""
    assert NATIVE._replace(stream=True).body()["stream"] is True


def test_turns() -> None:
    """Instructions have one place; roles take turns; blank text is left out."""
    messages = (
        Message.system("One."),
        Message.user("a"),
        Message.user("b"),
        Message.user(Image(data=b"x", media_type="image/png"), " "),
        Message.assistant("c"),
        Message.system("Two."),
        Message.user("d"),
    )
    body = NATIVE.body(Request(messages))
    assert body["system"] == [{"type": "text", "text": "One."}]
    first = turns(body).pop(0)
    assert first["role"] == "user"
    assert [block["type"] for block in first["content"]] == ["text", "image"]
    assert first["content"][0]["text"] == "a\n\nb"
    assert turns(body) == [
        {"role": "assistant", "content": [{"type": "text", "text": "c"}]},
        {"role": "user", "content": [{"type": "text", "text": "Two.\n\nd"}]},
    ]


class Turn(TypedDict):
    """A turn as it is sent."""

    role: str
    content: list[dict[str, object]]


def turns(body: dict[str, object]) -> list[Turn]:
    """The turns of a body."""
    return cast("list[Turn]", body["messages"])


def test_images_and_documents() -> None:
    """Bytes go as base64 with their type, addresses as they are."""
    message = Message.user(
        "What is this?",
        Image(data=b"\x89PNG", media_type="image/png"),
        Image(url="https://example.com/a.png"),
        Document(data=b"%PDF", media_type="application/pdf", name="a.pdf"),
        Document(url="https://example.com/a.pdf"),
    )
    assert turns(NATIVE.body(Request((message,))))[0]["content"][1:] == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
            "title": "a.pdf",
        },
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
    ]


def test_results_come_first_in_one_turn() -> None:
    """Results of several calls, and what the user says then, are one turn, results first."""
    messages = (
        Message.user("Umbrella?"),
        Message.assistant("Let me look.", OSLO, ROME),
        Message.tool(OSLO, "rain"),
        Message.tool(ROME, "", is_error=True),
        Message.user("Hurry."),
    )
    found = turns(NATIVE.body(replace(TOOLS, messages=messages)))
    assert found[1]["content"][1] == {
        "type": "tool_use",
        "id": "t1",
        "name": "weather",
        "input": {"city": "Oslo"},
    }
    assert found[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "t1", "content": "rain"},
        {"type": "tool_result", "tool_use_id": "t2", "is_error": True},
        {"type": "text", "text": "Hurry."},
    ]
    assert len(found) == 3


def test_thoughts_go_back_as_they_came() -> None:
    """Signed and sealed thoughts are repeated; those of others, or without a signature, are not."""
    message = Message.assistant(
        ReasoningBlock("hm", OURS, '{"signature": "s"}'),
        ReasoningBlock("", OURS, '{"redacted": "r"}'),
        ReasoningBlock("unsigned", OURS),
        ReasoningBlock("foreign", "another", '{"signature": "x"}'),
        ReasoningBlock("broken", OURS, "{"),
        ReasoningBlock("other", OURS, "[]"),
        "Yes.",
    )
    assert turns(NATIVE.body(Request((Message.user("a"), message))))[1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "r"},
        {"type": "text", "text": "Yes."},
    ]


def test_tools() -> None:
    """A tool has a name, a schema, and a description if there is one."""
    bare = NATIVE.body(replace(HELLO, tools=(replace(WEATHER, description=""),)))
    assert bare["tools"] == [{"name": "weather", "input_schema": WEATHER.parameters}]
    assert NATIVE.body(TOOLS)["tools"] == [
        {
            "name": "weather",
            "description": "Weather now, by city.",
            "input_schema": WEATHER.parameters,
        }
    ]


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("auto", None),
        ("required", {"type": "any"}),
        ("none", {"type": "none"}),
        ("weather", {"type": "tool", "name": "weather"}),
    ],
)
def test_tool_choice(choice: str, written: object) -> None:
    """Each choice is the API's own word; without tools there is none."""
    assert NATIVE.body(replace(TOOLS, tool_choice=choice)).get("tool_choice") == written
    assert "tool_choice" not in NATIVE.body(replace(HELLO, tool_choice=choice))


@pytest.mark.parametrize("choice", ["required", "weather"])
def test_a_model_that_cannot_be_made_to_call(choice: str) -> None:
    """Where a tool cannot be forced, the attempt fails before anything is sent."""
    with pytest.raises(AttemptError, match="tool_choice") as caught:
        UNFORCED.body(replace(TOOLS, tool_choice=choice))
    assert caught.value.fault.kind == "bad_request"
    assert "tool_choice" not in UNFORCED.body(TOOLS)


def test_a_strict_schema() -> None:
    """An answer's shape is a strict schema where the model has it, whatever tools there are."""
    body = NATIVE.body(replace(SHAPED, tools=(WEATHER,)))
    schema = {**SHAPE.schema, "additionalProperties": False}
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": schema}}
    assert len(cast("list[object]", body["tools"])) == 1
    assert "tool_choice" not in body


def test_a_tool_that_carries_the_answer() -> None:
    """Without a strict schema, a tool that must be called carries the answer."""
    body = PLAIN.body(SHAPED)
    assert "output_config" not in body
    assert body["tool_choice"] == {"type": "tool", "name": "give_answer"}
    [tool] = cast("list[dict[str, object]]", body["tools"])
    assert tool["input_schema"] == SHAPE.schema
    shaped = replace(SHAPED, tools=(replace(WEATHER, name="give_answer"),))
    body = PLAIN.body(shaped)
    names = [tool["name"] for tool in cast("list[dict[str, object]]", body["tools"])]
    assert names == ["give_answer", "give_answer_"]
    assert body["tool_choice"] == {"type": "any"}
    body = PLAIN.body(replace(shaped, tool_choice="none"))
    assert body["tool_choice"] == {"type": "tool", "name": "give_answer_"}
    assert "tool_choice" not in UNFORCED._replace(abilities=PLAIN.abilities).body(SHAPED)


def test_an_open_schema_is_carried_by_a_tool() -> None:
    """A schema that the API cannot hold an answer to is a tool's, which need not be strict."""
    opened = OutputSpec("map", {"type": "object"}, str)
    assert "output_config" not in NATIVE.body(replace(HELLO, output=opened))


def test_effort() -> None:
    """Thinking is asked for by an effort, and its summary with it; unasked, nothing is said."""
    assert not NATIVE.body().keys() & {"thinking", "output_config"}
    body = NATIVE.body(asking("minimal", SHAPED))
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert cast("dict[str, object]", body["output_config"]).keys() == {"effort", "format"}
    assert cast("dict[str, object]", body["output_config"])["effort"] == "low"
    assert NATIVE.body(asking("high"))["output_config"] == {"effort": "high"}
    body = NATIVE.body(asking("none"))
    assert body["thinking"] == {"type": "disabled"}
    assert "output_config" not in body
    assert NATIVE.body(asking("none"))["thinking"] == {"type": "disabled"}
    assert UNFORCED.body(asking("none"))["output_config"] == {"effort": "low"}
    between = NATIVE._replace(quirks=frozenset({"reasons_between_tools"}))
    assert between.body(asking("none"))["thinking"] == {"type": "between_tools"}
    assert between.body(asking("low"))["output_config"] == {"effort": "low"}
    assert "thinking" not in PLAIN.body(asking("high"))


def test_a_budget() -> None:
    """Models of before are told tokens: at most half of the answer's, and 1024 at least."""
    roomy = BUDGET._replace(max_output_tokens=64_000)
    assert roomy.body(asking("high"))["thinking"] == {"type": "enabled", "budget_tokens": 32_000}
    assert roomy.body(asking("minimal"))["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert BUDGET.body(asking("high"))["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    tight = replace(asking("high"), sampling=Sampling(max_tokens=2047))
    assert "thinking" not in BUDGET.body(tight)
    assert "output_config" not in roomy.body(asking("high"))


def test_a_budget_gives_way() -> None:
    """A forced tool, and an answer that was begun, go before thinking."""
    forced = replace(asking("high", TOOLS), tool_choice="required")
    assert "thinking" not in BUDGET.body(forced)
    assert "thinking" not in NATIVE.body(forced)
    unasked = NATIVE._replace(quirks=frozenset({"reasons_unasked"}))
    for effort in (None, "none", "low"):
        body = unasked.body(replace(asking(effort, TOOLS), tool_choice="required"))
        assert body["thinking"] == {"type": "disabled"}
    assert "thinking" not in BUDGET._replace(prefix="It").body(asking("high"))


def test_a_budget_needs_thoughts_before_the_calls() -> None:
    """Between a call and its results, a budget is told only if the model thought before it."""
    thought = ReasoningBlock("", OURS, '{"signature": "s"}')
    for said, thinks in (((thought, OSLO), True), ((OSLO,), False)):
        messages = (*HELLO.messages, Message.assistant(*said), Message.tool(OSLO, "rain"))
        body = BUDGET.body(asking("high", replace(TOOLS, messages=messages)))
        assert ("thinking" in body) is thinks


def test_sampling_while_it_thinks() -> None:
    """Parameters that the model does not take while it thinks are left out then, and only then."""
    sampled = replace(HELLO, sampling=Sampling(temperature=0.5, stop=("a",)))
    assert BUDGET.body(sampled)["temperature"] == 0.5
    body = BUDGET.body(asking("high", sampled))
    assert "temperature" not in body
    assert body["stop_sequences"] == ["a"]


def test_a_prefix() -> None:
    """What was begun is the assistant's last turn, without the blanks that the API refuses."""
    found = turns(NATIVE._replace(prefix="It is \n").body())
    assert found[-1] == {"role": "assistant", "content": [{"type": "text", "text": "It is"}]}
    with pytest.raises(AttemptError, match="begun"):
        UNFORCED._replace(prefix="It is").body()


@pytest.mark.parametrize(("life", "ttl"), [("5m", {}), ("1h", {"ttl": "1h"})])
def test_cache_marks(life: str, ttl: dict[str, str]) -> None:
    """The last tool, the last instruction and the last thing that the user said are marked."""
    messages = (
        Message.system("Be terse."),
        Message.user("a"),
        Message.assistant("b"),
        Message.user("c", "d"),
    )
    body = NATIVE._replace(cache=life).body(replace(TOOLS, messages=messages))
    mark = {"type": "ephemeral", **ttl}
    assert cast("list[dict[str, object]]", body["tools"])[-1]["cache_control"] == mark
    assert cast("list[dict[str, object]]", body["system"])[-1]["cache_control"] == mark
    assert [block.get("cache_control") for turn in turns(body) for block in turn["content"]] == [
        *(None, None, None),
        mark,
    ]
    assert "cache_control" not in str(NATIVE.body(replace(TOOLS, messages=messages)))


def test_extras() -> None:
    """Extra fields join ours, extra headers are sent; what is reserved is refused."""
    asked = replace(asking("high"), extra_body={"output_config": {"effort": "max"}, "a": 1})
    body = NATIVE.body(replace(asked, extra_headers={"anthropic-beta": "x"}))
    assert (body["output_config"], body["a"]) == ({"effort": "max"}, 1)
    with pytest.raises(RequestError):
        NATIVE.body(replace(HELLO, extra_body={"model": "x"}))


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (
            {"type": "integer", "minimum": 1, "description": "A count."},
            {"type": "integer", "description": "A count. (minimum: 1)"},
        ),
        (
            {"type": "string", "format": "date", "default": "x"},
            {"type": "string", "format": "date"},
        ),
        (
            {"type": "string", "format": "color"},
            {"type": "string", "description": "(format: color)"},
        ),
        (
            {"type": "array", "items": {"type": "null"}, "minItems": 1, "maxItems": 2},
            {
                "type": "array",
                "items": {"type": "null"},
                "minItems": 1,
                "description": "(maxItems: 2)",
            },
        ),
        (
            {"oneOf": [{"const": 1}, {"enum": ["a"]}]},
            {"anyOf": [{"const": 1}, {"enum": ["a"]}]},
        ),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}},
            {"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}},
        ),
        ({"type": "object", "properties": {}, "additionalProperties": True}, None),
        ({"type": ["object", "null"]}, None),
        ({"type": "array", "items": {}}, None),
        ({"type": "array", "prefixItems": [{"type": "null"}]}, None),
        ({"$ref": "#/$defs/b"}, None),
        ({"$ref": "#/properties/a", "properties": {"a": {"type": "null"}}}, None),
        (
            {
                "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}},
                "anyOf": [{"$ref": "#/$defs/a"}],
            },
            None,
        ),
    ],
)
def test_schemas(schema: dict[str, object], written: object) -> None:
    """Constraints that the API does not know become words; what it cannot hold is told apart."""
    assert closed(schema) == written
