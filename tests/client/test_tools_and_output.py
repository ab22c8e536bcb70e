"""Tools and output through a client: what is sent, what comes back, what may go wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any, TypedDict, cast

import pytest
from pydantic import BaseModel, Field, field_validator

import llmroute
from llmroute import (
    AllFailedError,
    AsyncClient,
    Client,
    Finish,
    Message,
    RequestError,
    Restarted,
    StreamBrokenError,
    Text,
    Tool,
    ToolCallPart,
)
from llmroute.testing import ScriptedProvider, VirtualClock
from llmroute.types.events import End

if TYPE_CHECKING:
    from llmroute.testing import Script
    from llmroute.types.events import Event

ABILITIES = ["text", "tools", "json", "schema"]


class City(BaseModel):
    """A city."""

    name: str
    population: int = Field(default=0, ge=0)

    @field_validator("name")
    @classmethod
    def careful(cls, name: str) -> str:
        """Quote what does not fit, as checks do."""
        if "!" in name:
            raise ValueError(f"{name} is no city")
        return name


class OddError(Exception):
    """An error of the application's own that is no ValueError."""


class Village(BaseModel):
    """A village, with a check that fails instead of saying so."""

    name: str

    @field_validator("name")
    @classmethod
    def odd(cls, name: str) -> str:
        """Fail."""
        raise OddError(name)


def _odd(arguments: object) -> str | None:
    raise OddError(arguments)


class Town(TypedDict):
    """A town."""

    name: str


def weather(city: str, days: int = 1) -> str:
    """Weather now, by city."""
    return f"rain in {city} for {days} days"


def client_of(*scripts: Script) -> tuple[Client, list[ScriptedProvider]]:
    """A client over one scripted model for each script, tried in order."""
    providers = [ScriptedProvider(one) for one in scripts]
    models = [
        llmroute.model(f"m{n}", use="scripted", provider=one, abilities=ABILITIES)
        for n, one in enumerate(providers)
    ]
    return Client(models=models, clock=VirtualClock()), providers


def call(arguments: str, name: str = "weather", position: int = 0) -> ToolCallPart:
    """A call of a tool."""
    return ToolCallPart(position, f"id{position}", name, arguments)


def faults(attempts: object) -> list[str | None]:
    """The kinds of fault of attempts."""
    ones = cast("tuple[llmroute.Attempt, ...]", attempts)
    return [one.fault.kind if one.fault else None for one in ones]


def test_an_answer_becomes_a_value() -> None:
    """`reply.output` is a value of the type; the provider is told its name and schema."""
    client, (provider,) = client_of('{"name": "Paris", "population": null}')
    with client:
        reply = client.chat("The capital of France?", output=City)
    assert reply.output == City(name="Paris")
    assert reply.message == Message.assistant(reply.text)
    output = provider.calls[0].request.output
    assert output is not None
    assert (output.name, output.schema["required"]) == ("City", ["name"])


@pytest.mark.parametrize("answer", ["{}", "Paris", '{"name": "Paris!"}', '{"name": "P', ""])
def test_an_answer_that_does_not_fit_is_the_next_models_turn(answer: str) -> None:
    """Output of the wrong shape is an outcome of the attempt, and another model answers."""
    client, _ = client_of([answer, End("stop")], '{"name": "Oslo"}')
    with client:
        reply = client.chat("hi", output=City)
    assert reply.output == City(name="Oslo")
    assert faults(reply.attempts) == ["bad_output" if answer else "empty_answer", None]
    assert reply.fell_back


def test_a_refusal_and_a_cut_answer_say_so() -> None:
    """A model that refuses, or runs out of tokens, has no output, and the reason says why."""
    cut: Script = ['{"name": "Pa', End("length")]
    client, _ = client_of(["No.", End("stop", refused=True)], cut)
    with client, pytest.raises(AllFailedError) as caught:
        client.chat("hi", output=City)
    assert faults(caught.value.attempts) == ["bad_output", "bad_output"]
    assert "m0: the model refused to answer" in str(caught.value)
    assert "m1: the answer was cut at max_tokens: it is no JSON" in str(caught.value)


