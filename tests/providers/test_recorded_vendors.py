"""What vendors and servers that speak chat completions answer, each in its own shape.

`recorded/<provider>` holds a whole answer and a stream, written by hand; they are decoded for the
model that the catalog makes of the provider's file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest

from llmroute.catalog import model, provider, provider_names, resolve
from llmroute.catalog.endpoints import places_of
from llmroute.errors import AttemptError
from llmroute.flow.outcome import judge
from llmroute.flow.running import Running
from llmroute.health.admission import Permit
from llmroute.providers import open_codec
from llmroute.types.accept import Accept
from llmroute.types.events import End, Reasoning, ReasoningEnd, Text, ToolCallPart, UsageReport
from llmroute.types.messages import ReasoningBlock, ToolCall
from llmroute.types.usage import Usage
from tests.providers.calls import How, call_to

if TYPE_CHECKING:
    from llmroute.catalog import ModelOptions
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent

FOLDER = Path(__file__).parent / "recorded"
NATIVE = {"anthropic", "gemini", "openai"}
VENDORS = sorted({path.name for path in FOLDER.iterdir() if path.is_dir()} - NATIVE)
ANY = Accept(empty=True, filtered=True)
FILLED = {"resource": "contoso", "account": "0a1b2c"}
FJORD, THOUGHT = "Oslo lies on a fjord.", "A fjord, then."


class Said(NamedTuple):
    """What an answer amounts to: its end, its usage, text, thoughts, and calls as (id, city)."""

    finish: str
    usage: Usage
    text: str = FJORD
    thought: str = ""
    calls: tuple[tuple[str, str], ...] = ()


def asked(id_: str, usage: Usage, thought: str = "", text: str = "") -> Said:
    """A call for the weather in Oslo."""
    return Said("tool_calls", usage, text, thought, ((id_, "Oslo"),))


EXPECTED: dict[str, Said] = {
    "mistral/whole.json": Said("stop", Usage(14, 21), thought=THOUGHT),
    "mistral/stream.sse": Said(
        "tool_calls",
        Usage(92, 33),
        "Let me look.",
        calls=(("D4k2mQ9xA", "Oslo"), ("p7Rt1ZcV3", "Bergen")),
    ),
    "deepseek/whole.json": Said("stop", Usage(70, 18, 64, 0, 9), thought=THOUGHT),
    "deepseek/stream.sse": asked("call_00_kX1", Usage(70, 40, 0, 0, 12), THOUGHT),
    "xai/whole.json": Said("stop", Usage(40, 127, 32, 0, 120), thought=THOUGHT),
    "xai/stream.sse": asked("call_48213377", Usage(60, 105, 0, 0, 80), THOUGHT),
    "groq/whole.json": Said("stop", Usage(80, 16, 0, 0, 5), thought=THOUGHT),
    "groq/stream.sse": asked("fc_3a1b", Usage(95, 28, 0, 0, 5), THOUGHT),
    "together/whole.json": Said("stop", Usage(22, 7)),
    "together/stream.sse": Said("stop", Usage(22, 7)),
    "fireworks/whole.json": asked("call_Xb2", Usage(110, 19, 96)),
    "fireworks/stream.sse": Said("stop", Usage(20, 7)),
    "openrouter/whole.json": Said("stop", Usage(30, 24, 16, 8, 11), thought=THOUGHT),
    "openrouter/stream.sse": asked("toolu_7a", Usage(50, 41, 0, 0, 11), THOUGHT),
    "cloudflare/whole.json": Said("stop", Usage(21, 7)),
    "cloudflare/stream.sse": Said("stop", Usage(21, 7)),
    "azure/whole.json": Said("stop", Usage(18, 75, 0, 0, 64)),
    "azure/stream.sse": Said("stop", Usage(18, 75, 0, 0, 64)),
    "azure/filtered.json": Said("content_filter", Usage(18, 3), "The recipe begins"),
    "vllm/whole.json": asked("chatcmpl-tool-9f", Usage(160, 27), THOUGHT),
    "vllm/stream.sse": Said("stop", Usage(20, 17), thought=THOUGHT),
    "sglang/whole.json": Said("stop", Usage(20, 17), thought=THOUGHT),
    "sglang/stream.sse": asked("call_e1", Usage(150, 27), THOUGHT),
    "tgi/whole.json": asked("0", Usage(139, 17)),
    "tgi/stream.sse": Said("stop", Usage(19, 7)),
    "llama-server/whole.json": asked("Zk81", Usage(20, 7, 12), THOUGHT),
    "llama-server/stream.sse": Said("stop", Usage(20, 7)),
    "ollama/whole.json": Said("stop", Usage(23, 18), thought=THOUGHT),
    "ollama/stream.sse": asked("call_r8w2", Usage(140, 36), THOUGHT),
    "lm-studio/whole.json": Said("stop", Usage(24, 19, 0, 0, 9), thought=THOUGHT),
    "lm-studio/stream.sse": Said("stop", Usage(24, 19), thought=THOUGHT),
}


def call_for(name: str) -> Call:
    """A call of the provider's model, as the catalog makes it."""
    vendor, _, file = name.partition("/")
    entry = provider(vendor)
    assert entry is not None
    filled = {place: FILLED[place] for place in FILLED.keys() & {*places_of(entry)}}
    found = resolve(model("m", **cast("ModelOptions", {"use": f"{vendor}/x", **filled})))
    return call_to("https://x", How(stream=file.endswith(".sse")))._replace(model=found)


