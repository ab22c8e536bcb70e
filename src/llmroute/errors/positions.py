"""Where a key stands: the standard library's parser gives no lines, so the text is searched."""

from __future__ import annotations

from .guards import pieces

Path = tuple[str, ...]


class Positions:
    """The line of every key of a TOML text that the parser has accepted.

    The text is searched when the first line is asked for, that is, when one is needed.
    Elements of an array of tables have their number, from 0, in the path: ("route", "1", "use").
    """

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text
        self._lines: dict[Path, int] = {}

    def line(self, path: Path) -> int | None:
        """Find the line of a key, or of the nearest statement around it; None: the whole file."""
        if not self._lines:
            self._lines = search(self._text)
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None


def search(text: str) -> dict[Path, int]:
    """Map the path of each header and each key, those of inline tables included, to its line."""
    finder = _Search()
    for piece, line in pieces(text):
        finder.take(piece, line)
    return {**finder.outer, **finder.lines}


def long_number(text: str) -> tuple[Path, int | None]:
    """Find the key and the line of the first whole number that Python refuses to read."""
    import sys

    finder = _Search()
    for piece, line in pieces(text):
        digits = piece.lstrip("+-").replace("_", "")
        if digits.isdecimal() and len(digits) > sys.get_int_max_str_digits():
            return finder.key, line
        finder.take(piece, line)
    return (), None


class _Search:
    """Follows headers, assignments and brackets; evaluates nothing."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.outer: dict[Path, int] = {}  # tables that have no statement of their own
        self._base: Path = ()  # the header that statements stand under
        self._open: list[tuple[str, Path, int]] = []  # brackets of a value: mark, path, element
        self._words: list[str] = []  # the words since the last mark: perhaps a key
        self.key: Path = ()  # the last key, whose value comes next or is being read
        self._in_value = False
        self._header = 0  # how many brackets opened the header that is being read
        self._elements: dict[Path, int] = {}  # arrays of tables: the current element

    def take(self, piece: str, line: int) -> None:
        """Take the next piece of the text."""
        if piece == "\n":
            self._end_line()
        elif self._header or (piece == "[" and not self._in_value):
            self._head(piece, line)
        elif piece == "=":
            self._assign(line)
        elif piece in "[]{},":
            self._mark(piece)
        elif piece != ".":
            self._words.append(_unquoted(piece))

    def _end_line(self) -> None:
        if not self._open:
            self._words.clear()
            self._in_value = False
            self._header = 0

    def _head(self, piece: str, line: int) -> None:
        if piece == "[":
            self._header += 1
        elif piece != "]":
            self._words += [] if piece == "." else [_unquoted(piece)]
        elif self._words:
            *outer, last = self._words
            path = (*self._current(outer), last)
            if self._header > 1:
                self._elements[path] = self._elements.get(path, -1) + 1
                path = (*path, str(self._elements[path]))
            self._base = path if self._header > 1 else self._current([*outer, last])
            self._note(line, self._base)
            self._words.clear()

    def _current(self, words: list[str]) -> Path:
        """Spell a header out: the current element follows the name of an array of tables."""
        path: Path = ()
        for word in words:
            path = (*path, word)
            if path in self._elements:
                path = (*path, str(self._elements[path]))
        return path

    def _assign(self, line: int) -> None:
        outer = self._open[-1][1] if self._open else self._base
        self.key = (*outer, *self._words)
        self._note(line, self.key)
        self._words.clear()
        self._in_value = True

    def _note(self, line: int, path: Path) -> None:
        self.lines.setdefault(path, line)
        for length in range(1, len(path)):
            self.outer.setdefault(path[:length], line)

    def _inner(self) -> Path:
        """The path of what a bracket opens: a key's value, or an element of an array."""
        if self._open and self._open[-1][0] == "[":
            _, path, element = self._open[-1]
            return (*path, str(element))
        return self.key

    def _mark(self, piece: str) -> None:
        """Follow a bracket or a comma of a value."""
        self._words.clear()
        if piece in "[{":
            self._open.append((piece, self._inner(), 0))
        elif self._open:
            mark, path, element = self._open.pop()
            if piece == ",":
                self._open.append((mark, path, element + 1))


def _unquoted(piece: str) -> str:
    """Take the quotes off a key; one with escapes stays as it is and is never found."""
    return piece[1:-1] if piece[0] in {'"', "'"} and len(piece) > 1 else piece
