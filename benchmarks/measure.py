"""What the benchmarks share: fair rounds, rows with their floors, and the table."""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

from llmroute.types.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Row(NamedTuple):
    """One figure. `floor` is what it must not exceed; None: reported only."""

    what: str
    measured: float
    unit: str
    floor: float | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """Whether the floor is kept."""
        if self.floor is None:
            return ""
        return "pass" if self.measured <= self.floor else "MISS"


def cpu_s(work: Callable[[], object], times: int) -> float:
    """CPU seconds of this process, its threads included, for one of `times` runs of `work`."""
    gc.collect()
    begun = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begun) / times


def interleaved(works: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure each work once a round, in turn, so that a busy moment hits all of them."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            figures[name].append(work())
    return figures


def ratio(figures: Mapping[str, Sequence[float]], name: str, base: str) -> float:
    """The median over the rounds of `name` divided by `base` in the same round."""
    pairs = zip(figures[name], figures[base], strict=True)
    return statistics.median(one / other for one, other in pairs)


def medians(figures: Mapping[str, Sequence[float]], scale: float, unit: str) -> str:
    """Write the median of each work, for the detail of a row."""
    return ", ".join(
        f"{name} {statistics.median(values) * scale:.3g} {unit}" for name, values in figures.items()
    )


def show(rows: Sequence[Row], title: str = "") -> str:
    """Lay rows out as a table."""
    cells = [
        (
            row.verdict,
            f"{row.measured:.3g} {row.unit}",
            "" if row.floor is None else f"<= {row.floor:g} {row.unit}",
            row.what,
            row.detail,
        )
        for row in rows
    ]
    return table(("", "measured", "floor", "what", "beside"), cells, title=title)
