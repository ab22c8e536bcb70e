"""Prices: rows by day, tiers, long prompts, regions, the cache, and machines paid by the hour."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llmroute
from llmroute import PolicyError, Price, RequestError, Usage
from llmroute.catalog import resolve
from llmroute.catalog.layers import overlaid
from llmroute.catalog.tables import read_provider
from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.catalog.options import ModelOptions, PriceTable

FILE = """
[provider]
name = "Acme"
base_url = "https://api.acme.example/v1"
regions = { eu = "https://eu.acme.example/v1" }
origins = ["https://api.acme.example", "https://eu.acme.example"]
api = "openai-chat"
[sources.page]
title = "Acme, prices"
url = "https://acme.example/prices"
checked_on = 2026-11-01
[[models.m.prices]]
input = 4
output = 20
cached_input = 0.4
cache_write = { 30m = 5, 12h = 10 }
tiers = { batch = 0.5, flex = 0.5, fast = 2 }
long_context = [
    { above_tokens = 1000, input = 8, output = 30, cached_input = 0.8, cache_write = 9 },
]
regional = 1.1
valid_from = 2026-08-21
source = "page"
[[models.m.prices]]
input = 5
output = 30
tiers = { batch = 0.5 }
valid_until = 2026-08-20
source = "page"
"""


def listed(text: str = FILE) -> Price:
    """The price of Acme's model m."""
    entry = read_provider("acme", tomllib.loads(text, parse_float=Decimal)).models["m"]
    assert entry.price is not None
    return entry.price


def test_a_thousand_and_five_hundred_tokens_of_gpt_4() -> None:
    """1,000 tokens of prompt and 500 of answer cost gpt-4's 30 and 60 USD per million, exactly."""
    assert llmroute.price("openai/gpt-4", Usage(1000, 500)) == Decimal("0.06")


def test_the_price_of_the_day_counts() -> None:
    """Each row holds from its first to its last day, both included."""
    price = listed()
    assert price.is_dated
    day, before = price.on(date(2026, 8, 21)), price.on(date(2026, 8, 20))
    assert day is not None
    assert before is not None
    assert [day.input, before.input] == [4, 5]
    assert day.others == before.others == ()


def test_a_day_without_a_row_has_no_price() -> None:
    """What nobody wrote down for a day is unknown, not the price of another day."""
    gap = listed(FILE.replace("valid_until = 2026-08-20", "valid_until = 2026-08-01"))
    assert gap.on(date(2026, 8, 10)) is None
    assert gap.on(date(2026, 8, 1)) is not None


def test_a_tier_multiplies_every_rate() -> None:
    """At flex every rate is half, those of long prompts and of the cache too; no tier is left."""
    flex = listed().at_tier("flex")
    assert flex is not None
    rates = [flex.input, flex.output, flex.cached_input, flex.cache_write]
    assert rates == [Decimal(2), Decimal(10), Decimal("0.2"), Decimal("2.5")]
    assert list(flex.long_context[0][1:]) == [4, 15, Decimal("0.4"), Decimal("4.5")]
    assert dict(flex.cache_writes) == {"30m": Decimal("2.5"), "12h": 5}
    assert flex.others == ()  # the older row knows no flex
    batch = listed().at_tier("batch")
    assert batch is not None
    assert [row.input for row in batch.rows] == [2, Decimal("2.5")]


def test_a_tier_knows_the_plain_price() -> None:
    """Whatever is done to the price of a tier is done to the standard one that it remembers."""
    flex = listed().at_tier("flex")
    assert flex is not None
    assert flex.at_tier("standard") == flex.at_tier(None) == replace(listed(), others=())
    assert flex.at_tier("fast") == replace(listed(), others=()).at_tier("fast")
    there, longer = flex.in_region(), flex.marked("12h")
    assert there is not None
    assert there.plain is not None
    assert there.plain.input == Decimal("4.4")
    assert longer.plain is not None
    assert longer.plain.cache_write == 10
    batch = listed().at_tier("batch")
    assert batch is not None
    assert batch.at_tier("standard") == listed()


