"""Every benchmark, each in an interpreter of its own, as one table; a missed floor fails."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from typing import TYPE_CHECKING, cast

from benchmarks.measure import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measure import Row

NAMES = (
    "imports",
    "calls",
    "stream",
    "async_calls",
    "load",
    "flow",
    "hedging",
    "plans",
    "tasks",
    "deadline",
    "faults",
    "cancel",
    "limits",
)


def rows_of(name: str) -> list[Row]:
    """Run one benchmark."""
    rows = cast("Callable[[], list[Row]]", import_module(f"benchmarks.{name}").rows)
    return rows()


def main() -> int:
    """Run all; 1 when a floor is missed."""
    found: list[Row] = []
    for name in NAMES:
        print(f"benchmarks/{name}.py ...", file=sys.stderr, flush=True)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found += pool.submit(rows_of, name).result()
    print(show(found, f"Python {sys.version.split()[0]}, {sys.platform}; lower is better"))
    return int(any(row.verdict == "MISS" for row in found))


if __name__ == "__main__":
    sys.exit(main())
