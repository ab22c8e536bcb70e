"""From a call to a prompt: which template, what it is told of tools and shapes, and its tokens."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from llmroute.errors import AttemptError
from llmroute.providers.history import adapted
from llmroute.schemas.instructions import instructions
from llmroute.types.messages import Message, ToolCall, ToolResult

from .gbnf import Grammar
from .gbnf_scalars import ANSWER_SPACE
from .pieces import TEXT_ARGUMENTS
from .templates import LLAMA_2, Unfit, choose_template, render
from .tool_forms import (
    OWN,
    calls_rule,
    form_of,
    instruction,
    must_call,
    offered,
    openai_form,
    spelled_out,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmroute.types.calls import Call
    from llmroute.types.requests import Request

    from .header import Header
    from .loaded import Loaded
    from .pieces import Piece
    from .tool_forms import ToolForm
    from .vocabulary import Vocabulary

BYTES_PER_TOKEN = 256
"""No vocabulary has longer tokens; a prompt of more bytes than that is refused untokenized."""
FITTING = (
    frozenset[str](),
    frozenset({"merge_roles", "system_first", "user_first"}),
    frozenset({"merge_roles", "no_system", "user_first"}),
)
"""What templates may want of a conversation; the next is tried where one does not do."""
TOOL_TEMPLATE = "tokenizer.chat_template.tool_use"
"""The key of a file's own template for conversations with tools, where it has two."""


