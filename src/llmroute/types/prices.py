"""Prices: what tokens cost, by day and hour, service tier, length of the prompt and place."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING

from .frozen import dataclass, field, replace
from .tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from .usage import Usage

PER_MILLION = Decimal(1_000_000)
EXACT = Context(prec=60)
"""What money is reckoned in, whatever precision the program's own context has."""
_multiply, _fma, _divide = EXACT.multiply, EXACT.fma, EXACT.divide
STANDARD = ("standard", "default", "on_demand")
"""Names of the service tier that a price is of when no other is asked for; the last is Groq's."""


def is_standard(tier: str | None) -> bool:
    """Whether a service tier is the plain one."""
    return tier is None or tier in STANDARD


class LongContext(NamedTuple):
    """What every token of a request costs once its prompt has more than `above_tokens` tokens.

    In USD per million tokens; `cached_input` and `cache_write` of None mean: like other input.
    """

    above_tokens: int
    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None

    def times(self, factor: Decimal) -> LongContext:
        """Every rate times `factor`."""
        return LongContext(
            self.above_tokens,
            EXACT.multiply(self.input, factor),
            EXACT.multiply(self.output, factor),
            _times(self.cached_input, factor),
            _times(self.cache_write, factor),
        )


class Hours(NamedTuple):
    """What tokens cost at some hours of the week: a factor of every rate, or rates of their own.

    `start` and `end` are minutes of the day in UTC, `end` left out of it; hours that end before
    they start go on past midnight. `days` count from 0, Monday, and are those on which they start.
    """

    start: int
    end: int
    days: frozenset[int]
    rates: Decimal | Price

    def times(self, factor: Decimal) -> Hours:
        """Every rate times `factor`; what is a factor itself stays one."""
        return self._replace(rates=_scaled(self.rates, factor))


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens; `marginal` marks a local model whose machine is already paid for.

    `cached_input` and `cache_write` of None mean: charged like other input. `cache_writes` are
    pairs of how long the cache keeps what is written ("5m", "1h") and what writing costs then.
    `tiers` are pairs of a service tier ("batch", "flex", "fast") and the factor of every rate
    there, or all of its rates. `hours` are those at which tokens cost something else; the rest of
    the week costs these rates. `long_context` are the rates of long prompts, those of the longest
    last. `regional` is the factor of every rate where a region was asked for; None: not known. The
    price holds from `valid_from` to `valid_until`, both included; None: without end. `others` are
    the prices of other days. `plain` is the price at the standard tier where this is that of
    another; None: this is. `is_dated` says that it is not the same on every day, or at every hour.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    marginal: bool = False
    cache_writes: tuple[tuple[str, Decimal], ...] = ()
    tiers: tuple[tuple[str, Decimal | Price], ...] = ()
    long_context: tuple[LongContext, ...] = ()
    regional: Decimal | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    others: tuple[Price, ...] = ()
    plain: Price | None = None
    hours: tuple[Hours, ...] = ()
    is_dated: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Look once whether the price is the same at all times; that is asked at every plan."""
        is_dated = self.others or self.valid_from is not None or self.valid_until is not None
        object.__setattr__(self, "is_dated", bool(is_dated or self.hours))

    @property
    def rows(self) -> tuple[Price, ...]:
        """The price of each span of days, this one first."""
        return (replace(self, others=()), *self.others) if self.others else (self,)

    def on(self, day: date) -> Price | None:
        """The price of a day; None when none is known."""
        return next((row for row in self.rows if row.holds(day)), None)

    def holds(self, day: date) -> bool:
        """Whether these rates, without those of other days, are those of `day`."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)

    def current(self, day: date, now: datetime | None) -> Price | None:
        """The price of a day at a moment with its zone; None when none is known.

        Where it depends on the hour, none is known without a moment.
        """
        row = self.on(day)
        if row is None or not row.hours:
            return row
        return None if now is None else row.of_hour(now)

    def of_hour(self, now: datetime) -> Price:
        """These rates as they are at a moment with its zone, whatever the hour then."""
        from datetime import UTC

        from .times import within

        here = now.astimezone(UTC)
        plain = None if self.plain is None else self.plain.of_hour(now)
        for one in self.hours:
            if within(here, one.start, one.end, one.days):
                return replace(self.changed(one.rates), hours=(), plain=plain)
        return replace(self, hours=(), plain=plain)

    def changed(self, rates: Decimal | Price) -> Price:
        """These rates times a factor, or others in their place, for the same days and region."""
        if not isinstance(rates, Price):
            return self.times(rates)
        return replace(
            rates,
            tiers=self.tiers,
            regional=self.regional,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )

    def at_tier(self, tier: str | None) -> Price | None:
        """The price at a service tier, "standard" or None being the plain one; None: not known."""
        if self.plain is None and is_standard(tier):
            return self
        return joined([one for one in (row.served(tier) for row in self.rows) if one is not None])

    def served(self, tier: str | None) -> Price | None:
        """These rates at a service tier, without those of other days; None: not known."""
        plain = self.plain or replace(self, others=())
        if tier is None or is_standard(tier):
            return plain
        rates = dict(plain.tiers).get(tier)
        return None if rates is None else replace(plain.changed(rates), plain=plain)

    def in_region(self) -> Price | None:
        """The price where a region was asked for; None when no factor is known.

        It holds its factor already: asked for again, it is the same.
        """
        known = [(row, row.regional) for row in self.rows]
        return joined(
            [
                replace(row.times(factor), regional=Decimal(1))
                for row, factor in known
                if factor is not None
            ]
        )

    def marked(self, life: str | None) -> Price:
        """The price when prompts are marked for the provider's cache for so long; None: not."""
        if life is None:
            return self
        marked = joined([row.written_for(life) for row in self.rows])
        return self if marked is None else marked

    def written_for(self, life: str) -> Price:
        """These rates, with what writing for so long costs; unchanged where that is not known."""
        write = dict(self.cache_writes).get(life)
        if write is None or write == self.cache_write:
            return self
        factor = EXACT.divide(write, self.cache_write) if self.cache_write else Decimal(1)
        longer = tuple(
            one._replace(cache_write=_times(one.cache_write, factor)) for one in self.long_context
        )
        return replace(
            self,
            cache_write=write,
            long_context=longer,
            plain=None if self.plain is None else self.plain.written_for(life),
            tiers=tuple((name, _written(rates, life)) for name, rates in self.tiers),
            hours=tuple(one._replace(rates=_written(one.rates, life)) for one in self.hours),
        )

    def times(self, factor: Decimal) -> Price:
        """Every rate times `factor`."""
        return replace(
            self,
            input=EXACT.multiply(self.input, factor),
            output=EXACT.multiply(self.output, factor),
            cached_input=_times(self.cached_input, factor),
            cache_write=_times(self.cache_write, factor),
            cache_writes=tuple(
                (life, EXACT.multiply(rate, factor)) for life, rate in self.cache_writes
            ),
            long_context=tuple(one.times(factor) for one in self.long_context),
            plain=None if self.plain is None else self.plain.times(factor),
            tiers=tuple((name, _scaled(rates, factor)) for name, rates in self.tiers),
            hours=tuple(one.times(factor) for one in self.hours),
        )

    def rates(self, input_tokens: int) -> Price | LongContext:
        """The rates of a prompt of so many tokens."""
        found: Price | LongContext = self
        for one in self.long_context:
            if input_tokens > one.above_tokens:
                found = one
        return found

    def cost_usd(self, usage: Usage) -> Decimal:
        """Price `usage` in USD, exactly; the day is not looked at."""
        rates = self.rates(usage.input_tokens) if self.long_context else self
        if not usage.cached_input_tokens and not usage.cache_write_tokens:
            return two_kinds(usage.input_tokens, rates.input, usage.output_tokens, rates.output)
        cached = rates.input if rates.cached_input is None else rates.cached_input
        write = rates.input if rates.cache_write is None else rates.cache_write
        plain = usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens
        return millionths(
            (plain, rates.input),
            (usage.cached_input_tokens, cached),
            (usage.cache_write_tokens, write),
            (usage.output_tokens, rates.output),
        )


