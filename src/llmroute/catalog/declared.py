"""What few declarations say of a model: quality, speed, data handling, origin, cost, limits."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from llmroute.errors.problems import close, nearest
from llmroute.types.models import QUALITIES
from llmroute.types.requests import TASKS

from .contracts import check_contract
from .families import known_base, weights_names
from .limiting import read_rates
from .measured import read_handling, speed_of
from .prices import hourly_price

if TYPE_CHECKING:
    from llmroute.errors.reading import Table
    from llmroute.types.prices import Price

    from .options import Declaration

ANY = "any"
"""In a table of qualities: every task that it does not name."""


def with_worth(declared: Declaration, table: Table) -> Declaration:
    """Read what a table says of quality, speed, data handling and the like."""
    speed = table.table("speed")
    hourly = _hourly(table)
    return declared._replace(
        price=declared.price or hourly,
        quality=_quality(table),
        speed=None if speed is None else speed_of(speed),
        data=read_handling(table.table("data")),
        open_weights=table.flag("open_weights"),
        service_tier=table.text("service_tier"),
        base_models=_base_models(table),
        host_terms=_host_terms(table),
        limits=read_rates(table.table("limits")),
    )


def _base_models(table: Table) -> tuple[str, ...] | None:
    """Read names of weights; a misspelt one is a problem, one that nobody knows is taken."""
    given = table.texts("base_models")
    for name in given or ():
        meant = None if known_base(name) else close(name, weights_names(), 0.8)
        if meant is not None:
            what = f"the catalog knows no weights {name!r}"
            table.problem("base_models", what, f"Did you mean {meant!r}?")
    return given


def _host_terms(table: Table) -> str | None:
    """Read the id of a host's contract; what is no contract's is a problem."""
    given = table.text("host_terms")
    if given is not None:
        check_contract(given, table)
    return given


def _quality(table: Table) -> tuple[tuple[str, str], ...] | None:
    """Read a tier, or a table of tiers by task."""
    given = table.get("quality")
    if given is None:
        return None
    if isinstance(given, str):
        tier = table.choice("quality", QUALITIES)
        return None if tier is None else ((ANY, tier),)
    inner = table.table("quality")
    return None if inner is None else _by_task(inner)


def _by_task(inner: Table) -> tuple[tuple[str, str], ...]:
    for task in inner.values:
        if task not in (*TASKS, ANY):
            inner.problem(task, "there is no such task", nearest(task, (*TASKS, ANY)))
    tiers = ((task, inner.choice(task, QUALITIES)) for task in inner.values)
    return tuple((task, tier) for task, tier in tiers if tier is not None)


def _hourly(table: Table) -> Price | None:
    """Read what the machine costs, and how fast it works: so much costs a token there."""
    hour_usd = table.number("cost_per_hour_usd", "0", "10000", above=True)
    speeds = table.table("tokens_per_second")
    share = table.number("utilization", "0", "1", above=True)
    into, out = (None, None) if speeds is None else _speeds(speeds)
    if hour_usd is None:
        _needless(table)
    else:
        _check_alone(table)
    if hour_usd is None or into is None or out is None:
        return None
    return hourly_price(hour_usd, into, out, Decimal(1) if share is None else share)


def _check_alone(table: Table) -> None:
    """Report a price beside the cost of an hour, or no speed."""
    if table.get("price") is not None or table.get("prices") is not None:
        table.problem("cost_per_hour_usd", "price is given as well", "Leave one of them out")
    if table.get("tokens_per_second") is None:
        hint = "tokens_per_second = { input = 800, output = 40 }, as measured on the machine"
        table.problem("cost_per_hour_usd", "it needs tokens_per_second", hint)


def _needless(table: Table) -> None:
    """Report what means nothing without a cost per hour."""
    for key in ("tokens_per_second", "utilization"):
        if table.get(key) is not None and table.get("cost_per_hour_usd") is None:
            table.problem(key, "it says what an hour's tokens cost", "Add cost_per_hour_usd")


def _speeds(speeds: Table) -> tuple[Decimal | None, Decimal | None]:
    """Read tokens per second of prompts, and of answers."""
    most = "100000000"
    into, out = (speeds.number(key, "0", most, above=True) for key in ("input", "output"))
    speeds.done()
    if speeds.get("input") is None or speeds.get("output") is None:
        what = "it needs input and output, the tokens of prompts and answers in a second"
        speeds.problem("", what)
    return into, out