class Readable(Protocol):
    """What of a file it takes to lay a prompt out: a loaded model, or its vocabulary alone."""

    @property
    def header(self) -> Header:
        """What the file says of itself."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """Its tokens."""
        ...


class Prompt(NamedTuple):
    """What a model is given: its tokens, how it writes calls, and whether it thinks first.

    `inside` is True when the prompt itself opened the thoughts, None when the answer may.
    """

    tokens: list[int]
    form: ToolForm
    inside: bool | None


class _Way(NamedTuple):
    """One way of laying a conversation out."""

    messages: Sequence[Message]
    variables: dict[str, object]
    form: ToolForm


def prompted(call: Call, loaded: Loaded) -> Prompt:
    """Lay the request out by the model's template and tokenize it.

    Raises:
        AttemptError: kind "template", "bad_request", or "context_length" when it does not fit.
    """
    template = _template(call, loaded)
    pieces, form = _laid_out(call, template, loaded)
    size = sum(len(piece.text) for piece in pieces)
    if size > loaded.window * BYTES_PER_TOKEN:
        raise _too_long(call, f"{size} characters", loaded.window)
    tokens = loaded.vocabulary.encode(pieces)
    if len(tokens) >= loaded.window:
        raise _too_long(call, f"{len(tokens)} tokens", loaded.window)
    if not tokens:
        raise AttemptError("bad_request", "the prompt is empty")
    return Prompt(tokens, form, _thinking(call, template, pieces))


def count_prompt(call: Call, readable: Readable) -> int:
    """Tokens of the prompt that the request becomes, however long it is.

    Raises:
        AttemptError: kind "template" or "bad_request".
    """
    pieces, _ = _laid_out(call, _template(call, readable), readable)
    return len(readable.vocabulary.encode(pieces))


def _template(call: Call, loaded: Readable) -> str:
    weights = call.model.weights
    own = loaded.header.keys.get(TOOL_TEMPLATE) if _about_tools(call.request) else None
    own = own if isinstance(own, str) else loaded.header.template
    template = Unfit("no weights") if weights is None else choose_template(weights, own)
    if isinstance(template, Unfit):
        raise AttemptError("template", template.reason)
    return template


def _about_tools(request: Request) -> bool:
    """Whether tools are offered, or were called before."""
    parts = (part for message in request.messages for part in message.parts)
    return bool(offered(request)) or any(isinstance(one, ToolCall | ToolResult) for one in parts)


def _laid_out(call: Call, template: str, loaded: Readable) -> tuple[list[Piece], ToolForm]:
    """Try one way after another; templates differ in what they take.

    Raises:
        AttemptError: why the last way did not do.
    """
    problem = AttemptError("template", "there is no way to lay the conversation out")
    lay = partial(render, template, marks=loaded.vocabulary.marks, prefix=call.prefix)
    for way in _ways(call, template, loaded):
        try:
            return lay(way.messages, variables=way.variables), way.form
        except AttemptError as error:
            problem = AttemptError.of(error.fault)
    raise problem


def _ways(call: Call, template: str, loaded: Readable) -> Iterator[_Way]:
    """The ways of laying a conversation out, the best first."""
    request = call.request
    variables = _variables(request)
    told = _shape_told(request)
    if _about_tools(request) and template != LLAMA_2 and _takes_tools(template):
        tools = openai_form(offered(request))
        _check_unforged(tools, loaded)
        taught = variables | {"tools": tools or None}
        way = _Way(_instructed(adapted(call), told), taught, form_of(template))
        yield way
        yield way._replace(variables=taught | {TEXT_ARGUMENTS: True})
    told = "\n\n".join(filter(None, (instruction(request), told)))
    for quirks in FITTING:
        messages = spelled_out(adapted(call, quirks), callable_=bool(offered(request)))
        role = "user" if "no_system" in quirks else "system"
        yield _Way(_instructed(messages, told, role), variables, OWN)


def _takes_tools(template: str) -> bool:
    from .jinja_form import takes_tools

    return takes_tools(template)


def _variables(request: Request) -> dict[str, object]:
    """What templates of reasoning models ask for."""
    effort = request.reasoning
    if effort is None:
        return {}
    if effort == "none":
        return {"enable_thinking": False}
    return {"enable_thinking": True, "reasoning_effort": effort}


def _shape_told(request: Request) -> str:
    return "" if request.output is None else instructions(request.output)


def _instructed(messages: Sequence[Message], told: str, role: str = "system") -> Sequence[Message]:
    """Add what must be told to the system message, or to the first message of `role`."""
    if not told:
        return messages
    for at, message in enumerate(messages):
        if message.role == role:
            added = Message(message.role, (f"{message.text}\n\n{told}",))
            return (*messages[:at], added, *messages[at + 1 :])
    return (Message.system(told), *messages)


def _check_unforged(tools: list[dict[str, object]], loaded: Readable) -> None:
    """Refuse tools whose descriptions hold special tokens: the template's text is trusted."""
    forged = loaded.vocabulary.specials_in(json.dumps(tools, ensure_ascii=False, default=dict))
    if forged:
        reason = f"a tool's description holds {forged[0]!r}, a special token of the model"
        raise AttemptError("bad_request", reason)


def _thinking(call: Call, template: str, pieces: list[Piece]) -> bool | None:
    if "think>" not in template or call.prefix:
        return False
    if pieces[-1].trusted and pieces[-1].text.rstrip().endswith("<think>"):
        return True
    return False if grammar_of(call.request, OWN) else None


def grammar_of(request: Request, form: ToolForm) -> str | None:
    """The grammar that the answer keeps to; None when it is free.

    Raises:
        AttemptError: kind "bad_request" when no grammar says what a schema does.
    """
    if not must_call(request) and request.output is None:
        return None
    grammar = Grammar()
    roots: list[str] = []
    if offered(request):
        roots.append(calls_rule(grammar, form, request))
    if request.output is not None and not must_call(request):
        roots.append(grammar.value(request.output.schema))
    return grammar.text(f"{ANSWER_SPACE} ({' | '.join(roots)})")


def _too_long(call: Call, size: str, window: int) -> AttemptError:
    return AttemptError(
        "context_length",
        f"the prompt has {size}; the window of {call.model.name} is {window} tokens, and the "
        "answer needs at least one",
    )