def two_kinds(tokens: int, rate: Decimal, others: int, other_rate: Decimal) -> Decimal:
    """What tokens of two kinds cost together, at rates in USD per million, exactly."""
    return _divide(_fma(others, other_rate, _multiply(tokens, rate)), PER_MILLION)


def millionths(*parts: tuple[int, Decimal]) -> Decimal:
    """What so many tokens cost together, each kind at its rate in USD per million, exactly."""
    tokens, rate = parts[0]
    total = EXACT.multiply(tokens, rate)
    for tokens, rate in parts[1:]:
        total = EXACT.fma(tokens, rate, total)
    return EXACT.divide(total, PER_MILLION)


def joined(rows: Sequence[Price]) -> Price | None:
    """One price of the prices of several days, the first of them first; None: there are none."""
    if not rows:
        return None
    return rows[0] if len(rows) == 1 else replace(rows[0], others=tuple(rows[1:]))


def _times(rate: Decimal | None, factor: Decimal) -> Decimal | None:
    return None if rate is None else EXACT.multiply(rate, factor)


def _scaled(rates: Decimal | Price, factor: Decimal) -> Decimal | Price:
    return rates.times(factor) if isinstance(rates, Price) else rates


def _written(rates: Decimal | Price, life: str) -> Decimal | Price:
    return rates.written_for(life) if isinstance(rates, Price) else rates


FREE = Price(Decimal(0), Decimal(0), marginal=True)
"""What a local model costs when nothing else is declared: its marginal cost."""
