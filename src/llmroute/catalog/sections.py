"""Files of the catalog by their sections, so that only what is asked for is parsed.

A provider's file tells of dozens of models, of which a policy names one or two. Its sections begin
at lines with `[provider]`, `[sources.NAME]`, `[models.ID]` or `[[models.ID.scores]]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

from .data import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
BEGINS = re.compile(r'(?m)^\[\[?(provider|sources|models)\b(?:\.(?:"([^"\n]+)"|([\w-]+)))?')


class Sections:
    """The sections of a file, by kind and name."""

    def __init__(self, text: str) -> None:
        """Find where they begin; parses nothing."""
        self._parts: dict[tuple[str, str], list[str]] = {}
        found = list(BEGINS.finditer(text))
        ends = [*(one.start() for one in found[1:]), len(text)]
        for one, end in zip(found, ends, strict=False):
            key = (one[1], one[2] or one[3] or "")
            self._parts.setdefault(key, []).append(text[one.start() : end])

    def names(self, kind: str) -> tuple[str, ...]:
        """The names of a kind of section ("models"), in their order."""
        return tuple(name for of, name in self._parts if of == kind)

    def table(self, kind: str, name: str = "") -> Mapping[str, object]:
        """Parse one section; empty when there is none of that name."""
        import tomllib
        from decimal import Decimal

        text = "".join(self._parts.get((kind, name), ()))
        values = cast("Mapping[str, object]", tomllib.loads(text, parse_float=Decimal))
        table = values.get(kind, {})
        if name:
            table = cast("Mapping[str, object]", table).get(name, {})
        return cast("Mapping[str, object]", table)


@cache
def sections_of(file: str) -> Sections | None:
    """The sections of a data file, found once; None when there is none of that name."""
    text = read_text(file)
    return None if text is None else Sections(text)


class Lazily(Mapping[str, T]):
    """A mapping of known names, whose values are made when they are first asked for."""

    def __init__(self, names: tuple[str, ...], make: Callable[[str], T]) -> None:
        """Make nothing yet."""
        self._made: dict[str, T | None] = dict.fromkeys(names)
        self._make = make

    def __getitem__(self, name: str) -> T:
        """Make the value, once."""
        found = self._made[name]
        if found is None:
            found = self._made[name] = self._make(name)
        return found

    def __contains__(self, name: object) -> bool:
        """Whether the name is known; makes nothing."""
        return name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
