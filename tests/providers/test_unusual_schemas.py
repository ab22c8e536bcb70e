"""What each wire makes of shapes that hold themselves, or are deeper than strict schemas may be.

Published limits: OpenAI's strict schemas have 10 levels, Anthropic's never hold themselves, and
Gemini's do only within properties that may be left out.
https://developers.openai.com/api/docs/guides/structured-outputs
https://platform.claude.com/docs/en/build-with-claude/structured-outputs
https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from llmroute.catalog import model, resolve
from llmroute.providers import open_codec
from llmroute.schemas.limits import loops
from llmroute.schemas.outputs import output_spec
from llmroute.schemas.strict import strict_schema
from llmroute.types.abilities import lacking
from llmroute.types.messages import Message
from llmroute.types.requests import Request
from tests.providers.calls import call_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schema = Mapping[str, Any]


def of(properties: Schema, required: list[str]) -> Schema:
    """A closed object."""
    fields: Schema = {"type": "object", "properties": properties, "required": required}
    return {**fields, "additionalProperties": False}


def nested(levels: int) -> Schema:
    """Objects inside each other."""
    inner: Schema = {"type": "string"}
    for _ in range(levels):
        inner = of({"c": inner}, ["c"])
    return inner


LIST: Schema = {"type": "array", "items": {"$ref": "#"}}
TREE = of({"branches": LIST}, ["branches"])
BUSH = of({"branches": LIST}, [])
DEEP = nested(30)


def body(use: str, schema: Schema) -> dict[str, Any]:
    """What the model is sent that is asked for this shape; it must not be refused."""
    request = Request((Message.user("Grow."),), output=output_spec(schema))
    found = resolve(model("m", use=use))
    assert lacking(request, found) is None
    call = call_to("https://x", request=request)._replace(model=found)
    written: dict[str, Any] = json.loads(open_codec(found.api).encode(call).content)
    return written


@pytest.mark.parametrize("use", ["mistral/x", "vllm/x", "openai/gpt-6.1-terra"])
def test_openai(use: str) -> None:
    """A shape may hold itself in strict mode; a deep one is sent as it is, and not strict."""
    for schema, strict in ((TREE, True), (DEEP, False)):
        sent = body(use, schema)
        form = sent["text"]["format"] if "text" in sent else sent["response_format"]["json_schema"]
        assert form["schema"] == schema
        assert form["strict"] is strict
        assert (strict_schema(schema) is not None) is strict


@pytest.mark.parametrize("schema", [TREE, DEEP])
def test_words(schema: Schema) -> None:
    """A model with JSON mode alone is told any shape in words."""
    sent = body("groq/x", schema)
    assert sent["response_format"] == {"type": "json_object"}
    assert json.dumps(schema, separators=(",", ":")) in sent["messages"][0]["content"]


@pytest.mark.parametrize("use", ["anthropic/claude-haiku-4-5", "anthropic/claude-opus-5-5"])
def test_anthropic(use: str) -> None:
    """A shape that holds itself is the input of a tool, forced if it can be; others are held to."""
    sent = body(use, TREE)
    assert sent["tools"][0]["input_schema"] == TREE
    assert "format" not in sent.get("output_config", {})
    assert ("tool_choice" in sent) is ("haiku" in use)
    assert body(use, DEEP)["output_config"]["format"]["type"] == "json_schema"


def test_gemini() -> None:
    """A shape that must hold itself is told in words, in JSON mode; others are held to."""
    for schema, held in ((TREE, False), (BUSH, True), (DEEP, True)):
        sent = body("gemini/gemini-2.5-flash", schema)
        config = sent["generationConfig"]
        assert config["responseMimeType"] == "application/json"
        assert config.get("responseJsonSchema") == (schema if held else None)
        assert ("systemInstruction" in sent) is not held


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (TREE, True),
        (BUSH, False),
        (DEEP, False),
        (of({"a": {"$ref": "#/$defs/a"}}, ["a"]), False),
        ({**of({"a": {"$ref": "#/$defs/a"}}, []), "$defs": {"a": TREE}}, False),
        ({**of({"a": {"$ref": "#/$defs/a"}}, ["a"]), "$defs": {"a": of({"b": LIST}, ["b"])}}, True),
        ({"type": "object", "additionalProperties": {"$ref": "#"}}, True),
        (of({"a": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, ["a"]), True),
    ],
)
def test_loops(schema: Schema, expected: bool) -> None:
    """A loop is a way back to a schema without a property that may be left out."""
    assert loops(schema) is expected
