"""Prices, as files and declarations write them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from llmroute.types.frozen import replace
from llmroute.types.prices import FREE, Price, joined

from .rates import read_hours_of, read_rates, read_tiers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from llmroute.errors.reading import Table


def read_price(table: Table) -> Price | None:
    """Read a price in USD per million tokens; None, and problems, when it is not whole."""
    rates = read_rates(table)
    base = FREE if rates is None else rates  # read on, for mistakes
    price = replace(
        base,
        marginal=False,
        tiers=read_tiers(table, base),
        hours=read_hours_of(table, base),
        regional=table.number("regional", "0", "10", above=True),
        valid_from=table.day("valid_from"),
        valid_until=table.day("valid_until"),
    )
    table.done()
    _check_days(price, table)
    if price.hours and any(isinstance(one, Price) for _, one in price.tiers):
        what = "hours change every rate, also those of a tier that is told by its rates"
        table.problem("hours", what, "Write the tier as a factor")
    return price if rates is not None else None


def _check_days(price: Price, table: Table) -> None:
    first, last = price.valid_from, price.valid_until
    if first is not None and last is not None and last < first:
        table.problem("valid_until", "it is before valid_from")


def read_prices(
    table: Table, read: Callable[[Table, int], Price | None] = lambda one, _: read_price(one)
) -> Price | None:
    """Read [[prices]], the price of each span of days; the newest comes first.

    `read` takes a row and its number.
    """
    if table.get("prices") is None:
        return None
    if table.get("price") is not None:
        table.problem("prices", "price is given as well", "Leave one of them out")
    found = [read(row, at) for at, row in enumerate(table.tables("prices"))]
    rows = [row for row in found if row is not None]
    _check_rows(rows, table)
    newest = sorted(rows, key=lambda row: _ordinal(row, "valid_from", 0), reverse=True)
    return joined(newest)


def _check_rows(rows: Sequence[Price], table: Table) -> None:
    """Report two rows for one day."""
    in_order = sorted(rows, key=lambda row: _ordinal(row, "valid_from", 0))
    for one, after in pairwise(in_order):
        if _ordinal(one, "valid_until", 10**7) >= _ordinal(after, "valid_from", 0):
            what = f"two of its rows hold on {after.valid_from or one.valid_from or 'every day'}"
            table.problem("prices", what, "Give the earlier one a valid_until")
            return


def _ordinal(row: Price, name: str, otherwise: int) -> int:
    """The day on which a row begins or ends, as a number."""
    day = row.valid_from if name == "valid_from" else row.valid_until
    return otherwise if day is None else day.toordinal()


def hourly_price(
    hour_usd: Decimal, input_per_s: Decimal, output_per_s: Decimal, utilization: Decimal
) -> Price:
    """What a token costs on a machine that is paid by the hour.

    USD per hour / 3600 s / tokens per second / the share of the time in which it works, times a
    million: for the tokens of prompts and of answers, each at the speed of its own.
    """
    second_usd = hour_usd / 3600 / utilization * 1_000_000
    return Price(_rounded(second_usd / input_per_s), _rounded(second_usd / output_per_s))


def _rounded(rate: Decimal) -> Decimal:
    """To a millionth of a USD per million tokens, without the zeros behind."""
    from decimal import Decimal as Number

    return Number(f"{rate.quantize(Number('0.000001')).normalize():f}")
