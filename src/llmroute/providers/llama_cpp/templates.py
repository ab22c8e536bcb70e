"""From messages to a prompt in pieces: what the template says, and what people said.

The two are kept apart so that the tokenizer may read special tokens in the template's text only.
The LLaMA-2 format is that of facebookresearch/llama, llama/generation.py.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError
from llmroute.errors.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template

    from llmroute.types.messages import Message
    from llmroute.types.models import Weights

    from .sandbox import BoundedEnvironment

LLAMA_2 = "llama-2"
KNOWN_TEMPLATES: dict[str, str | None] = {
    LLAMA_2: None,  # written out below, byte for byte
    "chatml": (
        "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content "
        "+ '<|im_end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
}
EDGE = "\x1f"
"""White space that no template writes: where it is gone, the template trimmed the content."""
ESCAPED_EDGE = "\\u001f"


class Piece(NamedTuple):
    """A piece of a prompt; `trusted` text is the template's own and may hold special tokens."""

    text: str
    trusted: bool


class Marks(NamedTuple):
    """The texts of the vocabulary's own begin and end tokens; empty when it has none."""

    bos: str
    eos: str


class Unfit(NamedTuple):
    """Why no template can be used."""

    reason: str


def choose_template(weights: Weights, own: str | None) -> str | Unfit:
    """Choose "llama-2" or a Jinja text: the policy's, else the file's own, else the catalog's."""
    template = weights.template or own or weights.catalog_template
    if template is None:
        return Unfit(
            f"{weights.file} holds no chat template, so it may be a base model that cannot chat; "
            'set template = "llama-2" (or another) for this model in the policy'
        )
    if "{" in template:
        return template
    known = KNOWN_TEMPLATES.get(template, "")
    if known == "":
        hint = nearest(template, KNOWN_TEMPLATES)
        return Unfit(f"no template is named {template!r}. {hint}; a Jinja text is taken as well")
    return known or LLAMA_2


def render(
    template: str, messages: Sequence[Message], marks: Marks, prefix: str = ""
) -> list[Piece]:
    """Lay `messages` out for the model, up to where its answer, or its `prefix`, goes on.

    Raises:
        AttemptError: kind "template" when the template is broken, "bad_request" when it does not
            take this conversation.
    """
    turns: list[tuple[str, str]] = [(message.role, message.text) for message in messages]
    if prefix:
        turns.append(("assistant", prefix))
    form = _render_llama_2 if template == LLAMA_2 else partial(_render_jinja, template)
    return [piece for piece in form(turns, marks, open_end=bool(prefix)) if piece.text]


def _render_llama_2(turns: list[tuple[str, str]], marks: Marks, *, open_end: bool) -> list[Piece]:
    with_system = turns[:1] and turns[0][0] == "system"
    said = turns[1:] if with_system else turns
    _check_turns(said, open_end=open_end)
    pieces: list[Piece] = []
    for position, (role, text) in enumerate(said):
        content = [Piece(text, trusted=False)]
        if with_system and position == 0:
            content = _with_system(turns[0][1], content)
        pieces += _llama_2_turn(role, _stripped(content), marks)
    if open_end:
        pieces[-2:] = [Piece(said[-1][1].lstrip(), trusted=False)]
    return pieces


def _llama_2_turn(role: str, content: list[Piece], marks: Marks) -> list[Piece]:
    start, end = (f"{marks.bos}[INST] ", " [/INST]") if role == "user" else (" ", f" {marks.eos}")
    return [Piece(start, trusted=True), *content, Piece(end, trusted=True)]


def _check_turns(said: list[tuple[str, str]], *, open_end: bool) -> None:
    roles = [role for role, _ in said]
    if roles != ["user" if at % 2 == 0 else "assistant" for at in range(len(roles))] or (
        len(roles) % 2 == open_end
    ):
        raise AttemptError(
            "bad_request",
            "the LLaMA-2 format takes one system message at most, then user and assistant in turn, "
            "the user last",
        )


def _with_system(system: str, content: list[Piece]) -> list[Piece]:
    return [
        Piece("<<SYS>>\n", trusted=True),
        Piece(system, trusted=False),
        Piece("\n<</SYS>>\n\n", trusted=True),
        *content,
    ]


def _stripped(pieces: list[Piece]) -> list[Piece]:
    """Strip the pieces as one text, as Meta's reference does."""
    first, last = pieces[0], pieces[-1]
    if first is last:
        return [Piece(first.text.strip(), first.trusted)]
    ended = Piece(last.text.rstrip(), last.trusted)
    if not ended.text:  # nothing but the system message: the strip reaches into the border
        return [*pieces[:-2], Piece(pieces[-2].text.rstrip(), pieces[-2].trusted)]
    return [*pieces[:-1], ended]


def _render_jinja(
    template: str, turns: list[tuple[str, str]], marks: Marks, *, open_end: bool
) -> list[Piece]:
    nonce = str(10**29 + int.from_bytes(os.urandom(12), "big"))  # 30 digits
    variables: dict[str, object] = {
        "messages": _stand_ins(turns, nonce),
        "bos_token": marks.bos,
        "eos_token": marks.eos,
        "add_generation_prompt": not open_end,
    }
    rendered = _render_text(template, variables, len(turns))
    pieces, seen = _split(rendered, nonce, [text for _, text in turns])
    for index, (role, text) in enumerate(turns):
        if text and index not in seen:
            raise AttemptError("bad_request", f"the chat template leaves out a {role} message")
    if open_end:
        end = max(index for index, piece in enumerate(pieces) if not piece.trusted)
        pieces[end:] = [Piece(_open_end(pieces[end].text, turns[-1][1]), trusted=False)]
    _check_unchanged(pieces, nonce)
    return pieces


def _stand_ins(turns: list[tuple[str, str]], nonce: str) -> list[dict[str, str]]:
    """The messages with unguessable marks in the place of what they say."""
    return [
        {"role": role, "content": f"{EDGE}{nonce}{index:06d}{EDGE}" if text else ""}
        for index, (role, text) in enumerate(turns)
    ]


def _check_unchanged(pieces: list[Piece], nonce: str) -> None:
    remains = "".join(piece.text for piece in pieces if piece.trusted)
    if any(trace in remains for trace in (EDGE, ESCAPED_EDGE, nonce)):
        raise AttemptError("template", "the chat template changes what messages say, not only how")


def _open_end(shown: str, prefix: str) -> str:
    """Keep the white space at the end of `prefix`: the answer goes on right behind it."""
    return prefix.lstrip() if shown == prefix.strip() else prefix


def _split(rendered: str, nonce: str, texts: list[str]) -> tuple[list[Piece], set[int]]:
    pieces: list[Piece] = []
    seen: set[int] = set()
    start = 0
    for found in re.finditer(f"({EDGE}?){nonce}(\\d{{6}})({EDGE}?)", rendered):
        index = int(found[2])
        seen.add(index)
        text = texts[index]
        text = text if found[1] else text.lstrip()
        text = text if found[3] else text.rstrip()
        pieces += [Piece(rendered[start : found.start()], trusted=True), Piece(text, trusted=False)]
        start = found.end()
    return [*pieces, Piece(rendered[start:], trusted=True)], seen


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
