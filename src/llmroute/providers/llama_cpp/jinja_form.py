"""Jinja templates, rendered with stand-ins in the place of what people, models and tools say."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError
from llmroute.types.messages import ToolResult

from .pieces import TEXT_ARGUMENTS, Piece

if TYPE_CHECKING:
    from jinja2 import Template

    from llmroute.types.messages import Message, ToolCall

    from .pieces import Marks
    from .sandbox import BoundedEnvironment

EDGE = "\x1f"
"""White space that no template writes: where it is gone, the template trimmed the content."""
ESCAPED_EDGE = "\\u001f"
"""The same inside of JSON that the template writes."""
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
"""What is no content and a template may see: names of tools and of their parameters."""
Variables = Mapping[str, object]


class Needed(NamedTuple):
    """A text that stands in the prompt by a mark; `what` must not be left out, None may."""

    text: str
    what: str | None


class StandIns:
    """Unguessable marks, and the texts that they stand for."""

    def __init__(self) -> None:
        """Begin with none."""
        self._nonce = str(10**29 + int.from_bytes(os.urandom(12), "big"))  # 30 digits
        self._texts: list[Needed] = []

    def mark(self, text: str, what: str | None = None) -> str:
        """A mark for `text`; nothing for nothing."""
        if not text:
            return ""
        self._texts.append(Needed(text, what))
        return f"{EDGE}{self._nonce}{len(self._texts) - 1:06d}{EDGE}"

    def marked(self, value: object, what: str) -> object:
        """A value of JSON with marks for its texts."""
        if isinstance(value, str):
            return self.mark(value, what)
        if isinstance(value, Mapping):
            known = cast("Mapping[str, object]", value)
            return {self._name(key): self.marked(one, what) for key, one in known.items()}
        if isinstance(value, Sequence):
            return [self.marked(one, what) for one in cast("Sequence[object]", value)]
        return value

    def call(self, call: ToolCall, *, as_text: bool) -> dict[str, object]:
        """A tool call in OpenAI's form."""
        what = "argument of a tool call"
        arguments: object = (
            self.mark(json.dumps(dict(call.arguments), ensure_ascii=False), what)
            if as_text
            else self.marked(call.arguments, what)
        )
        function = {"name": self._name(call.name), "arguments": arguments}
        return {"id": self._name(call.id), "type": "function", "function": function}

    def _name(self, name: str) -> str:
        return name if NAME.match(name) else self.mark(name)

    def resolve(self, rendered: str) -> list[Piece]:
        """Take a rendered prompt apart; whatever a mark stands for is not trusted.

        Raises:
            AttemptError: kind "bad_request" when something is left out, "template" when the
                template changed what was said.
        """
        pieces: list[Piece] = []
        seen: set[int] = set()
        start = 0
        edge = f"(?:{EDGE}|(?<!\\\\)\\\\u001f)?"
        for found in re.finditer(f"({edge}){self._nonce}(\\d{{6}})({edge})", rendered):
            index = int(found[2])
            seen.add(index)
            text = _as_shown(self._texts[index].text, found[1], found[3])
            trusted = rendered[start : found.start()]
            pieces += [Piece(trusted, trusted=True), Piece(text, trusted=False)]
            start = found.end()
        pieces.append(Piece(rendered[start:], trusted=True))
        for index, (_, what) in enumerate(self._texts):
            if what is not None and index not in seen:
                raise AttemptError("bad_request", f"the chat template leaves out a {what}")
        return pieces

    def check_unchanged(self, pieces: list[Piece]) -> None:
        """Raise AttemptError "template" where a trace of a mark is left."""
        remains = "".join(piece.text for piece in pieces if piece.trusted)
        if any(trace in remains for trace in (EDGE, ESCAPED_EDGE, self._nonce)):
            reason = "the chat template changes what messages say, not only how"
            raise AttemptError("template", reason)


def _as_shown(text: str, left: str, right: str) -> str:
    """The text as the template shows it: trimmed where an edge is gone, escaped inside of JSON."""
    text = text if left else text.lstrip()
    text = text if right else text.rstrip()
    if ESCAPED_EDGE in {left, right}:
        return json.dumps(text, ensure_ascii=False)[1:-1]
    return text


