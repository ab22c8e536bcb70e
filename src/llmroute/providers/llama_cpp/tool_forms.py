"""How models write calls of tools: the form that their templates teach, or one of our own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from llmroute.providers.tool_turns import spoken_call, spoken_result
from llmroute.types.messages import Message, ToolCall, ToolResult

from .gbnf_scalars import literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.requests import Request
    from llmroute.types.tools import Tool

    from .gbnf import Grammar

MOST_CALLS = 8
"""Calls in one answer that must call; models that repeat themselves would never end."""


class ToolForm(NamedTuple):
    """A call as text: `opening`, the name, `middle`, the arguments, `closing`.

    `several` says whether one answer may hold more than one call.
    """

    opening: str
    middle: str
    closing: str
    several: bool = False


HERMES = ToolForm('<tool_call>\n{"name": "', '", "arguments": ', "}\n</tool_call>", several=True)
LLAMA_3 = ToolForm('{"name": "', '", "parameters": ', "}")
PLAIN = ToolForm('{"name": "', '", "arguments": ', "}")
OWN = ToolForm('{"tool": "', '", "arguments": ', "}")


def form_of(template: str) -> ToolForm:
    """The form that a template with tools teaches, told by its own words."""
    if "<tool_call>" in template:
        return HERMES
    return LLAMA_3 if '"parameters"' in template else PLAIN


def offered(request: Request) -> tuple[Tool, ...]:
    """The tools that the model may call in this answer."""
    if request.tool_choice == "none":
        return ()
    if request.tool_choice in {"auto", "required"}:
        return request.tools
    return tuple(one for one in request.tools if one.name == request.tool_choice)


def must_call(request: Request) -> bool:
    """Whether the answer has to be a call."""
    return bool(request.tools) and request.tool_choice not in {"auto", "none"}


def calls_rule(grammar: Grammar, form: ToolForm, request: Request) -> str:
    """Add the rules of calls that the request allows; returns the name of the first.

    Raises:
        AttemptError: kind "bad_request" when no grammar says what the parameters of a tool do.
    """
    calls = [
        f"{literal(form.opening + tool.name + form.middle)} {grammar.value(tool.parameters)} "
        f"{literal(form.closing)}"
        for tool in offered(request)
    ]
    call = grammar.add(" | ".join(calls))
    if form.several and request.tool_choice in {"auto", "required"}:
        return grammar.add(f'{call} ("\\n" {call}){{0,{MOST_CALLS - 1}}}')
    return call


def openai_form(tools: Iterable[Tool]) -> list[dict[str, object]]:
    """Tools as OpenAI's API, and so every template, takes them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            },
        }
        for tool in tools
    ]


def instruction(request: Request) -> str:
    """Tell a model whose template knows no tools what it may call, and how; empty for no tools."""
    tools = [
        {"tool": one.name, "description": one.description, "parameters": one.parameters}
        for one in offered(request)
    ]
    if not tools:
        return ""
    listed = json.dumps(tools, ensure_ascii=False, separators=(",", ":"), default=dict)
    when = "Call one now" if must_call(request) else "If you need one, call it"
    return (
        f"You have these tools: {listed}\n{when}: answer with nothing but JSON in this form: "
        '{"tool": "its name", "arguments": {...}}'
    )


def spelled_out(messages: tuple[Message, ...], *, callable_: bool) -> tuple[Message, ...]:
    """Write calls and results as text, for templates that know none; roles keep taking turns.

    Where tools are `callable_`, calls stand in the form that the model is to use.
    """
    if all(isinstance(part, str) for message in messages for part in message.parts):
        return messages
    told = [_all_told(message, callable_=callable_) for message in messages]
    merged = told[:1]
    for message in told[1:]:
        if merged[-1].role == message.role:
            both = f"{merged.pop().text}\n\n{message.text}"
            merged.append(Message(message.role, (both,)))
        else:
            merged.append(message)
    return tuple(merged)


def _all_told(message: Message, *, callable_: bool) -> Message:
    texts = [_told(part, callable_=callable_) for part in message.parts]
    role = "user" if message.role == "tool" else message.role
    return Message(role, ("\n".join(filter(None, texts)),))


def _told(part: object, *, callable_: bool) -> str:
    if isinstance(part, ToolResult):
        return spoken_result(part)
    if not isinstance(part, ToolCall):
        return part if isinstance(part, str) else ""
    if not callable_:
        return spoken_call(part)
    call = {"tool": part.name, "arguments": dict(part.arguments)}
    return json.dumps(call, ensure_ascii=False, default=dict)
