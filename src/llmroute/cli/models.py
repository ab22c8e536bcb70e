"""`llmroute models`: what can answer on this machine now, and what the rest is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import fill
from typing import TYPE_CHECKING

from llmroute.catalog import model as declare
from llmroute.catalog import resolve
from llmroute.client.setup import read_policy
from llmroute.client.sync import Client
from llmroute.errors import PolicyError, RequestError
from llmroute.types.tables import WIDTH, table

from .check import place_of
from .terminal import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.catalog import Catalog
    from llmroute.policies.files import PolicyFile
    from llmroute.types.models import Model
    from llmroute.types.plans import Plan
    from llmroute.types.prices import Price

    from .arguments import Arguments

HEAD = ("name", "id", "where", "window", "price", "state")
Row = tuple[str, ...]
SHORTENED = 100_000
"""Windows from here on are shown in thousands."""


def models(arguments: Arguments) -> int:
    """Print a table of the policy's models; with --all, of the catalog's others too."""
    if arguments.observed is not None:
        from .observed import observed

        return observed(arguments)
    if arguments.json:
        raise RequestError("it goes with --observed", where="--json")
    policy = read_policy(arguments.policy)
    with Client(arguments.policy) as client:
        rows = _rows(client, [model.name for model in policy.models])
        rows += _others(client, policy) if arguments.every else []
    units = "windows in tokens, prices in USD per million tokens, in/out"
    write(table(HEAD, rows, title=f"{place_of(policy)}; {units}") + "\n")
    if arguments.every:
        names = ", ".join(open_providers(policy.catalog))
        write(fill(f"any model, as in groq/MODEL: {names}", WIDTH) + "\n")
    return 0


def _others(client: Client, policy: PolicyFile) -> list[Row]:
    """The models of the catalog that the policy does not use."""
    used = {model.id for model in policy.models}
    others = (id_ for id_ in catalog_ids(policy.catalog) if id_ not in used)
    return [row for id_ in others for row in _named(client, id_, policy.catalog)]


def open_providers(catalog: Catalog) -> Iterator[str]:
    """The providers that take models which the catalog does not list."""
    for name in catalog.names():
        entry = catalog.provider(name)
        if entry is not None and (entry.any_model or entry.server):
            yield name


def ready(client: Client, names: list[str]) -> Plan:
    """Plan a word for these models: who may answer it can answer now."""
    return client.plan("?", model=names)


def listed(client: Client, names: list[str]) -> str:
    """Write a table of these models: where they are, and whether they can answer now."""
    return table(HEAD, _rows(client, names))


def catalog_ids(catalog: Catalog) -> Iterator[str]:
    """Every model of the catalog, as "provider/model"."""
    for name in catalog.names():
        entry = catalog.provider(name)
        for model in entry.models if entry else ():
            yield f"{name}/{model}"


def _rows(client: Client, names: list[str]) -> list[Row]:
    plan = ready(client, names)
    rows = _states(plan)
    embedding = [one.model.name for one in plan.refused if "text" not in one.model.abilities]
    if embedding:
        rows |= _states(client.plan_embed("?", model=embedding))
    return [rows[name] for name in names]


def _states(plan: Plan) -> dict[str, Row]:
    """One row per model of a plan, by name."""
    return {
        one.model.name: _row(one.model, "; ".join(["ready", *one.warnings]))
        for one in plan.candidates
    } | {one.model.name: _row(one.model, one.reason) for one in plan.refused}


def _named(client: Client, id_: str, catalog: Catalog) -> list[Row]:
    """A model that the policy does not name; it is named by its id."""
    try:
        resolve(declare(id_, use=id_), catalog)
    except PolicyError as error:
        return [("", id_, "", "", "", error.problems[0].what)]
    return _rows(client, [id_])


def _row(model: Model, state: str) -> Row:
    name = "" if model.name == model.id else model.name
    where = "local" if model.local else "remote"
    return (name, model.id, where, window_of(model.context_tokens), price_of(model.price), state)


def window_of(tokens: int | None) -> str:
    """Write a window."""
    if tokens is None:
        return "unknown"
    return str(tokens) if tokens < SHORTENED else f"{tokens // 1000}k"


def price_of(price: Price | None) -> str:
    """Write the price of now, in/out."""
    now = datetime.now(UTC)
    row = None if price is None else price.current(now.date(), now)
    if row is None:
        return "unknown"
    if row.marginal:
        return "marginal"
    return f"{row.input}/{row.output}"
