"""Damage to TOML, line by line, mostly to what may stand there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.fuzz_damage import torn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

PIECES = (
    *(b"\n", b"\r", b"\0", b"=", b"[", b"]", b"{", b"}", b'"', b"'", b'"""', b"'''", b".", b"#"),
    *(b"\\", b"\xff", b"\xef\xbb\xbf", b"\xe2\x82", b"sk-canary0123456789abc", b"\x1b[31m", b"1e9"),
)
ASSIGNMENT = re.compile(r"(\s*[\w.\"-]+\s*=\s*)(.*)", re.DOTALL)
NUMBER = re.compile(r"\d[\d.]*")
NUMBERS = ("0", "1", "0.5", "3", "100", "1e6", "1_000", "0.000001", "12345678901234567890")
KEY_IN_FILE = '[models.b]\nuse = "openai/gpt-4"\napi_key = "sk-canary0123456789abc"\n'


class Words(NamedTuple):
    """What may stand in such files: keys with their sections, headers of tables, and values."""

    paths: Sequence[str]
    headers: Sequence[str]
    values: Sequence[str]


class Lines:
    """Files to be damaged, and the damage."""

    def __init__(self, good: Sequence[str], hostile: Sequence[str], words: Words) -> None:
        """Take sound files, and those that are hostile already."""
        self._good = [text.splitlines(keepends=True) for text in good]
        self._hostile = [text.splitlines(keepends=True) for text in hostile]
        self._words = words
        self._lines = [line for text in self._good for line in text if line.strip()]
        self._values: dict[str, list[str]] = {}  # of each key
        for found in filter(None, map(ASSIGNMENT.fullmatch, self._lines)):
            self._values.setdefault(found[1].split("=")[0].strip(), []).append(found[2])

    def made(self, chance: Random) -> bytes:
        """Make a file: nine in ten are sound ones with damage."""
        lines = list(chance.choice(self._good if chance.random() < 0.9 else self._hostile))
        for _ in range(chance.choice([1, 1, 2, 3, 5])):
            self._damage(chance, lines)
        data = "".join(lines).encode("utf-8", "surrogatepass")
        return torn(chance, data, PIECES) if chance.random() < 0.15 else data

    def _damage(self, chance: Random, lines: list[str]) -> None:
        """Change one line, or what stands around it; mostly to what may stand there."""
        at = chance.randrange(len(lines)) if lines else 0
        found = ASSIGNMENT.fullmatch(lines[at]) if lines else None
        if found and chance.random() < 0.7:
            lines[at] = found[1] + self._value(chance, found[1].split("=")[0].strip(), found[2])
        else:
            self._rough(chance, lines, at)

    def _value(self, chance: Random, key: str, value: str) -> str:
        """Another value of a key."""
        match chance.randrange(4):
            case 0:
                return chance.choice(self._words.values) + "\n"
            case 1:
                return NUMBER.sub(lambda _: chance.choice(NUMBERS), value, count=1)
            case _:
                return chance.choice(self._values.get(key, [value]))

    def _rough(self, chance: Random, lines: list[str], at: int) -> None:
        section, _, key = chance.choice(self._words.paths).rpartition(".")
        value = chance.choice(self._values.get(key, self._words.values))
        match chance.randrange(8):
            case 0:
                del lines[at : at + 1]
            case 1:
                lines.insert(at, chance.choice([*lines, *self._lines]))
            case 2 | 3:
                lines.append(f"[{section}]\n{key} = {value}\n")
            case 4:
                lines.insert(at, f"{key} = {value}\n")
            case 5:
                lines += chance.choice(self._hostile)[chance.choice([0, 3]) :]
            case 6:
                lines.append(KEY_IN_FILE)
            case _:
                lines.insert(at, chance.choice(self._words.headers) + "\n")
