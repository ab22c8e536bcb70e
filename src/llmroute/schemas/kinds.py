"""Kinds of parsed JSON, for checkers of types too, and of errors that are not ours."""

from __future__ import annotations

from typing import TypeGuard

Table = dict[str, object]

BUGS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a bug in a check of the application raises; their texts may quote what was checked."""


def is_table(value: object) -> TypeGuard[Table]:
    """Whether it is an object of JSON."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether it is an array of JSON."""
    return isinstance(value, list)
