"""Calls of tools: put together, held against the tools that were offered, and told apart.

What a model said is in no sentence of a fault: neither arguments nor the name of an unknown tool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.schemas.kinds import BUGS, is_table
from llmroute.schemas.nulls import without_nulls
from llmroute.schemas.reading import parse
from llmroute.types.messages import ReasoningBlock, ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.events import End
    from llmroute.types.requests import Request
    from llmroute.types.tools import Tool

    from .running import Asked, Running


CUT = ("length", "content_filter")
"""Finish reasons of answers that did not come to their own end."""


def called(running: Running, end: End, request: Request | None) -> list[ToolCall]:
    """Make the calls of their pieces; raises AttemptError "bad_tool_call" for one that is none."""
    asked = [mark for _, mark in running.marks if not isinstance(mark, ReasoningBlock)]
    taken: set[str] = _ids(request) if asked else set()
    calls: list[ToolCall] = []
    for number, one in enumerate(asked):
        arguments = _fitting(one, end, request)
        call_id = one.id
        if not call_id or call_id in taken:  # also one that the conversation has already
            call_id = _new_id(f"call_{running.id}_{number}", taken)
        taken.add(call_id)
        dialect = None if one.signature is None else running.model.dialect
        calls.append(ToolCall(call_id, one.name, arguments, one.signature, dialect))
    return calls


def check_choice(running: Running, end: End, request: Request) -> None:
    """Hold an answer against `tool_choice`; raises AttemptError "bad_tool_call".

    A refusal, and an answer that was cut, are answers all the same.
    """
    choice, names = request.tool_choice, {asked.name for asked in running.asked.values()}
    if _is_kept(choice, names):
        return
    if choice == "none":
        raise AttemptError("bad_tool_call", 'the model asked for a tool despite tool_choice="none"')
    if not (end.refused or end.finish_reason in CUT):
        wanted = "a tool" if choice == "required" else f"the tool {choice!r}"
        raise AttemptError("bad_tool_call", f"the model did not ask for {wanted}, as it had to")


def _is_kept(choice: str, names: set[str]) -> bool:
    if choice in {"none", "required"}:
        return bool(names) == (choice == "required")
    return choice == "auto" or choice in names


def _ids(request: Request | None) -> set[str]:
    """The ids of the calls that the conversation has so far."""
    messages = () if request is None else request.messages
    return {call.id for message in messages for call in message.tool_calls}


def _new_id(stem: str, taken: set[str]) -> str:
    """An id that is not taken."""
    number, new = 0, stem
    while new in taken:
        number += 1
        new = f"{stem}_{number}"
    return new


def _fitting(asked: Asked, end: End, request: Request | None) -> Mapping[str, object]:
    """The arguments of a call; raises AttemptError "bad_tool_call" if it was not offered so."""
    try:
        return _offered(asked, request)
    except ValueError as error:
        cut = "the answer was cut at max_tokens: " if end.finish_reason == "length" else ""
        reason = f"{cut}{error}"
    raise AttemptError("bad_tool_call", reason)


def _offered(asked: Asked, request: Request | None) -> Mapping[str, object]:
    """The arguments of a call that was offered; this and the next two raise ValueError."""
    if request is None:
        return _arguments(asked, "a tool")
    tool = next((one for one in request.tools if one.name == asked.name), None)
    if tool is None:
        reason = "the model asked for a tool that was not offered"
        raise ValueError(reason if asked.name else f"{reason}: it has no name")
    return _checked(tool, _arguments(asked, repr(tool.name)))


def _arguments(asked: Asked, name: str) -> Mapping[str, object]:
    """Parse arguments; none at all, and null, are no arguments."""
    text = "".join(asked.arguments)
    problem = "they are no object"
    try:
        value = parse(text) if text.strip() else None
    except ValueError as error:
        value, problem = (), str(error)
    if value is None:
        return {}
    if is_table(value):
        return value
    raise ValueError(f"the arguments for {name} are broken: {problem}")


def _checked(tool: Tool, arguments: Mapping[str, object]) -> Mapping[str, object]:
    """Hold arguments against the tool; nulls may stand for what is left out."""
    problem = _problem(tool, arguments)
    if problem is None:
        return arguments
    pruned = without_nulls(tool.parameters, dict(arguments))
    if is_table(pruned) and pruned != arguments and _problem(tool, pruned) is None:
        return pruned
    raise ValueError(f"the arguments for {tool.name!r} do not fit: {problem}")


def _problem(tool: Tool, arguments: Mapping[str, object]) -> str | None:
    """What the tool's check says; a check that fails instead of saying so is a problem as well."""
    try:
        return None if tool.check is None else tool.check(arguments)
    except BUGS as error:
        return f"the check raised {type(error).__name__}"
