"""Kinds of parsed JSON, for checkers of types too."""

from __future__ import annotations

from typing import TypeGuard

Table = dict[str, object]


def is_table(value: object) -> TypeGuard[Table]:
    """Whether it is an object of JSON."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether it is an array of JSON."""
    return isinstance(value, list)
