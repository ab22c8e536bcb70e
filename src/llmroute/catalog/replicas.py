"""Replicas: several keys, regions or servers of one model, each of them a model of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from llmroute.errors.reading import Table
from llmroute.types.frozen import replace
from llmroute.types.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.errors.reading import Path, Report
    from llmroute.types.models import Model

    from .options import Declaration

LEAST = 2
OWN = ("replicas", "sticky")
"""What is said of all of them alone."""
ANSWERING = ("provider", "client")
"""Objects of the application, which know of no replica."""


def sealed(replicas: object) -> object:
    """The replicas as they were passed in code, their keys in an envelope."""
    if not isinstance(replicas, Mapping):
        return replicas
    given = cast("Mapping[object, object]", replicas)
    return {name: _sealed(one) for name, one in given.items()}


def _sealed(replica: object) -> object:
    if not isinstance(replica, Mapping):
        return replica
    values = dict(cast("Mapping[object, object]", replica))
    key = values.get("key")
    return values if not isinstance(key, str) else {**values, "key": Secret(key)}


def with_replicas(
    name: str, table: Table, declare: Callable[[str, Table], Declaration | None]
) -> Declaration | None:
    """Read a model's table that has `replicas`: each takes what the table says, and adds its own.

    `declare` reads one of them, by its name and its table.
    """
    inner, sticky = table.table("replicas"), table.flag("sticky") or False
    if inner is None:
        return None
    if len(inner.values) < LEAST:
        hint = f"Add another [models.{name}.replicas.NAME], or leave replicas out"
        table.problem("replicas", "it needs two replicas at least", hint)
    _check_answering(name, table)
    found: list[Declaration] = []
    for one in inner.values:
        own = inner.table(one)
        if own is not None:
            declared = declare(f"{name}.{one}", _merged(own, table, first=not found))
            found += [] if declared is None else [declared._replace(replica=True)]
    if not found:
        return None
    return found[0]._replace(name=name, replicas=tuple(found), sticky=sticky, replica=False)


def _check_answering(name: str, table: Table) -> None:
    for key in ANSWERING:
        if table.values.get(key) is not None and not isinstance(table.get(key), str):
            hint = f"To stand in for all of them pass Client(..., providers={{{name!r}: ...}})"
            table.problem(key, "a model that has replicas takes none", hint)


def _merged(own: Table, shared: Table, *, first: bool) -> Table:
    """What is said of all, and of one over it."""
    for key in OWN:
        if key in own.values:
            own.problem(key, "a replica has none of its own")
    values = {
        key: one
        for key, one in shared.values.items()
        if isinstance(one, str) or key not in ANSWERING
    }
    both = {**values, **own.values}
    values = {key: value for key, value in both.items() if key not in OWN}
    return Table(values, own.path, _placed(own, shared, first=first))


def _placed(own: Table, shared: Table, *, first: bool) -> Report:
    """Report where a key stands; what all replicas share is told once."""

    def report(path: Path, what: str, hint: str) -> None:
        rest = path[len(own.path) :]
        if not rest or rest[0] in own.values:
            shared.report(path, what, hint)
        elif first:
            shared.report((*shared.path, *rest), what, hint)

    return report


def resolved(
    declaration: Declaration,
    path: tuple[str, ...],
    build: Callable[[Declaration, tuple[str, ...]], Model | None],
    report: Report,
) -> Model | None:
    """Make a model of replicas: it has the facts of the first one, and is never asked itself."""
    made: list[Model] = []
    for one in declaration.replicas:
        place = (*path, "replicas", one.name.removeprefix(f"{declaration.name}."))
        model = build(one, place)
        if model is None:
            return None
        if _is_among(made, model):
            hint = "Give each its own base_url, key_env or region; one alone needs no replicas"
            report(place, "another replica has the same address and key", hint)
            return None
        made.append(model)
    return replace(made[0], name=declaration.name, replicas=tuple(made), sticky=declaration.sticky)


def _is_among(made: list[Model], model: Model) -> bool:
    """Whether one of them is the same upstream: nothing would be gained by asking it next."""
    here = model.endpoint
    return here is not None and any(
        (one.endpoint.base_url, one.endpoint.query, one.upstream)
        == (here.base_url, here.query, model.upstream)
        for one in made
        if one.endpoint is not None
    )
