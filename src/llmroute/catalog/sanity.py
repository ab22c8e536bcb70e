"""A gate for prices: what cannot be right, such as a row that is wrong by powers of ten.

Pure; an import leaves a row with a flaw out, and `llmroute catalog check` names it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from llmroute.types.prices import Price

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmroute.types.prices import LongContext

MOST_USD = Decimal(1000)
"""The highest rate that is believed, in USD per million tokens."""
MOST_FACTOR = Decimal(10)
"""The highest factor of a service tier, or of a region, that is believed."""
MOST_TIMES = Decimal(20)
"""So many times dearer or cheaper than what is known of a model, a price is not believed."""
MOST_FIGURES = 12
"""How long a number may be to be written out."""


class Flaw(NamedTuple):
    """What is wrong with a price: which number of it, its value, and why."""

    key: str
    value: Decimal
    why: str

    def __str__(self) -> str:
        """Name all three in one line."""
        return f"{self.key} = {figure(self.value)}: {self.why}"


def figure(number: Decimal) -> str:
    """Write a number out; one of many digits by its first six."""
    if not number.is_finite():
        return str(number)
    text = f"{number.normalize():f}"
    return text if len(text) <= MOST_FIGURES else f"{number:.6g}"


def flaws(
    price: Price, known: Price | None = None, *, embeds: bool = False, free: bool = False
) -> tuple[Flaw, ...]:
    """Everything about a host's price that cannot be right; empty: it may be.

    `known` is what was known of the model before, or what is usual for it; None: nothing is. One
    row of a dated price must be near one row of that.
    A model that `embeds` has no output to pay for. One may cost nothing when it is said to be
    `free`.
    """
    found: list[Flaw] = []
    for row in price.rows:
        of_range = tuple(_range(row))
        found += of_range or _row(row, embeds=embeds, free=free)
    if known is not None and not found:
        far = [tuple(_against(row, before)) for row in price.rows for before in known.rows]
        found += far[0] if all(far) else ()
    return tuple(found)


def _range(row: Price) -> Iterator[Flaw]:
    """Rates from 0 to 1000 USD and factors above 0; what is no number at all is caught here."""
    for key, rate in _rates(row):
        if not rate.is_finite() or not 0 <= rate <= MOST_USD:
            yield Flaw(key, rate, f"a rate is from 0 to {MOST_USD} USD per million tokens")
    for key, factor in _factors(row):
        if not factor.is_finite() or not 0 < factor <= MOST_FACTOR:
            yield Flaw(key, factor, f"a factor is above 0 and at most {MOST_FACTOR}")


def _rates(row: Price) -> Iterator[tuple[str, Decimal]]:
    for prefix, price in ("", row), *_in_place(row):
        yield from _four(prefix, price)
        yield from ((f"{prefix}cache_write.{life}", rate) for life, rate in price.cache_writes)
        for one in price.long_context:
            yield from _four(f"{prefix}long_context.{one.above_tokens}.", one)


def _in_place(row: Price) -> Iterator[tuple[str, Price]]:
    """The rates that stand in place of the plain ones: those of tiers, and of hours."""
    for key, rates in _others(row):
        if isinstance(rates, Price):
            yield f"{key}.", rates


def _others(row: Price) -> Iterator[tuple[str, Decimal | Price]]:
    yield from ((f"tiers.{name}", rates) for name, rates in row.tiers)
    yield from ((f"hours.{number}", one.rates) for number, one in enumerate(row.hours))


def _four(prefix: str, rates: Price | LongContext) -> Iterator[tuple[str, Decimal]]:
    for key in ("input", "output", "cached_input", "cache_write"):
        rate: Decimal | None = getattr(rates, key)
        if rate is not None:
            yield f"{prefix}{key}", rate


def _factors(row: Price) -> Iterator[tuple[str, Decimal]]:
    yield from ((key, rates) for key, rates in _others(row) if not isinstance(rates, Price))
    if row.regional is not None:
        yield "regional", row.regional


def _row(row: Price, *, embeds: bool, free: bool) -> list[Flaw]:
    """How the rates of one row stand to each other."""
    if row.input == 0 and row.output == 0:
        nothing = Flaw("input", row.input, "a host that asks for nothing is not believed")
        return [] if free else [nothing]
    return [
        flaw
        for prefix, price in (("", row), *_in_place(row))
        for flaw in _whole(prefix, price, embeds=embeds)
    ]


def _whole(start: str, price: Price, *, embeds: bool) -> Iterator[Flaw]:
    """The same of rates that stand together; their keys begin with `start`."""
    yield from _plain(start, price, embeds=embeds)
    for life, rate in price.cache_writes:
        yield from _write(f"{start}cache_write.{life}", rate, price.input)
    for one in price.long_context:
        prefix = f"{start}long_context.{one.above_tokens}."
        yield from _plain(prefix, one, embeds=embeds)
        yield from _longer(prefix, one, price)


def _plain(prefix: str, rates: Price | LongContext, *, embeds: bool) -> Iterator[Flaw]:
    """Output is not far below input, cached input not above it and not free, writing near it."""
    if rates.input == 0:
        yield Flaw(f"{prefix}input", rates.input, "input is free, and output is not")
    if not embeds and rates.output < rates.input / 4:
        yield Flaw(f"{prefix}output", rates.output, "it is less than a quarter of input")
    if rates.cached_input is not None:
        yield from _cached(f"{prefix}cached_input", rates.cached_input, rates.input)
    if rates.cache_write is not None:
        yield from _write(f"{prefix}cache_write", rates.cache_write, rates.input)


def _cached(key: str, rate: Decimal, input_usd: Decimal) -> Iterator[Flaw]:
    if rate > input_usd:
        yield Flaw(key, rate, "it is dearer than other input")
    if rate == 0 and input_usd > 0:
        yield Flaw(key, rate, "cached input is free, and other is not")


def _write(key: str, rate: Decimal, input_usd: Decimal) -> Iterator[Flaw]:
    if not input_usd / 2 <= rate <= input_usd * 4:
        yield Flaw(key, rate, "writing costs from half to four times what input does")


def _longer(prefix: str, long: LongContext, row: Price) -> Iterator[Flaw]:
    plain = dict(_four("", row))
    for key, rate in _four("", long):
        if key in plain and rate < plain[key]:
            yield Flaw(f"{prefix}{key}", rate, "a long prompt is cheaper than a short one")


def _against(price: Price, known: Price) -> Iterator[Flaw]:
    """How far the rates are from those that are known: 20 times, or all of them ten times."""
    both = [("input", price.input, known.input), ("output", price.output, known.output)]
    pairs = [one for one in both if one[1] > 0 and one[2] > 0]
    for key, rate, before in pairs:
        if not 1 / MOST_TIMES < rate / before < MOST_TIMES:
            yield Flaw(key, rate, f"{figure(before)} is known: {_times(rate, before)}")
            return
    if _is_shifted([rate / before for _, rate, before in pairs]):
        key, rate, before = pairs[0]
        yield Flaw(key, rate, f"{figure(before)} is known: the decimal point is elsewhere")


def _times(rate: Decimal, before: Decimal) -> str:
    dearer = rate > before
    times = rate / before if dearer else before / rate
    return f"{figure(times.quantize(Decimal(1)))} times {'dearer' if dearer else 'cheaper'}"


def _is_shifted(ratios: Sequence[Decimal]) -> bool:
    """Whether all ratios are the same power of ten, and not 1."""
    if len(set(ratios)) != 1:
        return False
    _, digits, exponent = ratios[0].normalize().as_tuple()
    return digits == (1,) and exponent != 0
