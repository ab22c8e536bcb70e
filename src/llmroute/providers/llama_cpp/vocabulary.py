"""Text to tokens and back, so that nobody but the template can write a special token."""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING, NamedTuple

from .bindings import (
    TOKEN_CONTROL,
    TOKEN_LSTRIP,
    TOKEN_RSTRIP,
    TOKEN_UNKNOWN,
    TOKEN_USER_DEFINED,
)
from .pieces import Marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeGuard

    from .bindings import Handle, Library
    from .pieces import Piece

PIECE_BYTES = 512


class Vocabulary:
    """The tokens of a loaded model; it may be used from any thread while the model lives."""

    def __init__(self, library: Library, handle: Handle) -> None:
        """Wrap a vocabulary; `handle` is that of a loaded model."""
        self._library = library
        self.handle = handle
        self._tokenize = library.llama_tokenize
        self._pieces: dict[int, bytes] = {}
        bos, eos = library.llama_vocab_bos(handle), library.llama_vocab_eos(handle)
        self._bos = bos if bos >= 0 and library.llama_vocab_get_add_bos(handle) else None
        self.marks = Marks(self.text(bos), self.text(eos))
        sample = self.tokenize("a", special=False)
        self._adds_space = bool(sample) and self.bytes_of(sample[0]).startswith(b" ")

    def text(self, token: int) -> str:
        """How a token is written in the vocabulary; empty for a token that does not exist."""
        if token < 0:
            return ""
        return self._library.llama_vocab_get_text(self.handle, token).decode("utf-8", "replace")

    def attributes(self, token: int) -> int:
        """The bits that say whether a token is a control token and what it strips."""
        return self._library.llama_vocab_get_attr(self.handle, token)

    def specials_in(self, text: str) -> list[str]:
        """The special tokens that the tokenizer would read in a text it trusts."""
        wanted = TOKEN_CONTROL | TOKEN_UNKNOWN | TOKEN_USER_DEFINED
        found = [one for one in self.tokenize(text, special=True) if self.attributes(one) & wanted]
        written = [self.text(token) for token in found]
        return [one for one in written if one in text and any(map(str.isalpha, one))]

    def is_end(self, token: int) -> bool:
        """Whether the answer is complete at this token."""
        return self._library.llama_vocab_is_eog(self.handle, token)

    def tokenize(self, text: str, *, special: bool, whole: bool = False) -> list[int]:
        """Tokenize one text; `special` reads special tokens in it.

        `whole` adds what the model wants before and behind a text (BOS, for one).
        """
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        while True:
            buffer = (ctypes.c_int32 * size)()
            count = self._tokenize(self.handle, data, len(data), buffer, size, whole, special)
            if count >= 0:
                return buffer[:count]
            size = -count

    def bytes_of(self, token: int, *, first: bool = False) -> bytes:
        """What a token adds to an answer; nothing for special tokens.

        `first` leaves out the space that SentencePiece puts before a text.
        """
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._render(token, PIECE_BYTES)
        return known[1:] if first and self._adds_space and known.startswith(b" ") else known

    def _render(self, token: int, size: int) -> bytes:
        buffer = ctypes.create_string_buffer(size)
        count = self._library.llama_token_to_piece(self.handle, token, buffer, size, 0, False)  # noqa: FBT003
        return buffer.raw[:count] if count >= 0 else self._render(token, -count)

    def encode(self, pieces: Iterable[Piece]) -> list[int]:
        """Tokenize a prompt: special tokens are read in trusted pieces and nowhere else.

        What stands between two special tokens is tokenized as one text, as the model's own
        tokenizer does it, so that harmless content gives the same tokens as the whole prompt.
        """
        tokens: list[int] = []
        run = _Run(self)
        for part in self._parts(list(pieces)):
            if isinstance(part, str):
                run.text += part
            else:
                tokens += run.end(part.token)
        tokens += run.end(None)
        if self._bos is not None and tokens[:1] != [self._bos]:
            tokens.insert(0, self._bos)
        return tokens

    def _parts(self, pieces: list[Piece]) -> Iterator[str | _Border]:
        """Take the pieces apart into plain text and the borders of runs.

        The tokenizer reads tokens of the type "user defined" in any text. Those that this template
        is built with are broken up where content forges them.
        """
        trusted = {
            piece.text: list(self._special_parts(piece.text)) for piece in pieces if piece.trusted
        }
        forgeable = self._forgeable(trusted.values())
        for piece in pieces:
            yield from trusted[piece.text] if piece.trusted else _broken_up(piece.text, forgeable)

    def _forgeable(self, templates: Iterable[list[str | _Border]]) -> list[str]:
        borders = {part for parts in templates for part in parts if isinstance(part, _Border)}
        return [self.text(one.token) for one in borders if self._is_user_defined(one.token)]

    def _is_user_defined(self, token: int | None) -> TypeGuard[int]:
        return token is not None and bool(self.attributes(token) & TOKEN_USER_DEFINED)

    def _special_parts(self, text: str) -> Iterator[str | _Border]:
        position = 0
        for token in self.tokenize(text, special=True):
            if self.attributes(token) & (TOKEN_CONTROL | TOKEN_UNKNOWN | TOKEN_USER_DEFINED):
                written = self.text(token)
                at = text.find(written, position) if written else -1
                if at >= 0:
                    yield text[position:at]
                    yield _Border(token)
                    position = at + len(written)
        yield text[position:]


def _broken_up(text: str, forgeable: list[str]) -> Iterator[str | _Border]:
    """Give `text` with a border behind the first character of whatever may not be read whole."""
    pattern = "|".join(re.escape(one) for one in forgeable if len(one) > 1)
    position = 0
    for found in re.finditer(f"(?={pattern})", text) if pattern else ():
        yield text[position : found.start() + 1]
        yield _Border(None)
        position = found.start() + 1
    yield text[position:]


class _Border(NamedTuple):
    """The end of a run of plain text: a special token, or None for nothing."""

    token: int | None


class _Run:
    """Plain text between two special tokens, which may strip white space beside them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.text = ""
        self.strip_start = False

    def end(self, token: int | None) -> list[int]:
        attributes = 0 if token is None else self.vocabulary.attributes(token)
        text = self.text.lstrip() if self.strip_start else self.text
        if attributes & TOKEN_LSTRIP:
            text = text.rstrip()
        self.text = ""
        self.strip_start = bool(attributes & TOKEN_RSTRIP)
        tokens = self.vocabulary.tokenize(text, special=False) if text else []
        return tokens if token is None else [*tokens, token]
