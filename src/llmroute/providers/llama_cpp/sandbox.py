"""Jinja for chat templates out of model files: no attribute escapes, and bounded work and memory.

Jinja's own sandbox stops attribute escapes, but neither `'a' * 10**9` nor nested loops. Here every
loop step and every string or list made costs units of a budget, and whatever can grow its input
by more than a factor is checked beforehand or left out.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sized
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, NoReturn, cast

from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import loopcontrols
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2 import Template
    from jinja2.runtime import Context

BASE_BUDGET = 1_000_000
BUDGET_PER_MESSAGE = 5_000
MAX_SOURCE_CHARACTERS = 256 * 1024
MAX_NUMBER = 10**15
TEXT_METHODS = frozenset(
    {
        *("strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "partition", "rpartition"),
        *(
            "startswith",
            "endswith",
            "find",
            "rfind",
            "index",
            "count",
            "removeprefix",
            "removesuffix",
        ),
        *("upper", "lower", "title", "capitalize", "replace", "join"),
        *("isdigit", "isspace", "isalpha", "isalnum", "isupper", "islower"),
    }
)
FILTERS_USED = (
    *("trim", "length", "count", "list", "first", "last", "default", "d", "items", "map", "safe"),
    *("upper", "lower", "title", "capitalize", "string", "int", "float", "abs", "round", "min"),
    *("select", "reject", "selectattr", "rejectattr", "unique", "sort", "dictsort", "reverse"),
    *("escape", "e", "max"),
)


class RaisedError(TemplateError):
    """The template itself refused the conversation, by `raise_exception`."""


class _Bounding(NodeTransformer):
    """Rewrites every loop and every `~` so that they draw on the budget."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - named by Jinja
        self.generic_visit(node)
        node.iter = _filtered(node.iter, "bounded_loop")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 - named by Jinja
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno, environment=node.environment)
        return _filtered(parts, "bounded_concat")


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    place = {"lineno": node.lineno, "environment": node.environment}
    return nodes.Filter(cast("nodes.Expr", node), name, [], [], None, None, **place)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox with a budget; `render` is the way in, one thread at a time."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        """Allow what chat templates are written with, and nothing else."""
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,  # the optimizer would compute constants without the budget
            extensions=[loopcontrols],
        )
        self.left = 0
        self.rendering = threading.Lock()
        self.filters = {name: self._metered(FILTERS[name]) for name in FILTERS_USED}
        self.filters |= {
            "bounded_loop": self._loop,
            "bounded_concat": self._concat,
            "replace": self._replace,
            "join": self._join_filter,
            "tojson": self._to_json,
        }
        for name in ("range", "lipsum", "cycler", "joiner"):
            self.globals.pop(name)
        self.functions: dict[str, object] = {
            "range": self._range,
            "raise_exception": _raise_exception,
            "strftime_now": _strftime_now,
        }

    def render(self, template: Template, variables: dict[str, object], budget: int) -> str:
        """Render within `budget` units of work.

        Raises:
            jinja2.TemplateError: the template does not render, or would not within the budget.
        """
        with self.rendering:
            self.left = budget
            pieces: list[str] = []
            for piece in template.generate(self.functions | variables):
                self.spend(len(piece))
                pieces.append(piece)
            return "".join(pieces)

    def spend(self, units: int) -> None:
        """Take `units` from the budget; refuse when nothing is left."""
        self.left -= units
        if self.left < 0:
            raise SecurityError("the template does more work than any chat template needs")

    def sized(self, value: object) -> object:
        """Charge for a value that was made, by its length."""
        self.spend(1 + _length(value))
        return value

    def _metered(self, filter_: Callable[..., object]) -> Callable[..., object]:
        @wraps(filter_)  # keeps Jinja's marks: pass the environment, the context
        def metered(*args: object, **options: object) -> object:
            return self.sized(filter_(*args, **options))

        return metered

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        bounded: nodes.Template = _Bounding().visit(source)
        return super()._generate(bounded, name, filename, defer_init)

    def wrap_str_format(self, value: object) -> None:
        """Leave `str.format` to `is_safe_attribute`, which knows no such method."""

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Text has only methods that cannot blow it up; the rest is Jinja's judgement."""
        if isinstance(obj, str):
            return attr in TEXT_METHODS
        return super().is_safe_attribute(obj, attr, value)

    def call(self, context: Context, target: object, /, *args: object, **options: object) -> object:
        """Call a function or method of the template's, with `replace` and `join` bounded."""
        owner, name = getattr(target, "__self__", None), getattr(target, "__name__", "")
        if isinstance(owner, str) and name == "replace":
            return self._replace(owner, *args[:2])
        if isinstance(owner, str) and name == "join":
            return self._join(owner, args[0])
        return self.sized(super().call(context, target, *args, **options))

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Compute a binary operation whose result is bounded."""
        if operator == "**" or (operator == "%" and isinstance(left, str)):
            raise SecurityError(f"the operator {operator!r} is not for chat templates")
        self._check_operand(operator, left, right)
        self._check_operand(operator, right, left)
        return self.sized(super().call_binop(context, operator, left, right))

    def _check_operand(self, operator: str, value: object, other: object) -> None:
        if isinstance(value, int) and abs(value) > MAX_NUMBER:
            raise SecurityError("a number is larger than any chat template needs")
        if operator == "*" and isinstance(other, int):
            self.spend(_length(value) * max(other, 0))

    def _loop(self, items: Iterable[object]) -> Iterator[object]:
        for item in items:
            self.spend(1)
            yield item

    def _concat(self, parts: list[object]) -> str:
        return self._join("", parts)

    def _range(self, *bounds: int) -> range:
        steps = range(*bounds)
        self.spend(1 + len(steps))
        return steps

    def _replace(self, value: object, old: object, new: object) -> str:
        text, before, after = str(value), str(old), str(new)
        self.spend(1 + len(text) + text.count(before) * len(after))
        return text.replace(before, after)

    def _join_filter(self, items: object, separator: object = "") -> str:
        return self._join(str(separator), items)

    def _join(self, separator: str, items: object) -> str:
        texts: list[str] = []
        for item in cast("Iterable[object]", items) if isinstance(items, Iterable) else ():
            texts.append(str(item))
            self.spend(1 + len(texts[-1]) + len(separator))
        return separator.join(texts)

    def _to_json(self, value: object, indent: int | None = None) -> str:
        width = None if indent is None else min(int(indent), 8)
        text = json.dumps(value, ensure_ascii=False, indent=width)
        self.spend(1 + len(text))
        return text


def _length(value: object) -> int:
    return len(value) if isinstance(value, Sized) else 0


def _raise_exception(message: object) -> NoReturn:
    raise RaisedError(str(message)[:200])


def _strftime_now(form: object) -> str:
    return datetime.now().astimezone().strftime(str(form)[:64])