UNEVEN = """
[[models.m.prices]]
input = 4
output = 20
cached_input = 0.4
cache_write = { 5m = 5, 1h = 8 }
regional = 1.1
long_context = [{ above_tokens = 1000, input = 8, output = 30, cached_input = 0.8 }]
tiers.flex = 0.5
valid_until = 2026-08-20
source = "page"
[models.m.prices.tiers.batch]
input = 2
output = 10
cached_input = 0.4
cache_write = { 5m = 3, 1h = 7 }
long_context = [{ above_tokens = 1000, input = 4, output = 15, cached_input = 0.8 }]
"""
HEAD = FILE.partition("[[models")[0]


def test_a_tier_may_have_rates_of_its_own() -> None:
    """Each kind of token costs what the tier's own rate says, short and long, in a region too."""
    price = listed(HEAD + UNEVEN)
    batch = price.at_tier("batch")
    assert batch is not None
    assert batch.cost_usd(Usage(1000, 100, 600)) == Decimal("0.00204")
    assert batch.cost_usd(Usage(2000, 100, 1000)) == Decimal("0.0063")
    assert (batch.valid_until, batch.regional) == (date(2026, 8, 20), Decimal("1.1"))
    assert batch.at_tier("standard") == price
    assert batch.marked("1h").cache_write == 7
    there = price.in_region()
    assert there is not None
    dear = there.at_tier("batch")
    assert dear is not None
    assert [dear.input, dear.cached_input, dear.cache_write] == [
        *(Decimal("2.2"), Decimal("0.44"), Decimal("3.3"))
    ]
    later = price.marked("1h").at_tier("batch")
    assert later is not None
    assert later.cache_write == 7


HOURLY = """
[[models.m.prices]]
input = 4
output = 20
cached_input = 0.4
tiers = { flex = 0.5 }
regional = 1.1
valid_from = 2026-08-21
source = "page"
hours = [
    { time = "16:30-00:30", days = ["fri"], factor = 0.5 },
    { time = "00:30-08:00", days = ["mon", "tue"], input = 1, output = 5, cached_input = 0.3 },
]
"""
FRIDAY = date(2026, 8, 21)


@pytest.mark.parametrize(
    ("day", "clock", "usd"),
    [
        (FRIDAY, "16:29", "0.006"),
        (FRIDAY, "16:30", "0.003"),
        (date(2026, 8, 22), "00:29", "0.003"),
        (date(2026, 8, 22), "00:30", "0.006"),
        (date(2026, 8, 22), "16:30", "0.006"),
        (date(2026, 8, 24), "07:59", "0.0015"),
        (date(2026, 8, 26), "07:59", "0.006"),
    ],
)
def test_the_price_of_the_hour_counts(day: date, clock: str, usd: str) -> None:
    """Hours begin and end to the minute, in UTC, and go on past midnight of the days named."""
    model = replace(resolve(llmroute.model("m", use="openai/gpt-4")), price=listed(HEAD + HOURLY))
    moment = datetime.combine(day, time.fromisoformat(clock), UTC)
    for zone in (UTC, timezone(timedelta(hours=-9))):
        assert llmroute.price(model, Usage(1000, 100), at=moment.astimezone(zone)) == Decimal(usd)


def test_hours_and_tiers_and_regions_together() -> None:
    """A tier and a region change the rates of every hour; what was served otherwise is known."""
    price = listed(HEAD + HOURLY)
    model = replace(resolve(llmroute.model("m", use="openai/gpt-4")), price=price)
    peak, night = (datetime(2026, 8, day, 7, tzinfo=UTC) for day in (26, 24))
    usage = Usage(1000, 100)
    assert llmroute.price(model, usage, at=peak, tier="flex") == Decimal("0.003")
    assert llmroute.price(model, usage, at=night, tier="flex") == Decimal("0.00075")
    assert llmroute.price(model, usage, at=night, tier="flex", regional=True) == Decimal("0.000825")
    now = price.current(night.date(), night)
    assert now is not None
    flex = now.at_tier("flex")
    assert flex is not None
    assert (flex.cost_usd(usage), now.hours) == (Decimal("0.00075"), ())
    tiered = price.at_tier("flex")
    assert tiered is not None
    found = tiered.current(night.date(), night)
    assert found is not None
    assert found.at_tier("standard") == now
    assert price.current(night.date(), None) is None


