"""What a declaration says of a model's worth: quality, speed and data handling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors.problems import nearest
from llmroute.types.models import QUALITIES
from llmroute.types.requests import TASKS

from .measured import read_handling, speed_of

if TYPE_CHECKING:
    from llmroute.errors.reading import Table

    from .options import Declaration

ANY = "any"
"""In a table of qualities: every task that it does not name."""


def with_worth(declared: Declaration, table: Table) -> Declaration:
    """Read what a table says of quality, speed and data handling."""
    speed = table.table("speed")
    return declared._replace(
        quality=_quality(table),
        speed=None if speed is None else speed_of(speed),
        data=read_handling(table.table("data")),
        open_weights=table.flag("open_weights"),
        service_tier=table.text("service_tier"),
    )


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
