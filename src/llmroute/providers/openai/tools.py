"""Tools in requests of both OpenAI APIs: what may be asked for, was asked, and came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.tools import TOOL_CHOICES

from ..bodies import endpoint_of

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.messages import ToolCall, ToolResult
    from llmroute.types.tools import Tool

    from ..shapes import Json


def chat_tools(call: Call) -> Json:
    """The fields of chat completions that offer the call's tools; none without tools."""
    tools: list[Json] = [
        {"type": "function", "function": _function(call, one)} for one in call.request.tools
    ]
    name = call.request.tool_choice
    return _offered(call, tools, {"type": "function", "function": {"name": name}})


def response_tools(call: Call) -> Json:
    """The same fields of the Responses API, which has them flat; `strict` must be said there."""
    plain: Json = {"type": "function", "strict": False}
    tools = [plain | _function(call, one) for one in call.request.tools]
    return _offered(call, tools, {"type": "function", "name": call.request.tool_choice})


def arguments_of(asked: ToolCall) -> str:
    """The arguments of a call that was made, as JSON."""
    return json.dumps(dict(asked.arguments), separators=(",", ":"), ensure_ascii=False)


def result_of(result: ToolResult) -> str:
    """What a tool gave; that it failed stands in words, for the API has no field for it."""
    return f"Error: {result.content}" if result.is_error else str(result.content)


def _offered(call: Call, tools: list[Json], named: Json) -> Json:
    """The tools, and the choice among them where it is not left to the model.

    Raises AttemptError "bad_request" when the model cannot be made to call one.
    """
    choice = call.request.tool_choice
    if not tools:
        return {}
    if choice == "auto":
        return {"tools": tools}
    if choice != "none" and "no_forced_tools" in endpoint_of(call).quirks:
        reason = "the model cannot be made to call a tool: leave tool_choice at auto"
        raise AttemptError("bad_request", reason)
    if choice in TOOL_CHOICES:
        return {"tools": tools, "tool_choice": choice}
    if "no_named_tools" in endpoint_of(call).quirks:
        place = [tool.name for tool in call.request.tools].index(choice)
        return {"tools": [tools[place]], "tool_choice": "required"}
    return {"tools": tools, "tool_choice": named}


def _function(call: Call, tool: Tool) -> Json:
    """A tool; a server that can holds the model to its parameters, where they have such a form."""
    function: Json = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    strict = _strict(tool) if "schema" in call.model.abilities else None
    if strict is None:
        return function | {"parameters": dict(tool.parameters)}
    return function | {"parameters": strict, "strict": True}


def _strict(tool: Tool) -> Json | None:
    from llmroute.schemas.strict import strict_schema  # plain text loads no schemas

    return strict_schema(tool.parameters)