def test_output_by_schema_and_by_typeddict() -> None:
    """A JSON Schema gives plain values, a TypedDict gives dicts; a list is wrapped on its way."""
    client, (provider,) = client_of('```json\n{"name": "Oslo", "value": ["a"]}\n```')
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    with client:
        assert client.chat("hi", output=Town).output == {"name": "Oslo"}
        assert client.chat("hi", output=schema).output == {"name": "Oslo", "value": ["a"]}
        assert client.chat("hi", output=list[str]).output == ["a"]
        assert client.chat("hi").output is None
        client.plan("hi", output=Town)
    assert len(provider.calls) == 4


def test_parallel_calls_and_their_results() -> None:
    """Calls come in the model's order; results go back, and the next model is asked with them."""
    pieces = [
        "Let me see.",
        ToolCallPart(0, "a", "weather", '{"city":'),
        ToolCallPart(1, "b", "weather", '{"city": "Rome", "days": 2}'),
        ToolCallPart(0, None, None, ' "Oslo"}'),
        End("tool_calls"),
    ]

    def script(asked: llmroute.Call) -> Any:
        return "Take one." if asked.request.messages[-1].role == "tool" else pieces

    client, (provider,) = client_of(script)
    with client:
        history = [Message.user("Umbrella?")]
        reply = client.chat(history, tools=[weather], tool_choice="required")
        assert reply.finish_reason == "tool_calls"
        assert [one.arguments for one in reply.tool_calls] == [
            {"city": "Oslo"},
            {"city": "Rome", "days": 2},
        ]
        results = [Message.tool(one, weather(**_of(one))) for one in reply.tool_calls]
        last = client.chat([*history, reply.message, *results], tools=[weather])
    assert last.text == "Take one."
    sent = provider.calls[1].request
    assert [message.role for message in sent.messages] == ["user", "assistant", "tool", "tool"]
    assert sent.messages[1] == reply.message
    assert [tool.name for tool in sent.tools] == ["weather"]
    assert provider.calls[0].request.tool_choice == "required"


def _of(one: llmroute.ToolCall) -> Any:
    return one.arguments


@pytest.mark.parametrize(
    "asked",
    [
        call('{"city": "Oslo"'),
        call('{"city": 5}'),
        call('{"town": "Oslo"}'),
        call("[]"),
        call('{"city": "Oslo"}', "whether"),
        call('{"city": "Oslo"}', ""),
    ],
)
def test_a_bad_call_is_the_next_models_turn(asked: ToolCallPart) -> None:
    """Broken JSON, arguments that do not fit and unknown tools are outcomes of the attempt."""
    client, _ = client_of([asked, End("tool_calls")], [call('{"city": "Oslo"}'), End("tool_calls")])
    with client:
        reply = client.chat("hi", tools=[weather])
    assert faults(reply.attempts) == ["bad_tool_call", None]
    assert [one.arguments for one in reply.tool_calls] == [{"city": "Oslo"}]


def test_output_may_wait_for_tools() -> None:
    """A model with tools may ask for them first: then there is no output yet, and no fault."""
    client, _ = client_of([call('{"city": "Oslo"}'), End("tool_calls")])
    with client:
        reply = client.chat("hi", tools=[weather], output=City)
    assert reply.output is None
    assert len(reply.tool_calls) == 1


def test_a_stream_of_output() -> None:
    """A stream gives the value with its reply, of both colors."""
    pieces = ['{"name"', ': "Oslo"}']
    client, _ = client_of(pieces)
    with client, client.stream("hi", output=City) as stream:
        assert "".join(stream.text) == '{"name": "Oslo"}'
        assert stream.reply.output == City(name="Oslo")

    async def main() -> City:
        provider = ScriptedProvider(pieces)
        models = [llmroute.model("m", use="scripted", provider=provider, abilities=ABILITIES)]
        async with AsyncClient(models=models) as other:
            assert (await other.chat("hi", output=Town)).output == {"name": "Oslo"}
            async with other.stream("hi", output=City) as live:
                assert [event async for event in live]
                return live.reply.output

    assert asyncio.run(main()) == City(name="Oslo")


