"""Prices, as files and declarations write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.usage import Price

if TYPE_CHECKING:
    from llmroute.errors.reading import Table


def read_price(table: Table) -> Price | None:
    """Read a price in USD per million tokens; None, and problems, when it is not whole."""
    keys = ("input", "output", "cached_input", "cache_write", "cache_write_1h")
    numbers = {key: table.number(key, "0", "1000") for key in keys}
    table.done()
    if numbers["input"] is None or numbers["output"] is None:
        if table.get("input") is None or table.get("output") is None:
            table.problem("", "a price needs input and output, in USD per million tokens")
        return None
    return Price(
        input=numbers["input"],
        output=numbers["output"],
        cached_input=numbers["cached_input"],
        cache_write=numbers["cache_write"],
        cache_write_1h=numbers["cache_write_1h"],
    )
