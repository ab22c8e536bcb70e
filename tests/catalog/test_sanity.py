"""The gate for prices: what cannot be right is stopped, and what is odd but right is not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmroute.catalog.collection import BUILT_IN
from llmroute.catalog.sanity import flaws
from llmroute.types.frozen import replace
from llmroute.types.prices import LongContext, Price


def price(into: str, out: str, cached: str | None = None, write: str | None = None) -> Price:
    """A price in USD per million tokens."""
    return Price(
        Decimal(into),
        Decimal(out),
        cached_input=None if cached is None else Decimal(cached),
        cache_write=None if write is None else Decimal(write),
    )


USUAL = price("3", "15", "0.3", "3.75")
LONG = LongContext(200_000, Decimal(6), Decimal("22.5"), Decimal("0.6"), Decimal("7.5"))


def keys(found: Price, known: Price | None = None, *, embeds: bool = False) -> list[str]:
    """Which numbers of a price are flaws."""
    return [flaw.key for flaw in flaws(found, known, embeds=embeds)]


def test_usual_prices_pass() -> None:
    """A price with a cache, tiers, lives and long prompts has no flaw."""
    whole = replace(
        USUAL,
        cache_writes=(("5m", Decimal("3.75")), ("1h", Decimal(6))),
        tiers=(("batch", Decimal("0.5")), ("priority", Decimal(2))),
        long_context=(LONG,),
        regional=Decimal("1.1"),
    )
    assert keys(USUAL) == keys(whole) == []
    assert keys(price("10", "2.5")) == []  # a quarter is allowed


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        (price("-1", "15"), "input"),
        (price("3", "-15"), "output"),
        (price("1001", "4000"), "input"),
        (price("NaN", "15"), "input"),
        (price("3", "sNaN"), "output"),
        (price("3", "Infinity"), "output"),
        (price("3", "0.74"), "output"),
        (price("0", "5"), "input"),
        (price("0", "0"), "input"),
        (price("3", "15", "3.01"), "cached_input"),
        (price("3", "15", "0"), "cached_input"),
        (price("3", "15", None, "1.4"), "cache_write"),
        (price("3", "15", None, "12.1"), "cache_write"),
        (replace(USUAL, cache_writes=(("1h", Decimal(13)),)), "cache_write.1h"),
        (replace(USUAL, tiers=(("batch", Decimal(0)),)), "tiers.batch"),
        (replace(USUAL, tiers=(("fast", Decimal("10.1")),)), "tiers.fast"),
        (replace(USUAL, regional=Decimal("NaN")), "regional"),
        (
            replace(USUAL, long_context=(LONG._replace(input=Decimal("2.9")),)),
            "long_context.200000.input",
        ),
    ],
)
def test_what_cannot_be_right_is_a_flaw(wrong: Price, key: str) -> None:
    """Each rule names the number that breaks it, whatever else holds."""
    assert key in keys(wrong)


def test_every_row_of_a_dated_price_is_looked_at() -> None:
    """A flaw of another day's rates is one of the price."""
    assert keys(replace(USUAL, others=(price("3", "0.1"),))) == ["output"]


def test_vectors_have_no_output_to_pay_for() -> None:
    """A model that embeds may ask for input alone."""
    assert keys(price("0.13", "0"), embeds=True) == []
    assert keys(price("0.13", "0")) == ["output"]


def test_what_costs_nothing_must_say_so() -> None:
    """A host that asks for nothing is believed only when the model is said to be free."""
    assert flaws(price("0", "0"), free=True) == ()
    assert keys(price("0", "0")) == ["input"]


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (("60", "300"), ("3", "15")),
        (("0.15", "0.75"), ("3", "15")),
        (("30", "150"), ("3", "15")),
        (("0.3", "1.5"), ("3", "15")),
    ],
)
def test_wrong_by_powers_of_ten(told: tuple[str, str], known: tuple[str, str]) -> None:
    """20 times off stops in either direction; so do rates that all moved by one power of ten."""
    assert keys(price(*told), price(*known)) == ["input"]


@pytest.mark.parametrize("told", [("6", "30"), ("30", "75"), ("3", "15"), ("0.16", "15")])
def test_prices_change(told: tuple[str, str]) -> None:
    """What is dearer or cheaper by less passes: prices are cut."""
    assert keys(price(*told), USUAL) == []


def test_a_history_is_near_where_one_row_is() -> None:
    """Prices fall by more than 20 times over the years: one row near what is known is enough."""
    history = replace(price("0.5", "1.5"), others=(price("60", "120"),))
    assert keys(history, price("0.5", "1.5")) == keys(price("60", "120"), history) == []
    assert keys(history, price("2000", "3000")) == ["input"]


def test_rows_of_others_that_would_have_been_stopped() -> None:
    """Known wrong rows stop: BerriAI/litellm#23503, BerriAI/litellm#8757, Aider-AI/aider#2948."""
    wandb_llama = price("71000", "71000")  # 0.071 USD per token
    assert keys(wandb_llama) == ["input", "output"]
    mistral_small = price("1", "3")
    assert keys(mistral_small) == []  # alone it could be right: 10 times what was known is not
    assert keys(mistral_small, price("0.1", "0.3")) == ["input"]
    deepseek_r1 = price("500", "500")
    assert keys(deepseek_r1) == []
    assert keys(deepseek_r1, price("0.55", "2.19")) == ["input"]


def test_a_flaw_is_told_in_a_line() -> None:
    """It names the number, its value without a tail of digits, and why."""
    (flaw,) = flaws(price("3", "15", None, "0.08333333333333334"))
    line = str(flaw)
    assert line == "cache_write = 0.0833333: writing costs from half to four times what input does"


def test_the_catalog_passes_its_own_gate() -> None:
    """No price of a host in the built-in catalog is a flaw."""
    for name in BUILT_IN.names():
        entry = BUILT_IN.provider(name)
        assert entry is not None
        for id_ in entry.models:
            model = entry.model(id_)
            if model is not None and model.price is not None and not entry.local:
                assert keys(model.price, embeds="embed" in model.abilities) == [], id_
