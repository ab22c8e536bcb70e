"""Calls of codecs that are not OpenAI's, and what was recorded by hand of their answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError
from llmroute.providers import open_codec
from llmroute.types.messages import Message
from llmroute.types.models import SAMPLING_NAMES
from llmroute.types.requests import Request
from llmroute.types.tools import OutputSpec, Tool
from tests.providers.calls import PLAINLY, call_to

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.requests import ReasoningEffort

RECORDED = Path(__file__).parent / "recorded"
URL = "https://api.example.com/v1"
HELLO = Request((Message.user("Hello"),))
EVERYTHING = frozenset({"text", "vision", "documents", "tools", "json", "schema", "reasoning"})
SHAPE = OutputSpec(
    "city",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    json.loads,
)
WEATHER = Tool(
    "weather",
    "Weather now, by city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


class Native(NamedTuple):
    """What differs between models of an API."""

    api: str
    stream: bool = False
    abilities: frozenset[str] = EVERYTHING
    quirks: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset(SAMPLING_NAMES)
    rejects: frozenset[str] = frozenset()
    cache: str | None = None
    max_output_tokens: int | None = None
    prefix: str = ""
    key_header: str = "authorization"

    def call(self, request: Request = HELLO, url: str = URL) -> Call:
        """Make a call of such a model."""
        how = PLAINLY._replace(
            api=self.api, stream=self.stream, parameters=self.parameters, prefix=self.prefix
        )
        call = call_to(url, how, request)
        assert call.model.endpoint is not None
        endpoint = replace(
            call.model.endpoint,
            quirks=self.quirks,
            rejects_when_reasoning=self.rejects,
            key_header=self.key_header,
            key_prefix="Bearer " if self.key_header == "authorization" else "",
        )
        model = replace(
            call.model,
            endpoint=endpoint,
            abilities=self.abilities,
            cache=self.cache,
            max_output_tokens=self.max_output_tokens,
        )
        return call._replace(model=model)

    def body(self, request: Request = HELLO) -> dict[str, object]:
        """Write a request's body."""
        written = open_codec(self.api).encode(self.call(request))
        return cast("dict[str, object]", json.loads(written.content))

    def decode(self, *chunks: bytes, request: Request = HELLO) -> list[ProviderEvent]:
        """Decode an answer that comes in `chunks`."""
        decoder = open_codec(self.api).decoder(self.call(request), stream=self.stream)
        return [*(event for chunk in chunks for event in decoder.feed(chunk)), *decoder.finish()]

    def outcome(self, *chunks: bytes, request: Request = HELLO) -> list[ProviderEvent] | str:
        """Decode likewise; the kind of the fault where there is one."""
        try:
            return self.decode(*chunks, request=request)
        except AttemptError as error:
            return error.fault.kind


def asking(effort: ReasoningEffort | None = None, request: Request = HELLO) -> Request:
    """Ask for an effort."""
    return replace(request, reasoning=effort)


def recorded(name: str) -> bytes:
    """Read a recorded answer."""
    return (RECORDED / name).read_bytes()