def decoded(name: str, size: int) -> list[ProviderEvent]:
    """Decode a file, `size` bytes at a time."""
    call = call_for(name)
    decoder = open_codec(call.model.api).decoder(call, stream=call.stream)
    data = (FOLDER / name).read_bytes()
    events: list[ProviderEvent] = []
    for start in range(0, len(data), size):
        events += decoder.feed(data[start : start + size])
    return [*events, *decoder.finish()]


def said(name: str, events: list[ProviderEvent]) -> Said:
    """Put the answer together as the flow does."""
    running = Running(1, 0, Permit(call_for(name).model, 0.0), 0.0)
    for event in events:
        if isinstance(event, Text | Reasoning | ReasoningEnd | ToolCallPart):
            running.take(0.0, event, 1)
    end = events[-1]
    assert isinstance(end, End)
    parts = judge(running, end, None, ANY).parts
    return Said(
        end.finish_reason,
        [one.usage for one in events if isinstance(one, UsageReport)][-1],
        "".join(one for one in parts if isinstance(one, str)),
        "".join(one.text for one in parts if isinstance(one, ReasoningBlock)),
        tuple((one.id, str(one.arguments["city"])) for one in parts if isinstance(one, ToolCall)),
    )


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("name", EXPECTED)
def test_recorded_answers(name: str, size: int) -> None:
    """Text, thoughts, calls, usage and end come out, however the network cuts the answer."""
    assert said(name, decoded(name, size)) == EXPECTED[name]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_an_error_inside_of_a_stream(size: int) -> None:
    """OpenRouter's error amid an answer is an error of the upstream, by its code."""
    with pytest.raises(AttemptError) as caught:
        decoded("openrouter/error.sse", size)
    assert caught.value.fault.kind == "server_error"


def test_details_go_back_whole() -> None:
    """OpenRouter's details are the same whether they came whole or in pieces."""
    kept = [
        json.loads(one.block.data)["reasoning_details"]
        for name in ("whole.json", "stream.sse")
        for one in decoded(f"openrouter/{name}", 1 << 20)
        if isinstance(one, ReasoningEnd)
    ]
    assert len(kept) == 2
    assert kept[0] == kept[1]
    assert kept[0][0]["signature"] == "c2lnMQ=="


def test_every_vendor_is_recorded() -> None:
    """Each vendor and server of a name has a whole answer, a stream, and a word on their source."""
    chats = {
        name for name in provider_names() if getattr(provider(name), "api", "") == "openai-chat"
    }
    assert {*VENDORS} == chats - NATIVE - {"openai-compatible", "infery-llm", "azure-deployments"}
    for vendor in VENDORS:
        files = {path.name for path in (FOLDER / vendor).iterdir()}
        assert {"whole.json", "stream.sse", "README.md"} <= files, vendor
        assert {f"{vendor}/whole.json", f"{vendor}/stream.sse"} <= EXPECTED.keys()
