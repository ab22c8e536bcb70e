"""Keys: wrapped so that they cannot be printed, and told from other words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = (
    r"(?a:\b(?:sk|pk|rk|gsk|csk|fw|hf|nvapi|pplx|tgp|xai|gh[opsu]|glpat|github_pat)[-_]\w[\w-]{7,}"
    r"|\bAIza[\w-]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,})"
)
"""What the keys of well-known services begin with."""


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


def flaw(value: str, name: str) -> str | None:
    """Say what keeps a key from being sent, None when nothing does; the key itself is not told."""
    stripped = value.strip()
    if not stripped:
        return f"{name} is empty"
    if not stripped.isascii():
        return f"{name} holds characters that are not ASCII"
    if "\n" in stripped or "\r" in stripped:
        return f"{name} holds a line break"
    if any(character.isspace() for character in stripped):
        return f"{name} holds a space"
    if not stripped.isprintable():
        return f"{name} holds characters that cannot be printed"
    return None


def without_keys(text: str) -> str:
    """Replace what looks like a key of a well-known service."""
    return re.sub(KEY, "(a key, not shown)", text)