def test_a_stream_that_does_not_fit_is_broken() -> None:
    """What was shown cannot be taken back: the stream raises, with what was shown."""
    client, _ = client_of('{"name": 5}', '{"name": "Oslo"}')
    with client, client.stream("hi", output=City) as stream:
        with pytest.raises(StreamBrokenError) as caught:
            list(stream)
        assert faults(caught.value.attempts) == ["bad_output"]
        assert caught.value.partial.text == '{"name": 5}'


def test_a_stream_that_does_not_fit_may_restart() -> None:
    """With on_break="restart" the next model begins anew, and its answer is the output."""
    client, _ = client_of([call("[]"), End("tool_calls")], '{"name": 5}', '{"name": "Oslo"}')
    events: list[Event] = []
    with client, client.stream("hi", output=City, tools=[weather], on_break="restart") as stream:
        events.extend(stream)
        reply = stream.reply
    assert reply.output == City(name="Oslo")
    assert faults(reply.attempts) == ["bad_tool_call", "bad_output", None]
    restarts = [event for event in events if isinstance(event, Restarted)]
    assert [one.discarded for one in restarts] == ["", '{"name": 5}']
    assert isinstance(events[-1], Finish)
    assert Text('{"name": "Oslo"}') in events


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"output": City(name="SECRET")}, "output", "got City"),
    ({"output": {"type": "array"}}, "output", "not that of an object"),
    ({"tools": weather}, "tools", "a list of functions or Tools"),
    ({"tools": [weather, weather]}, "tools[1]", "two tools named 'weather'"),
    ({"tools": [lambda: None]}, "tools[0]", "a lambda has no name"),
    ({"tools": [5]}, "tools[0]", "int is no tool"),
    ({"tools": [weather], "tool_choice": "wether"}, "tool_choice", "Did you mean 'weather'?"),
    ({"tool_choice": "required"}, "tool_choice", "there are no tools"),
    ({"tools": [], "tool_choice": "auto"}, "tool_choice", "there are no tools"),
    ({"tools": [weather], "tool_choice": 5}, "tool_choice", "must be a string"),
]


@pytest.mark.parametrize(
    ("options", "where", "word"),
    BAD,
)
@pytest.mark.parametrize("verb", ["chat", "stream", "plan"])
def test_bad_tools_and_shapes(options: dict[str, Any], where: str, word: str, verb: str) -> None:
    """What no model could keep to is refused before anything is sent, by place and reason."""
    client, (provider,) = client_of("never")
    with client, pytest.raises(RequestError) as caught:
        getattr(client, verb)("hi", **options)
    assert caught.value.where == where
    assert word in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert provider.calls == []


def test_tools_of_a_client_and_of_a_call() -> None:
    """with_options may set the tools, and a call the choice among them."""
    client, (provider,) = client_of([call('{"city": "Oslo"}'), End("tool_calls")])
    with client:
        child = client.with_options(tools=[weather, Tool("now")])
        child.chat("hi", tool_choice="weather")
        with pytest.raises(RequestError, match="names no tool"):
            child.chat("hi", tool_choice="then")
        with pytest.raises(RequestError, match='Use "required"'):
            child.chat("hi", tool_choice="any")
    assert [tool.name for tool in provider.calls[0].request.tools] == ["weather", "now"]


@pytest.mark.parametrize("use", ["vllm/x", "ollama/x"])
def test_an_ability_that_can_be_declared_is_named(use: str) -> None:
    """What the catalog does not know of a model, the refusal says how to declare."""
    with Client(models=[llmroute.model("m", use=use)]) as client:
        plan = client.plan("hi", tools=[weather])
    told = 'it takes no tools (if it does: abilities = ["json", "schema", "tools"])'
    assert [one.reason for one in plan.refused] == [told]


def test_models_without_the_ability_are_refused() -> None:
    """A model that takes no tools is refused when there are some, and says so."""
    provider = ScriptedProvider("hi")
    models = [llmroute.model("m", use="scripted", provider=provider, abilities=["text"])]
    with Client(models=models) as client:
        assert client.plan("hi", tools=[weather]).refused[0].rule == "ability"


