"""The sections of a policy file that choose: [prefer] and [[route]]."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors.problems import nearest
from llmroute.types.requests import TASKS

from .objectives import cost_usd
from .ranking import Ranking
from .routes import Route, Routes, When
from .sections import hint_fits, read_require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmroute.errors.reading import Path, Table
    from llmroute.types.plans import Objective, Policy, Preference
    from llmroute.types.requests import Hint

LARGEST_HINT = 2**63 - 1
"""The largest whole number of TOML."""

SAYS = frozenset({"use", "prefer", "require", "repeat_instruction"})
"""What a route can say; one of them it must."""


class Known(NamedTuple):
    """What routes may name: models, hints with their types; and where a key stands."""

    models: frozenset[str]
    hints: Mapping[str, str]
    place: Callable[[Path], str]


def read_policy(top: Table, known: Known) -> Policy:
    """Read [require], [prefer] and every [[route]] into one policy."""
    prefer = top.table("prefer")
    otherwise = Ranking(
        require=read_require(top.table("require"), known.place(())),
        objective=_objective(prefer),
        place=known.place(prefer.path if prefer else ()),
    )
    tables = top.tables("route")
    routes = tuple(_route(table, known) for table in tables)
    _check_reachable(routes, tables)
    return Routes(routes, otherwise).plan if routes else otherwise.plan


def _objective(table: Table | None) -> Objective | Preference | None:
    if table is None:
        return None
    if isinstance(table.get("minimize"), dict):
        table.problem("minimize", "weights are not available in this version", 'Write "cost"')
    else:
        table.choice("minimize", ("cost",), later=("latency",))
    if not table.values:
        table.problem("", 'it needs minimize = "cost"')
    table.done(later=("maximize",))
    return cost_usd


def _route(table: Table, known: Known) -> Route:
    when = _when(table.table("when"), known)
    prefer = table.table("prefer")
    route = Route(
        when=when,
        name=table.text("name") or str(when),
        place=known.place(table.path),
        require=read_require(table.table("require")),
        use=_use(table, known),
        objective=_objective(prefer),
        repeat_instruction=table.flag("repeat_instruction") or False,
    )
    if not SAYS & set(table.values):
        table.problem("", f"the route says nothing; it needs one of {', '.join(sorted(SAYS))}")
    table.done()
    return route


def _use(table: Table, known: Known) -> tuple[str, ...] | None:
    names = table.texts("use")
    if names == ():
        table.problem("use", "it must name at least one model")
    for name in names or ():
        if name not in known.models:
            table.problem("use", f"no model {name!r} is declared", nearest(name, known.models))
    return names


def _when(table: Table | None, known: Known) -> When:
    if table is None:
        return When()
    task = table.text("task")
    if task is not None and task not in TASKS:
        table.problem("task", f"there is no task {task!r}", nearest(task, TASKS))
    tags = table.texts("tags") or ()
    hints = table.table("hints")
    found = When(task, _hints(hints, known.hints) if hints else (), tags)
    table.done()
    return found


def _hints(table: Table, declared: Mapping[str, str]) -> tuple[tuple[str, Hint], ...]:
    for name, value in table.values.items():
        kind = declared.get(name)
        if kind is None:
            table.problem(name, f"no hint {name!r} is declared", nearest(name, declared))
        elif not hint_fits(kind, value):
            table.problem(name, f'[hints] declares it as "{kind}"')
        elif kind in {"int", "float"}:
            table.number(name, f"-{LARGEST_HINT}", f"{LARGEST_HINT}")
    return tuple((name, _plain(value)) for name, value in table.values.items())


def _plain(value: object) -> Hint:
    """Make a hint's value comparable with what callers pass: floats, not decimals."""
    from decimal import Decimal

    if isinstance(value, int) and abs(value) > LARGEST_HINT:  # refused, and too long to be named
        return float("inf")
    return float(value) if isinstance(value, Decimal) else cast("Hint", value)


def _label(route: Route, table: Table) -> str:
    """Call a route by its name, or by its place when it has none."""
    named = isinstance(table.values.get("name"), str)
    return f'route "{route.name}"' if named else f"the route at {route.place}"


def _check_reachable(routes: tuple[Route, ...], tables: list[Table]) -> None:
    """Report routes whose choice never counts, since an earlier one always decides first."""
    for index, (route, table) in enumerate(zip(routes, tables, strict=True)):
        if not route.decides:
            continue
        for at, earlier in enumerate(routes[:index]):
            if earlier.decides and earlier.when.covers(route.when):
                later, first = _label(route, table), _label(earlier, tables[at])
                what = f"{later} is never reached: {first} decides first"
                hint = f"Move it before {earlier.place}, or take one of them out"
                table.problem("use" if route.use is not None else "prefer", what, hint)
                break