def render_jinja(
    template: str, messages: Sequence[Message], marks: Marks, prefix: str, variables: Variables
) -> list[Piece]:
    """Render `messages` by a Jinja template, open behind `prefix` when there is one."""
    stand_ins = StandIns()
    as_text = TEXT_ARGUMENTS in variables
    turns = [turn for one in messages for turn in _turns(one, stand_ins, as_text=as_text)]
    if prefix:
        content = stand_ins.mark(prefix, "assistant message")
        turns.append({"role": "assistant", "content": content})
    own: dict[str, object] = {
        "messages": turns,
        "bos_token": marks.bos,
        "eos_token": marks.eos,
        "add_generation_prompt": not prefix,
    }
    pieces = stand_ins.resolve(_render_text(template, {**variables, **own}, len(turns)))
    if prefix:
        end = max(index for index, piece in enumerate(pieces) if not piece.trusted)
        pieces[end:] = [Piece(_open_end(pieces[end].text, prefix), trusted=False)]
    stand_ins.check_unchanged(pieces)
    return pieces


def _turns(message: Message, stand_ins: StandIns, *, as_text: bool) -> list[dict[str, object]]:
    """A message as templates take it; results of tools are a message each."""
    if message.role == "tool":
        return [_result(one, stand_ins) for one in message.parts if isinstance(one, ToolResult)]
    calls = [stand_ins.call(one, as_text=as_text) for one in message.tool_calls]
    what = None if calls else f"{message.role} message"  # often left out beside calls
    content = stand_ins.mark(message.text, what)
    turn: dict[str, object] = {"role": message.role, "content": content}
    return [turn | {"tool_calls": calls} if calls else turn]


def _result(result: ToolResult, stand_ins: StandIns) -> dict[str, object]:
    text = f"failed: {result.content}" if result.is_error else str(result.content)
    return {
        "role": "tool",
        "name": result.name if NAME.match(result.name) else "tool",
        "tool_call_id": result.call_id if NAME.match(result.call_id) else "call",
        "content": stand_ins.mark(text, "result of a tool"),
    }


def _open_end(shown: str, prefix: str) -> str:
    """Keep the white space at the end of `prefix`: the answer goes on right behind it."""
    return prefix.lstrip() if shown == prefix.strip() else prefix


def takes_tools(template: str) -> bool:
    """Whether a template writes tools, and calls of them, in the form that its model learned.

    Raises:
        AttemptError: kind "template" when it is no Jinja.
    """
    return "tool_calls" in template and "tools" in variables_of(template)


@lru_cache(maxsize=32)
def variables_of(template: str) -> frozenset[str]:
    """What a template asks for and does not set itself.

    Raises:
        AttemptError: kind "template" when it is no Jinja.
    """
    from jinja2.exceptions import TemplateError
    from jinja2.meta import find_undeclared_variables

    try:
        environment, _ = _compiled(template)
        return frozenset(find_undeclared_variables(environment.parse(template)))
    except (TemplateError, RecursionError) as problem:
        reason = f"the chat template does not render: {type(problem).__name__}"
    raise AttemptError("template", reason)


def _render_text(template: str, variables: dict[str, object], messages: int) -> str:
    from jinja2.exceptions import TemplateError

    from .sandbox import BASE_BUDGET, BUDGET_PER_MESSAGE, RaisedError

    try:
        environment, compiled = _compiled(template)
        budget = BASE_BUDGET + BUDGET_PER_MESSAGE * messages
        return environment.render(compiled, variables, budget)
    except RaisedError as problem:
        kind, reason = "bad_request", f"the chat template refuses the conversation: {problem}"
    except TemplateError as problem:
        kind, reason = "template", f"the chat template does not render: {problem}"
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as problem:
        kind, reason = "template", f"the chat template does not render: {type(problem).__name__}"
    raise AttemptError(kind, reason)


@lru_cache(maxsize=32)
def _compiled(template: str) -> tuple[BoundedEnvironment, Template]:
    from .sandbox import MAX_SOURCE_CHARACTERS, BoundedEnvironment

    if len(template) > MAX_SOURCE_CHARACTERS:
        raise AttemptError("template", f"the chat template has {len(template)} characters")
    environment = BoundedEnvironment()
    return environment, environment.from_string(template)
