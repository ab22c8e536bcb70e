"""A prompt in pieces: what the template says, and what people said."""

from __future__ import annotations

from typing import NamedTuple

TEXT_ARGUMENTS = "arguments_as_text"
"""Among a template's variables: it wants the arguments of calls as text, not as objects."""


class Piece(NamedTuple):
    """A piece of a prompt; `trusted` text is the template's own and may hold special tokens."""

    text: str
    trusted: bool


class Marks(NamedTuple):
    """The texts of the vocabulary's own begin and end tokens; empty when it has none."""

    bos: str
    eos: str
