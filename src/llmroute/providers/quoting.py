"""What of an upstream's own words may stand in an error: neither the key nor the prompt."""

from __future__ import annotations

import re
import string
from base64 import b64decode
from typing import TYPE_CHECKING

from .contents import data_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.calls import Call

QUOTE_CHARACTERS = 200
RUN_CHARACTERS = 20
"""A run of the prompt that is this long makes a quote unfit."""
LETTERS = 16
"""Likewise, in letters and digits alone: servers escape and reflow what they repeat."""
SHORT_CHARACTERS = 8
"""A message this short is not looked for: it would be found in anything."""
KEY_CHARACTERS = 6
DATA_BYTES = 9
"""A run of an attachment that is this long makes a quote unfit: whole in 16 letters of base64."""

_ESCAPED = re.compile(r"\\[nrt]")  # an escaped line break holds no letter
_WORDS = re.compile(r"[^\W_]+")
_NO_LETTERS = "".join(map(chr, range(128))).translate(
    dict.fromkeys(map(ord, string.ascii_letters + string.digits))
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
# "sk-...", "Bearer ...", and keys that a server masked itself ("abcd****wxyz")
_KEY_LIKE = re.compile(
    r"\b(?:sk|pk|rk|key|gsk|hf|xai)[-_][\w*.-]{4,}|Bearer\s+\S+|\S*\*{3,}\S*", re.IGNORECASE
)
_CODE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def quotes(call: Call, said: Iterable[str]) -> list[str]:
    """Return words fit to be quoted, at most 200 characters each; "" for what must not be.

    It must not be when it holds a part of the key, or a run of what the caller said or attached.
    All that the caller said is gone through once, however many words there are.
    """
    checked = [_Quote(_printable(call, words)) for words in said]
    _compare(call, [one for one in checked if one.words])
    return [one.words for one in checked]


def _compare(call: Call, checked: list[_Quote]) -> None:
    if not checked:
        return
    for data in data_of(call):
        for one in checked:
            one.compare_data(data)
    for text in texts_of(call):
        letters = _letters(text)
        for one in checked:
            one.compare(text, letters)


def quote(call: Call, words: str) -> str:
    """Return words fit to be quoted; "" when they must not be."""
    return quotes(call, [words])[0]


def quotable(call: Call, code: str) -> bool:
    """Whether `code` is an error code and nothing else."""
    return looks_like_code(code) and quote(call, code) == code


def looks_like_code(word: str) -> bool:
    """Whether a word is spelled as error codes are."""
    return bool(_CODE.fullmatch(word))


def _printable(call: Call, words: str) -> str:
    if not words or _holds_key(words, call):
        return ""
    printable = "".join(one if one.isprintable() else " " for one in words[: 4 * QUOTE_CHARACTERS])
    return " ".join(_KEY_LIKE.sub("***", printable).split())[:QUOTE_CHARACTERS]


class _Quote:
    """Words, for as long as nothing is found that they repeat."""

    def __init__(self, words: str) -> None:
        self.words = "" if ";base64," in words else words
        self._plain = _Runs(words, RUN_CHARACTERS)
        self._letters = _Runs(_letters(words), LETTERS)
        self._data = _data_runs(words)

    def compare(self, text: str, letters: str) -> None:
        """Drop the words if they repeat `text`, whose letters and digits are `letters`."""
        if self.words and (self._plain.held_by(text) or self._letters.held_by(letters)):
            self.words = ""

    def compare_data(self, data: bytes) -> None:
        """Drop the words if they repeat `data` in base64."""
        if self.words and self._data and _holds_one(data, self._data):
            self.words = ""


class _Runs:
    """The runs of a quote, looked for in one pass over a text, however many they are.

    Wherever a run stands in a text, one of the text's pieces at every `step` lies within it.
    """

    def __init__(self, words: str, run: int) -> None:
        self._words = words
        self._run = run
        self._size = run // 2
        self._step = run - self._size + 1
        last = len(words) - self._size
        starts = range(last + 1) if len(words) >= run else ()
        self._pieces = frozenset(words[at : at + self._size] for at in starts)
        self._every = re.compile(rf"(?s)(.{{{self._size}}}).?")  # step is one more than size

    def held_by(self, text: str) -> bool:
        """Whether `text` holds a run of the quote; a short one must stand in it whole."""
        if SHORT_CHARACTERS <= len(text) < self._run:
            return text in self._words
        size, pieces = self._size, self._pieces
        if not pieces or pieces.isdisjoint(self._every.findall(text)):
            return False
        return any(
            text[at : at + size] in pieces and self._around(text, at)
            for at in range(0, len(text) - size + 1, self._step)
        )

    def _around(self, text: str, at: int) -> bool:
        first = max(0, at + self._size - self._run)
        last = min(at, len(text) - self._run)
        return any(text[one : one + self._run] in self._words for one in range(first, last + 1))


def _letters(text: str) -> str:
    plain = _ESCAPED.sub("", text)
    if plain.isascii():  # ten times as fast
        return plain.encode().translate(None, _NO_LETTERS.encode()).decode().lower()
    return "".join(_WORDS.findall(plain)).casefold()


def _data_runs(words: str) -> set[bytes]:
    """What a quote may hold of an attachment in base64."""
    return {
        decoded[at : at + DATA_BYTES]
        for found in _BASE64.findall(words)
        for decoded in _decoded(found)
        for at in range(0, len(decoded) - DATA_BYTES + 1, 3)
    }


def _decoded(letters: str) -> Iterable[bytes]:
    """What a run of base64 holds, wherever in it the first group of four begins."""
    for start in range(4):
        whole = letters[start : start + (len(letters) - start) // 4 * 4]
        yield b64decode(whole, altchars=b"-_" if {"-", "_"} & set(whole) else None)


def _holds_one(data: bytes, runs: set[bytes]) -> bool:
    """Whether `data` holds one of the runs where a group of base64 begins.

    Wherever it stands, one group of three bytes at every ninth byte lies within it.
    """
    groups = {run[at : at + 3] for run in runs for at in (0, 3, 6)}
    return any(
        data[at : at + 3] in groups
        and any(data[one : one + DATA_BYTES] in runs for one in (at - 6, at - 3, at) if one >= 0)
        for at in range(0, len(data), DATA_BYTES)
    )


def _holds_key(words: str, call: Call) -> bool:
    return call.key is not None and _shares_run(call.key.reveal(), words, KEY_CHARACTERS)


def _shares_run(one: str, other: str, run: int) -> bool:
    return any(one[start : start + run] in other for start in range(max(1, len(one) - run + 1)))
