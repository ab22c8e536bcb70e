"""From messages to a prompt in pieces: what the template says, and what people said.

The two are kept apart so that the tokenizer may read special tokens in the template's text only.
The LLaMA-2 format is that of facebookresearch/llama, llama/generation.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError
from llmroute.errors.problems import nearest

from .pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.messages import Message
    from llmroute.types.models import Weights

    from .jinja_form import Variables
    from .pieces import Marks

LLAMA_2 = "llama-2"
KNOWN_TEMPLATES: dict[str, str | None] = {
    LLAMA_2: None,  # written out below, byte for byte
    "chatml": (
        "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content "
        "+ '<|im_end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
}


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
    template: str,
    messages: Sequence[Message],
    marks: Marks,
    prefix: str = "",
    variables: Variables | None = None,
) -> list[Piece]:
    """Lay `messages` out for the model, up to where its answer, or its `prefix`, goes on.

    `variables` are what a Jinja template is given besides (tools, for one); parts of messages that
    are no text count only there.

    Raises:
        AttemptError: kind "template" when the template is broken, "bad_request" when it does not
            take this conversation.
    """
    if template == LLAMA_2:
        pieces = _render_llama_2(messages, marks, prefix)
    else:
        from .jinja_form import render_jinja

        pieces = render_jinja(template, messages, marks, prefix, variables or {})
    return [piece for piece in pieces if piece.text]


def _render_llama_2(messages: Sequence[Message], marks: Marks, prefix: str) -> list[Piece]:
    turns: list[tuple[str, str]] = [(message.role, message.text) for message in messages]
    turns += [("assistant", prefix)] if prefix else []
    return _llama_2_pieces(turns, marks, open_end=bool(prefix))


def _llama_2_pieces(turns: list[tuple[str, str]], marks: Marks, *, open_end: bool) -> list[Piece]:
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
