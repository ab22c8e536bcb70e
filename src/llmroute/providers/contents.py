"""All that the caller said in a request, wherever it stands: what no error may repeat."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from llmroute.types.messages import Document, Image, ReasoningBlock, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llmroute.types.calls import Call
    from llmroute.types.messages import Message, Part
    from llmroute.types.requests import Request

TOLD = frozenset({"title", "description", "pattern"})
"""What of a schema is words of the caller."""
VALUES = frozenset({"const", "enum", "default", "examples"})
NAMED = frozenset({"properties", "$defs", "definitions", "patternProperties"})


def texts_of(call: Call) -> Iterator[str]:
    """Every text of a call: messages, tools, the shape of the answer, extra fields, texts."""
    request = call.request
    for message in request.messages:
        yield from _said(message)
    yield from request.texts or ()
    yield call.prefix
    yield from _strings(request.extra_body)
    yield from request.extra_headers.values()
    for schema in _schemas(request):
        told: list[str] = []
        yield from _schema_words(schema, told)
        yield "\n".join(told)
    yield from (tool.description for tool in request.tools)


def data_of(call: Call) -> Iterator[bytes]:
    """The bytes of every image and document."""
    for message in call.request.messages:
        for part in message.parts:
            if isinstance(part, Image | Document) and part.data is not None:
                yield part.data


def _said(message: Message) -> Iterator[str]:
    """All words of a message: its text, what tools were asked and gave, what was thought."""
    yield message.text
    for part in message.parts:
        yield from _words(part)


def _words(part: Part) -> Iterator[str]:
    if isinstance(part, Image | Document):
        yield part.url or ""
        yield getattr(part, "name", None) or ""
    elif isinstance(part, ToolResult):
        yield str(part.content)
    elif isinstance(part, ReasoningBlock):
        yield part.text
    elif isinstance(part, ToolCall):
        yield f"{part.name} {json.dumps(dict(part.arguments), ensure_ascii=False, default=str)}"


def _schemas(request: Request) -> Iterator[object]:
    yield from (tool.parameters for tool in request.tools)
    if request.output is not None:
        yield request.output.schema


def _strings(value: object) -> Iterator[str]:
    """The strings in a value of JSON, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting += cast("Mapping[str, object]", one).values()
        elif isinstance(one, list | tuple):
            waiting += cast("list[object]", one)


def _schema_words(schema: object, told: list[str]) -> Iterator[str]:
    """The values that a schema lists; adds its names and descriptions to `told`.

    Names count together alone: a short one, such as "temperature", is found in anything.
    """
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple):
            waiting += cast("list[object]", one)
        elif isinstance(one, Mapping):
            for name, value in cast("Mapping[str, object]", one).items():
                if name in VALUES:
                    yield from _strings(value)
                else:
                    told += _told(name, value)
                    waiting.append(value)


def _told(name: str, value: object) -> Iterable[str]:
    """What a keyword of a schema says in the caller's words."""
    if name in TOLD:
        return _strings(value)
    named = name in NAMED and isinstance(value, Mapping)
    return map(str, cast("Mapping[str, object]", value)) if named else ()