def test_the_standard_tier_is_the_price_itself() -> None:
    """None, standard and default name the plain tier."""
    price = listed()
    assert price.at_tier(None) is price.at_tier("standard") is price.at_tier("default") is price
    assert price.at_tier("bach") is None


def test_a_long_prompt_costs_its_rates_throughout() -> None:
    """One token over the limit, every token of the request costs what long prompts do."""
    price = listed()
    assert price.cost_usd(Usage(1000, 100)) == Decimal("0.006")
    assert price.cost_usd(Usage(1001, 100)) == Decimal("0.011008")
    assert price.cost_usd(Usage(2000, 0, 1000, 500)) == Decimal("0.0093")


def test_writing_to_the_cache_costs_by_its_life() -> None:
    """The first life is the usual one; another one scales the rate of long prompts as well."""
    price = listed()
    assert price.cache_write == 5
    longer = price.marked("12h")
    assert [longer.cache_write, longer.long_context[0].cache_write] == [10, 18]
    assert price.marked(None) is price
    assert price.marked("1h").cache_write == 5


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_cost_is_the_sum_of_its_parts(plain: int, out: int, read: int, write: int) -> None:
    """Tokens of each kind cost their own rate, exactly, and nothing else does."""
    price = Price(Decimal("2.5"), Decimal(10), Decimal("1.25"), Decimal("3.125"))
    usage = Usage(plain + read + write, out, read, write)
    expected = Decimal(plain * 2500 + out * 10_000 + read * 1250 + write * 3125) / 10**9
    assert price.cost_usd(usage) == expected


def test_price_by_day_tier_cache_and_region() -> None:
    """Each keyword of `price` changes what is asked for, and all of them together do."""
    model = resolve(llmroute.model("m", use="openai/gpt-4"))
    model = replace(model, price=listed())
    usage = Usage(1000, 100, 0, 400)
    assert llmroute.price(model, usage, at=date(2026, 8, 22)) == Decimal("0.0064")
    assert llmroute.price(model, Usage(1000, 100), at=date(2026, 1, 1)) == Decimal("0.008")
    assert llmroute.price(model, usage, tier="fast", regional=True, cache="12h") == Decimal(
        "0.01848"
    )


def test_a_factor_counts_once() -> None:
    """A model that is asked at a tier or in a region has its factor in its price already."""
    usage = Usage(1000, 1000)
    flex = resolve(llmroute.model("m", use="openai/gpt-6.1-terra", service_tier="flex"))
    assert llmroute.price(flex, usage) == llmroute.price(flex, usage, tier="flex")
    assert llmroute.price(flex, usage) == llmroute.price(flex.id, usage, tier="flex")
    for other in ("standard", "batch"):
        assert llmroute.price(flex, usage, tier=other) == llmroute.price(flex.id, usage, tier=other)
    declared = llmroute.model(
        "m", use="openai/gpt-6.1-terra", service_tier="flex", price={"input": 1, "output": 2}
    )
    with pytest.raises(RequestError, match="the price declared of"):
        llmroute.price(resolve(declared), usage, tier="standard")
    there = listed().in_region()
    assert there is not None
    assert (there.input, there.in_region()) == (Decimal("4.4"), there)


def test_a_moment_is_on_its_day_in_utc() -> None:
    """Prices change at midnight in UTC, whatever the time zone of the moment asked for."""
    model = replace(resolve(llmroute.model("m", use="openai/gpt-4")), price=listed())
    usage = Usage(1000, 100)
    early = datetime(2026, 8, 21, 1, tzinfo=timezone(timedelta(hours=2)))
    assert llmroute.price(model, usage, at=early) == Decimal("0.008")
    assert llmroute.price(model, usage, at=early + timedelta(hours=1)) == Decimal("0.006")