SECRETS: list[tuple[str, Script, dict[str, Any]]] = [
    ("broken JSON", [call('{"city": "CANARY'), End("tool_calls")], {"tools": [weather]}),
    ("unfit", [call('{"city": "x", "days": "CANARY"}')], {"tools": [weather]}),
    ("undeclared", [call('{"city": "x", "CANARY": 1}')], {"tools": [weather]}),
    ("unknown tool", [call("{}", "CANARY")], {"tools": [weather]}),
    ("no JSON", "CANARY", {"output": City}),
    ("a wrong value", '{"name": "CANARY", "population": "CANARY"}', {"output": City}),
    ("a check that quotes", '{"name": "CANARY!"}', {"output": City}),
    ("a check that fails", '{"name": "CANARY!"}', {"output": Village}),
    (
        "a tool's check that fails",
        [call('{"a": "CANARY"}', "t")],
        {"tools": [Tool("t", check=_odd)]},
    ),
    ("a wrong name", '{"CANARY": 1}', {"output": dict[str, str]}),
    (
        "by schema",
        '{"name": "CANARY"}',
        {"output": {"type": "object", "properties": {"name": {"enum": ["a"]}}}},
    ),
]


def ask(client: Client, options: dict[str, Any], *, stream: bool) -> None:
    """Ask for a whole answer, or read a stream to its end."""
    if not stream:
        client.chat("CANARY prompt", **options)
        return
    with client.stream("CANARY prompt", **options) as events:
        list(events)


@pytest.mark.parametrize(
    ("script", "options"), [one[1:] for one in SECRETS], ids=[s[0] for s in SECRETS]
)
@pytest.mark.parametrize("stream", [False, True])
def test_nothing_that_was_said_is_told(
    caplog: pytest.LogCaptureFixture, script: Script, options: dict[str, Any], *, stream: bool
) -> None:
    """Arguments, output and prompt are in no error, repr, log, pickle or frame of a traceback."""
    caplog.set_level(logging.DEBUG)
    client, _ = client_of(script)
    with client, pytest.raises((AllFailedError, StreamBrokenError)) as caught:
        ask(client, options, stream=stream)
    error = caught.value
    seen = [str(error), repr(error), repr(error.attempts), frames(error), caplog.text]
    if isinstance(error, AllFailedError):
        seen += [repr(pickle.dumps(error.attempts)), json.dumps(error.plan.to_dict())]
    assert "CANARY" not in "\n".join(seen)


@pytest.mark.parametrize(
    ("script", "options", "kind", "words"),
    [
        ('{"name": "x"}', {"output": Village}, "bad_output", "a check of its type raised OddError"),
        ([call("{}", "t")], {"tools": [Tool("t", check=_odd)]}, "bad_tool_call", "raised OddError"),
    ],
)
def test_a_check_that_fails_is_a_fault_of_the_attempt(
    script: Script, options: dict[str, Any], kind: str, words: str
) -> None:
    """Whatever a check of the application raises, only its class is told, and the next answers."""
    client, _ = client_of(script)
    with client, pytest.raises(AllFailedError, match=words) as caught:
        client.chat("hi", **options)
    assert [one.fault.kind for one in caught.value.attempts if one.fault] == [kind]


def frames(error: BaseException) -> str:
    """The chain of an error as a crash reporter sees it, with the locals of our frames."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines: list[str] = []
    one: traceback.TracebackException | None = found
    while one is not None:
        lines.append(str(one))
        lines += [
            f"{frame.filename}:{frame.lineno} {frame.locals}"
            for frame in one.stack
            if "llmroute" in frame.filename and "tests" not in frame.filename
        ]
        one = one.__cause__ or one.__context__
    return "\n".join(lines)


def test_reprs_of_replies_and_parts_show_no_content() -> None:
    """A reply with output and calls, its parts and its request show sizes, never content."""
    client, (provider,) = client_of([call('{"city": "CANARY"}'), End("tool_calls")])
    with client:
        reply = client.chat("CANARY", tools=[weather], output=City)
    shown = [reply, reply.message, reply.parts, provider.calls[0].request]
    assert "CANARY" not in repr(shown)
