"""The sections of a policy file that choose: [prefer], [[route]] and [policies.NAME]."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.errors.problems import nearest
from llmroute.types.tuples import NamedTuple

from .branching import Route, Routes
from .choosing import read_prefer, read_require
from .ranking import Ranking
from .reachable import Placed, check_reachable, excludes
from .splits import BY_REQUEST, split_of
from .whens import read_when

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from llmroute.errors.reading import Path, Table
    from llmroute.types.plans import Constraint, Objective, Policy, Preference

    from .conditions import When

SAYS = ("require", "use", "prefer", "split", "policy", "repeat_instruction")
"""What a route can say; one of them it must."""
DECIDES = ("use", "split", "policy")
"""What says which models are tried; a route has one of them at most."""
MOST_ROUTES = 256
MOST_POLICIES = 32
LARGEST_WEIGHT = "1000000"


class Known(NamedTuple):
    """What routes may name: models, hints with their types; and where a key stands.

    `is_known` tells whether the catalog has a provider, or a model of one; left out, it has all.
    """

    models: frozenset[str]
    hints: Mapping[str, str]
    place: Callable[[Path], str]
    is_known: Callable[[str], bool] = bool


class Part(NamedTuple):
    """The top of a file, or a table of [policies]: what it requires, and its routes."""

    table: Table
    require: tuple[Constraint, ...]
    routes: tuple[Placed, ...]
    policy: Policy


class Parts:
    """Every part of a file that chooses; each is read once."""

    def __init__(self, top: Table, known: Known) -> None:
        """Read `top`, and the tables of [policies] that it uses."""
        self._known = known
        self._tables = _named_tables(top)
        self._open: list[str] = []
        self._routes = 0
        self.nested: dict[str, Part] = {}
        self.uses: list[tuple[Placed, str]] = []
        self.top = self._part(top)
        for name, table in self._tables.items():
            if table is not None and name not in self.nested:
                self._named(name)
                what = f"no route says policy = {name!r}, so it is never used"
                table.problem("", what, "Use it in a route, or take it out")
        self._check_nested()

    def _part(self, table: Table) -> Part:
        place = self._known.place
        is_top = not table.path
        require = self._require(table, place(()) if is_top else "")
        prefer = table.table("prefer")
        at = prefer.path if prefer else table.path
        tables = table.tables("route")
        routes = [Placed(self._route(one), one) for one in self._counted(tables)]
        check_reachable(routes)
        if not is_top:
            if not table.values:
                table.problem("", "the policy says nothing; it needs require, prefer or route")
            table.done()
        otherwise = Ranking(objective=read_prefer(prefer), place=place(at))
        if not routes:
            return Part(table, require, (), otherwise._replace(require=require).plan)
        policy = Routes(tuple(one.route for one in routes), otherwise.plan, require).plan
        return Part(table, require, tuple(routes), policy)

    def _counted(self, tables: list[Table]) -> list[Table]:
        """The tables of routes; those above the most of a file are told, and not read."""
        left = max(0, MOST_ROUTES - self._routes)
        self._routes += len(tables)
        if len(tables) > left:
            tables[left].problem("", f"a file has at most {MOST_ROUTES} routes")
        return tables[:left]

    def _route(self, table: Table) -> Route:
        known = self._known
        when = read_when(table.table("when"), known.hints)
        use, order = _models(table, known)
        split = _split(table, known)
        route = Route(
            when=when,
            name=table.text("name") or str(when),
            place=known.place(table.path),
            require=self._require(table),
            use=use if split is None else split.use,
            objective=order if split is None else split.objective,
            repeat_instruction=table.flag("repeat_instruction") or False,
        )
        if not set(SAYS) & set(table.values):
            table.problem("", f"the route says nothing; it needs one of {', '.join(SAYS)}")
        _check_one_choice(table)
        route = self._with_policy(route, table)
        table.done()
        return route

    def _require(self, table: Table, place: str = "") -> tuple[Constraint, ...]:
        """Read the requirements of the policy, or of a route."""
        inner = table.table("require")
        if inner is not None:
            for key in ("only", "never"):
                _check_named(key, inner, self._known)
        return read_require(inner, place)

    def _with_policy(self, route: Route, table: Table) -> Route:
        name = table.text("policy")
        if name is None:
            return route
        self.uses.append((Placed(route, table), name))
        if name not in self._tables:
            what = f"there is no [policies.{name}]"
            table.problem("policy", what, nearest(name, self._tables))
            return route
        if name in self._open:
            circle = " > ".join([*self._open[self._open.index(name) :], name])
            table.problem("policy", f"the policy uses itself: {circle}")
            return route
        part = self._named(name)
        return route if part is None else route._replace(policy=part.policy)

    def _named(self, name: str) -> Part | None:
        table = self._tables[name]
        if table is None:
            return None
        if name not in self.nested:
            self._open.append(name)
            self.nested[name] = self._part(table)
            self._open.pop()
        return self.nested[name]

    def _check_nested(self) -> None:
        """Report routes inside of a policy that no request reaches from any place of its use."""
        for name, part in self.nested.items():
            outer = [user.route.when for user, used in self.uses if used == name]
            if outer:
                _check_inner(part, outer)


def _check_inner(part: Part, outer: list[When]) -> None:
    for inner in part.routes:
        if all(excludes(inner.route.when, when) for when in outer):
            uses = "; ".join(map(str, outer[:3]))
            what = f"{inner.label} is never reached: its policy is used for other requests: {uses}"
            inner.table.problem("when", what, "Correct one of the conditions")


def _named_tables(top: Table) -> dict[str, Table | None]:
    """The tables of [policies], None for one that is wrong; too many would nest too deep."""
    given = top.table("policies")
    if given is None:
        return {}
    if len(given.values) > MOST_POLICIES:
        given.problem("", f"a file has at most {MOST_POLICIES} policies")
        return dict.fromkeys(given.values)
    return {name: given.table(name) for name in given.values}


class _Choice(NamedTuple):
    use: tuple[str, ...]
    objective: Preference


def _models(
    table: Table, known: Known
) -> tuple[tuple[str, ...] | None, Objective | Preference | None]:
    """Read `use` and `prefer`."""
    names = table.texts("use")
    if names == ():
        table.problem("use", "it must name at least one model")
    for name in names or ():
        _check_model(name, "use", table, known)
    _check_once(names or (), table)
    return names, read_prefer(table.table("prefer"))


def _check_named(key: str, table: Table, known: Known) -> None:
    """Report a name that is no model of the policy, and no provider or model of the catalog."""
    given = table.values.get(key)
    for name in cast("list[object]", given) if isinstance(given, list) else ():
        if not isinstance(name, str) or name in known.models or known.is_known(name):
            continue
        hint = nearest(name, known.models, 'Or name a provider, or "provider/model"')
        table.problem(key, f"no model and no provider is called {name!r}", hint)


def _check_once(names: tuple[str, ...], table: Table) -> None:
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            table.problem("use", f"{name!r} stands twice", "Leave one out")


def _check_model(name: str, key: str, table: Table, known: Known) -> None:
    if name not in known.models:
        table.problem(key, f"no model {name!r} is declared", nearest(name, known.models))


def _split(table: Table, known: Known) -> _Choice | None:
    """Read `split`, `split_by` and `split_seed`."""
    inner = table.table("split")
    by = table.text("split_by")
    seed = table.text("split_seed")
    if inner is None:
        for key in ("split_by", "split_seed"):
            if key in table.values:
                table.problem(key, "it needs split = { NAME = WEIGHT, ... } beside it")
        return None
    weights = read_weights(inner)
    for name in inner.values:
        _check_model(name, name, inner, known)
    if not weights:
        return None
    return _Choice(tuple(weights), split_of(weights, _split_by(table, by, known), seed or ""))


def _split_by(table: Table, by: str | None, known: Known) -> str:
    """What the hash of a split is made of: "request", or a hint."""
    words = [BY_REQUEST, *(f"hints.{name}" for name in known.hints)]
    if by is not None and by not in words:
        table.problem("split_by", f"{by!r} is no hint that is declared", nearest(by, words))
    return by or BY_REQUEST


def read_weights(table: Table) -> dict[str, Decimal]:
    """Read the weights of a split; {} when they make none."""
    weights: dict[str, Decimal] = {}
    for name in table.values:
        weight = table.number(name, "0", LARGEST_WEIGHT)
        if weight is not None:
            weights[name] = weight
    if not table.values:
        table.problem("", "it must name at least one model, with its weight")
    elif len(weights) == len(table.values):
        if any(weights.values()):
            return weights
        table.problem("", "one weight at least must be more than 0")
    return {}


def _check_one_choice(table: Table) -> None:
    """Report what a route says twice."""
    given = [key for key in DECIDES if key in table.values]
    if len(given) > 1:
        what = f"a route has only one of {', '.join(DECIDES)}"
        table.problem(given[-1], what, f"Leave {' or '.join(given)} out")
    elif given and given[0] != "use" and "prefer" in table.values:
        table.problem("prefer", f"{given[0]} decides the order already", "Leave one of them out")