WRONG: list[tuple[object, object, str, str, dict[str, object]]] = [
    (None, Usage(1, 1), "model", "a name or a Model, not a Python NoneType", {}),
    ("openai/gpt-4", Usage(cast("int", 1.5), 1), "usage", "whole numbers, not a number", {}),
    ("openai/gpt-4", Usage(1, 1), "at", "a date, not a string", {"at": "2026-08-01"}),
    ("openai/gpt-4", Usage(1, 1), "at", "without its time zone", {"at": datetime(2026, 8, 1)}),  # noqa: DTZ001
    ("openai/gpt-4", Usage(1, 1), "tier", "a string, not an integer", {"tier": 3}),
    ("openai/gpt-4", Usage(1, 1), "tier", "no known price of the tier 'bach'", {"tier": "bach"}),
    ("gpt-4", Usage(1, 1), "model", "Did you mean 'openai/gpt-4'?", {}),
    ("openai/gpt-9", Usage(1, 1), "model", "the catalog has no model 'gpt-9' of OpenAI", {}),
    ("nobody/x", Usage(1, 1), "model", "the catalog has no model", {}),
    ("openai/gpt-4", Usage(1, 1, 1, 1), "usage", "input_tokens includes them", {}),
    ("openai/gpt-4", Usage(-1, 1), "usage", "negative", {}),
    ("openai/gpt-4", (1000, 500), "usage", "it must be a Usage, not an array", {}),
    ("openai/gpt-4", Usage(1, 1), "regional", "no known price of regions", {"regional": True}),
    ("openai/gpt-4", Usage(1, 1), "cache", "writing to a cache for '9h'", {"cache": "9h"}),
]


@pytest.mark.parametrize(("model", "usage", "where", "what", "how"), WRONG)
def test_what_is_unknown_raises(
    model: object, usage: object, where: str, what: str, how: dict[str, object]
) -> None:
    """A price that is not known is an error that says which part of it, never 0."""
    ask = cast("Callable[..., Decimal]", llmroute.price)
    with pytest.raises(RequestError) as caught:
        ask(model, usage, **how)
    assert caught.value.where == where
    assert what in str(caught.value)


def test_an_unknown_price_of_a_known_model_raises() -> None:
    """A host's model without a price in the catalog has none, and says so."""
    with pytest.raises(RequestError, match="no price is known of ollama/x"):
        llmroute.price("ollama/x", Usage(1, 1))
    model = resolve(llmroute.model("m", use="openai/gpt-4", prices=[ROW]))
    with pytest.raises(RequestError, match="no known price of 2025-01-01"):
        llmroute.price(model, Usage(1, 1), at=date(2025, 1, 1))


def test_a_local_model_of_the_catalog_costs_its_marginal_cost() -> None:
    """A local model's price is 0 by its name in the catalog, as it is in plans and replies."""
    assert llmroute.price("llama-cpp/smollm2-135m-instruct", Usage(1000, 1000)) == 0


def test_another_time_in_the_cache_is_no_near_word() -> None:
    """Of a time that has no price, the times that have one are told; none is suggested."""
    with pytest.raises(RequestError, match=r"for '1h'\. Known: 30m, 12h"):
        llmroute.price("openai/gpt-6.1-terra", Usage(1, 1), cache="1h")


ROW: PriceTable = {"input": 1, "output": 2, "valid_from": date(2026, 1, 1)}


def test_a_machine_that_is_paid_by_the_hour_has_a_price_per_token() -> None:
    """USD per hour / 3600 / tokens per second / utilization, per direction."""
    model = resolve(
        llmroute.model(
            "m",
            use="llama-cpp",
            file="m.gguf",
            cost_per_hour_usd=0.5,
            tokens_per_second={"input": 200, "output": 10},
            utilization=0.5,
        )
    )
    assert model.price == Price(Decimal("1.388889"), Decimal("27.777778"))


