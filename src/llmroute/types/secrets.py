"""A key that cannot be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


class Secret:
    """Wraps a key: repr and str mask it, pickle refuses it; `reveal()` is called on the wire."""

    __slots__ = ("_reveal",)

    def __init__(self, value: str) -> None:
        """Wrap `value`."""

        def reveal() -> str:
            return value

        self._reveal: Callable[[], str] = reveal

    def reveal(self) -> str:
        """Return the key itself."""
        return self._reveal()

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is never pickled; the other process must read its own")
