"""Read the data that a Python module holds, such as genai_prices/data.py, without running it."""

from __future__ import annotations

import ast
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, cast

from . import reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LARGEST_BYTES = 8 * 1024 * 1024
NAME = "providers"


def read_module(path: Path) -> object:
    """The value of `providers`; calls become tables of their keywords, and nothing is run.

    Raises:
        PolicyError: it cannot be read, or holds anything but data.
    """
    text = reading.read_text(path, LARGEST_BYTES)
    try:
        tree = ast.parse(text)
        found = [node for node in tree.body if _name(node) == NAME]
        if found:
            return _value(cast("ast.Assign", found[0]).value)
    except SyntaxError as error:
        reading.refuse(path, f"it is no Python: line {error.lineno}")
    except (RecursionError, MemoryError):
        reading.refuse(path, "it nests too deep")
    except (ValueError, TypeError):
        reading.refuse(path, "it holds more than data")
    return reading.refuse(path, f"it has no {NAME}")


def _name(node: ast.stmt) -> str:
    """What a statement gives a value to; "" when it does not."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    else:
        return ""
    return targets[0].id if isinstance(targets[0], ast.Name) else ""


def _value(node: ast.expr) -> object:
    """A value as JSON has it; raises ValueError for what is no data."""
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.List):
        return [_value(one) for one in node.elts]
    if isinstance(node, ast.Dict):
        return dict(zip(map(_key, node.keys), map(_value, node.values), strict=True))
    if isinstance(node, ast.UnaryOp | ast.Attribute | ast.Name):
        return ast.unparse(node)
    if isinstance(node, ast.Call):
        return _call(node)
    raise ValueError


def _constant(value: object) -> object:
    return Decimal(str(value)) if isinstance(value, float) else value


def _key(node: ast.expr | None) -> object:
    if node is None:
        raise ValueError
    return ast.literal_eval(node)


def _call(node: ast.Call) -> object:
    made = CALLS.get(ast.unparse(node.func))
    if made is not None:
        return made([ast.literal_eval(one) for one in node.args])
    return {
        one.arg: _value(one.value)
        for one in node.keywords
        if one.arg and not (one.arg == "constraint" and _is_none(one.value))
    }


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _decimal(arguments: list[object]) -> Decimal:
    try:
        return Decimal(str(arguments[0]))
    except InvalidOperation:
        raise ValueError from None


def _date(arguments: list[object]) -> str:
    return "-".join(f"{part:02}" for part in cast("list[int]", arguments))


CALLS: dict[str, Callable[[list[object]], object]] = {
    "Decimal": _decimal,
    "datetime.date": _date,
}
"""What else than a table a call makes."""