def test_a_row_of_a_file_that_is_laid_over_replaces_the_price() -> None:
    """A fact file's rows and the catalog's one price are the same fact."""
    plain = read_provider("acme", tomllib.loads(FILE, parse_float=Decimal)).models["m"]
    facts = plain._replace(price=Price(Decimal(1), Decimal(1)), said=frozenset({"price"}))
    over = overlaid(plain, facts)
    assert over.price == Price(Decimal(1), Decimal(1))
    assert not [name for name in over.sources if name.startswith("price")]


BOTH = {"input": 1, "output": 1}
CACHED = {**BOTH, "cached_input": 0.1}
LONGER = {**BOTH, "long_context": [{"above_tokens": 9, "input": 1, "output": 1}]}
NIGHT = {"time": "16:30-00:30", "factor": 0.5}
MISTAKES: list[tuple[dict[str, object], str, str]] = [
    ({"price": {**BOTH, "tiers": {"batch": {"input": 1}}}}, "m.price.tiers.batch", "needs input"),
    ({"price": {**CACHED, "tiers": {"batch": BOTH}}}, "m.price.tiers.batch", "needs cached_input"),
    ({"price": {**LONGER, "tiers": {"batch": BOTH}}}, "m.price.tiers.batch", "Write [] where"),
    (
        {"price": {**BOTH, "tiers": {"batch": {**BOTH, "tiers": {}}}}},
        "m.price.tiers.batch.tiers",
        "there is no such key",
    ),
    ({"price": {**BOTH, "tiers": {"batch": "half"}}}, "m.price.tiers.batch", "a number"),
    ({"price": {**BOTH, "hours": [{"factor": 2}]}}, "m.price.hours.0", "it needs time or days"),
    ({"price": {**BOTH, "hours": [{"time": "9-17"}]}}, "m.price.hours.0.time", "no window of time"),
    ({"price": {**BOTH, "hours": [{"days": ["fry"]}]}}, "m.price.hours.0.days", "'fri'"),
    (
        {"price": {**BOTH, "hours": [NIGHT, {"time": "00:00-01:00", **BOTH}]}},
        "m.price.hours",
        "over",
    ),
    ({"price": {**BOTH, "hours": [NIGHT] * 51}}, "m.price.hours", "at most 50"),
    ({"price": {**BOTH, "hours": [{**NIGHT, "factor": 0}]}}, "m.price.hours.0.factor", "more than"),
    ({"price": {**BOTH, "hours": [{**NIGHT, "input": 1}]}}, "m.price.hours.0.input", "no such key"),
    (
        {"price": {**CACHED, "hours": [{"days": ["sat"], **BOTH}]}},
        "m.price.hours.0",
        "needs cached",
    ),
    (
        {"price": {**BOTH, "tiers": {"batch": BOTH}, "hours": [NIGHT]}},
        "m.price.hours",
        "Write the tier as a factor",
    ),
    ({"price": {"input": 1}}, "m.price", "needs input and output"),
    ({"price": {"input": 1, "ouput": 1}}, "m.price.ouput", "Did you mean 'output'?"),
    ({"price": {"input": 1, "output": 1, "tiers": {"flex": 0}}}, "m.price.tiers.flex", "more than"),
    ({"price": {"input": 1, "output": 1, "tiers": {"Flex": 1}}}, "m.price.tiers.Flex", "no name"),
    (
        {"price": {"input": 1, "output": 1, "tiers": {"default": 1}}},
        "m.price.tiers",
        "the price itself is that of the tier",
    ),
    (
        {"price": {"input": 1, "output": 1, "cache_write": {"long": 1}}},
        "m.price.cache_write.long",
        "such as 5m or 1h",
    ),
    (
        {"price": {"input": 1, "output": 1, "long_context": [{"input": 1, "output": 1}]}},
        "m.price.long_context.0",
        "above_tokens",
    ),
    (
        {"price": {"input": 1, "output": 1, "long_context": [{"above_tokens": 9}]}},
        "m.price.long_context.0",
        "needs input and output",
    ),
    (
        {
            "price": {
                "input": 1,
                "output": 1,
                "long_context": [{"above_tokens": 9, "input": 1, "output": 1}] * 2,
            }
        },
        "m.price.long_context",
        "above the same length",
    ),
    (
        {"price": {**ROW, "valid_until": date(2025, 1, 1)}},
        "m.price.valid_until",
        "before valid_from",
    ),
    ({"prices": [ROW, ROW]}, "m.prices", "two of its rows hold on 2026-01-01"),
    ({"prices": [ROW], "price": {"input": 1, "output": 1}}, "m.prices", "price is given as well"),
    ({"prices": []}, "m.prices", "array of tables"),
    ({"cost_per_hour_usd": 1}, "m.cost_per_hour_usd", "it needs tokens_per_second"),
    ({"tokens_per_second": {"input": 1, "output": 1}}, "m.tokens_per_second", "Add cost_per_hour"),
    ({"utilization": 1}, "m.utilization", "Add cost_per_hour_usd"),
    (
        {"cost_per_hour_usd": 1, "tokens_per_second": {"output": 1}},
        "m.tokens_per_second",
        "it needs input and output",
    ),
    (
        {
            "cost_per_hour_usd": 1,
            "utilization": 2,
            "tokens_per_second": {"input": 1, "output": 1},
        },
        "m.utilization",
        "at most 1",
    ),
    (
        {
            "cost_per_hour_usd": 1,
            "price": {"input": 1, "output": 1},
            "tokens_per_second": {"input": 1, "output": 1},
        },
        "m.cost_per_hour_usd",
        "price is given as well",
    ),
    ({"service_tier": "batch"}, "m.service_tier", "hours later"),
    ({"service_tier": "flex"}, "m.service_tier", "no price is known for the tier 'flex'"),
]


