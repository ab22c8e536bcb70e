"""The rules that what is told of hosted models keeps, of whatever maker."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from llmroute.catalog import provider
from llmroute.catalog.data import read_text
from llmroute.types.prices import Price

if TYPE_CHECKING:
    from llmroute.catalog import ModelEntry
    from llmroute.types.prices import LongContext

HOSTS = ("openai", "anthropic", "gemini", "mistral", "xai", "deepseek")
FACTS = (
    *("context_tokens", "max_output_tokens", "released", "knowledge_cutoff", "retires_on"),
    *("images", "parameters_billion"),
)


def models_of(host: str) -> dict[str, ModelEntry]:
    """What a host's file tells of its models that chat."""
    found = provider(host)
    assert found is not None
    return {id_: one for id_, one in found.models.items() if "text" in one.abilities}


ALL = [(host, id_) for host in HOSTS for id_ in models_of(host)]


def rows_of(host: str, id_: str) -> tuple[Price, ...]:
    """The price of each span of days."""
    price = models_of(host)[id_].price
    assert price is not None
    return price.rows


@pytest.mark.parametrize("host", HOSTS)
def test_each_source_is_used(host: str) -> None:
    """A source that a file names is that of a number, or stands in brackets in a comment."""
    text = read_text(f"providers/{host}.toml") or ""
    names = re.findall(r'(?m)^\[sources\.(?:"([^"]+)"|([\w-]+))\]', text)
    cited = set(re.findall(r'source = "([^"]+)"', text))
    comments = " ".join(re.findall(r"#[^\n]*", text)).replace("- # ", "-")
    remarked = set(re.findall(r"\[([\w.-]+)\]", comments))
    assert {one or other for one, other in names} <= cited | remarked


@pytest.mark.parametrize(("host", "id_"), ALL)
def test_each_fact_has_a_source(host: str, id_: str) -> None:
    """Each number, each score and each row of the price names where it was read, and when."""
    entry = models_of(host)[id_]
    told = [key for key in FACTS if key in entry.said]
    told += ["price"] if "price" in entry.said else []
    if "prices" in entry.said:
        told += [f"prices.{at}" for at in range(len(rows_of(host, id_)))]
    for key in told:
        assert entry.sources[key].url.startswith("https://"), key
    assert all(one.source and one.harness and one.checked_on for one in entry.scores)


@pytest.mark.parametrize(("host", "id_"), ALL)
def test_successors_exist_and_live_longer(host: str, id_: str) -> None:
    """What replaces a model is a model of the same file that does not retire before it."""
    models = models_of(host)
    entry = models[id_]
    if entry.retires_on is None:
        assert entry.replaced_by is None
        return
    assert entry.replaced_by is not None
    later = models[entry.replaced_by].retires_on
    assert later is None or later > entry.retires_on


@pytest.mark.parametrize(("host", "id_"), ALL)
def test_days_are_in_their_order(host: str, id_: str) -> None:
    """A model knows nothing of the days after its release, and is released before it retires."""
    entry = models_of(host)[id_]
    days = [entry.knowledge_cutoff, entry.released, entry.retires_on]
    known = [day for day in days if day is not None]
    assert known == sorted(known)
    for row in rows_of(host, id_):
        assert entry.released is None or (row.valid_from or entry.released) >= entry.released


def sane(rates: Price | LongContext) -> None:
    """Rates that a price list could have: no free cache, nothing off by powers of ten."""
    assert Decimal("0.01") <= rates.input <= 100
    assert rates.input / 4 <= rates.output <= rates.input * 20
    if rates.cached_input is not None:
        assert rates.input / 200 <= rates.cached_input <= rates.input
    if rates.cache_write is not None:
        assert rates.input <= rates.cache_write <= rates.input * 3


@pytest.mark.parametrize(("host", "id_"), ALL)
def test_prices_are_such_as_there_are(host: str, id_: str) -> None:
    """Answers cost more than prompts, cached input less, and what is kept for longer more."""
    for row in rows_of(host, id_):
        sane(row)
        assert [rate for _, rate in row.cache_writes] == sorted(
            rate for _, rate in row.cache_writes
        )
        for tier, rates in row.tiers:
            factor = rates.input / row.input if isinstance(rates, Price) else rates
            assert factor < 1 if tier in {"batch", "flex"} else 1 < factor <= 3, tier
            if isinstance(rates, Price):
                sane(rates)
        assert row.regional is None or 1 <= row.regional < 2


@pytest.mark.parametrize(("host", "id_"), ALL)
def test_long_prompts_are_dearer(host: str, id_: str) -> None:
    """No rate falls once a prompt is long, and the window is longer than where that begins."""
    window = models_of(host)[id_].context_tokens
    for row in rows_of(host, id_):
        for long in row.long_context:
            sane(long)
            assert long.input > row.input
            assert long.output > row.output
            assert (long.cached_input is None) == (row.cached_input is None)
            assert (long.cached_input or 1) > (row.cached_input or 0)
            assert (long.cache_write is None) == (row.cache_write is None)
            assert window is not None
            assert window > long.above_tokens


def test_gpt_4_has_its_true_dates() -> None:
    """GPT-4 was released on Pi Day of 2023, and OpenAI shut it down on 2026-10-23."""
    gpt_4 = models_of("openai")["gpt-4"]
    assert gpt_4.released == date(2023, 3, 14)
    assert gpt_4.retires_on == date(2026, 10, 23)
    assert gpt_4.replaced_by == "gpt-5.6-sol"


def test_the_size_of_gpt_4_is_a_rumor() -> None:
    """No maker of a closed model has said how large it is: what is told of GPT-4 is unconfirmed."""
    sizes = {id_: one for id_, one in models_of("openai").items() if one.parameters_billion}
    assert list(sizes) == ["gpt-4"]
    assert sizes["gpt-4"].parameters_confirmed is False
    assert "rumor" in sizes["gpt-4"].sources["parameters_billion"].title


def test_images_of_gpt_4o_mini_are_not_those_of_gpt_4o() -> None:
    """A tile is 33 times as many tokens for gpt-4o-mini, which makes it about as dear."""
    big, small = (models_of("openai")[id_] for id_ in ("gpt-4o", "gpt-4o-mini"))
    assert big.images is not None
    assert small.images is not None
    assert (big.images.base, big.images.per_tile) == (85, 170)
    assert (small.images.base, small.images.per_tile) == (2833, 5667)


def test_scores_of_one_harness_can_be_compared() -> None:
    """simple-evals ranks gpt-4o above gpt-4o-mini in every test that it gave to both."""
    big, small = (
        {
            one.benchmark: one.value
            for one in models_of("openai")[id_].scores
            if one.harness == "openai/simple-evals"
        }
        for id_ in ("gpt-4o", "gpt-4o-mini")
    )
    assert len(big.keys() & small.keys()) == 6
    assert all(big[name] > small[name] for name in small)


@pytest.mark.parametrize("host", ["openai", "anthropic", "xai"])
def test_nobody_forgets_at_once_unasked(host: str) -> None:
    """These hosts do not train on prompts; that they keep none is by arrangement, so it is no."""
    found = provider(host)
    assert found is not None
    assert found.handling is not None
    assert found.handling.trains is False
    assert found.handling.zero_retention is False
    assert found.data_source is not None
