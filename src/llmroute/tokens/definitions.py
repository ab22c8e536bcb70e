"""Tools as the text that OpenAI's models are shown: a namespace of TypeScript-like types.

The form is not published. It was found out by comparing counts (github.com/hmarr/openai-chat-tokens
and LiteLLM 1.109 reckon with it), so that what is counted by it is an estimate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmroute.types.tools import Tool

TOKENS_OF_TOOLS = 9
"""What stands around the definitions."""
LESS_WITH_SYSTEM = 4
"""A system message, if there is one, stands in the same place."""
DEEPEST = 16


def rendered(tools: Sequence[Tool]) -> str:
    """The definitions as one text."""
    lines = ["namespace functions {", ""]
    for tool in tools:
        if tool.description:
            lines.append(f"// {tool.description}")
        members = list(_members(tool.parameters, 0))
        if members:
            lines += [f"type {tool.name} = (_: {{", *members, "}) => any;", ""]
        else:
            lines += [f"type {tool.name} = () => any;", ""]
    return "\n".join([*lines, "} // namespace functions"])


def _members(schema: Mapping[str, object], depth: int) -> Iterator[str]:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping):
        return
    needed = cast("list[object]", required) if isinstance(required, list | tuple) else ()
    for name, value in cast("Mapping[str, object]", properties).items():
        member = cast("Mapping[str, object]", value) if isinstance(value, Mapping) else NOTHING
        described = member.get("description")
        if described and depth < 2:  # noqa: PLR2004 - deeper ones are left out
            yield f"// {described}"
        mark = "" if name in needed else "?"
        yield f"{name}{mark}: {_type(member, depth)},"


KINDS = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "null": "null",
}
NOTHING: Mapping[str, object] = {}


def _type(schema: Mapping[str, object], depth: int) -> str:
    """How a type is written."""
    options = schema.get("enum")
    if isinstance(options, list | tuple):
        return " | ".join(json.dumps(one, default=str) for one in cast("list[object]", options))
    kind = schema.get("type")
    if depth >= DEEPEST:
        return "any"
    if kind == "object":
        return "\n".join(["{", *_members(schema, depth + 1), "}"])
    if kind != "array":
        return KINDS.get(str(kind), "any")
    items = schema.get("items")
    known = cast("Mapping[str, object]", items) if isinstance(items, Mapping) else NOTHING
    return f"{_type(known, depth + 1)}[]"