@pytest.mark.parametrize(("options", "key", "what"), MISTAKES)
def test_wrong_prices(options: dict[str, object], key: str, what: str) -> None:
    """A mistake in a price names its key and what is wrong with it."""
    values = cast("ModelOptions", {"use": "openai/gpt-4", **options})
    with pytest.raises(PolicyError) as caught:
        resolve(llmroute.model("m", **values))
    found = [one for one in caught.value.problems if one.key == key]
    assert found
    assert what in str(found[0])


def test_a_tier_is_asked_of_apis_that_have_one() -> None:
    """A host whose API has no such field refuses the tier at load."""
    with pytest.raises(PolicyError, match="anthropic models are asked for no service tier"):
        resolve(llmroute.model("m", use="anthropic/claude-opus-5", service_tier="flex"))


def test_a_declared_price_is_that_of_the_declared_tier() -> None:
    """Who declares both tells what the tier costs."""
    own = llmroute.model(
        "m", use="openai/gpt-4", service_tier="flex", price={"input": 1, "output": 2}
    )
    found = resolve(own)
    assert (found.service_tier, found.price) == ("flex", Price(Decimal(1), Decimal(2)))


def test_a_price_of_code_is_checked_as_one_of_a_file() -> None:
    """All that a Price holds comes through its check unchanged."""
    for text in (FILE, HEAD + UNEVEN, HEAD + HOURLY):
        price = listed(text)
        found = resolve(llmroute.model("m", use="openai/gpt-4", price=price)).price
        assert found == price


def test_a_model_has_no_price_before_it_came_out() -> None:
    """A day before the release is refused, the day itself is not."""
    usage = Usage(1000, 500)
    with pytest.raises(RequestError, match="openai/gpt-4 came out on 2023-03-14"):
        llmroute.price("openai/gpt-4", usage, at=date(2023, 3, 13))
    assert llmroute.price("openai/gpt-4", usage, at=date(2023, 3, 14)) == Decimal("0.06")


def test_money_is_exact_whatever_the_precision_of_the_program() -> None:
    """A program that reckons with three digits of its own is told the whole cost all the same."""
    with localcontext() as context:
        context.prec = 3
        found = llmroute.price("openai/gpt-4", Usage(123_457, 500))
        flex = listed().at_tier("fast")
    assert found == Decimal("3.73371")
    assert flex is not None
    assert flex.output == 40
