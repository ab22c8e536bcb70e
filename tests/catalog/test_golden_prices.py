"""What requests cost at hosted models: figures reckoned from the hosts' own price lists.

They come from the rates of those lists (the sources in `providers/*.toml`), not from the catalog.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import RequestError, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_ON = datetime(2026, 11, 26, 2, tzinfo=UTC)
"""A Thursday, at an hour at which DeepSeek has its peak."""
PLAIN = Usage(1000, 300)
CACHED = Usage(1000, 300, cached_input_tokens=600)
WRITTEN = Usage(1000, 300, cache_write_tokens=500)
LONG = Usage(300_000, 200)
TABLE = {
    # model: plain, 600 tokens of the prompt cached, 500 written, as a batch, a long prompt
    "openai/gpt-6.1-sol": ("0.005", "0.00386", "0.00525", "0.0025", "1.203"),
    "openai/gpt-6.1-terra": ("0.0025", "0.00193", "0.002625", "0.00125", "0.6015"),
    "openai/gpt-6-astra": ("0.025", "0.0196", "0.02625", "0.0125", "6.015"),
    "openai/gpt-6-sol": ("0.005", "0.00392", "0.00525", "0.0025", "1.203"),
    "openai/gpt-6-luna": ("0.00025", "0.000196", "0.0002625", "0.000125", "0.06015"),
    "openai/gpt-5.6-sol": ("0.01", "0.00784", "0.0105", "0.005", "2.406"),
    "openai/gpt-5.6-terra": ("0.0056", "0.00452", "0.00585", "0.0028", "1.2036"),
    "openai/gpt-5.6-luna": ("0.00056", "0.000452", "0.000585", "0.00028", "0.12036"),
    "openai/gpt-5.5": ("0.014", "0.0113", None, "0.007", "3.009"),
    "openai/gpt-5.4": ("0.007", "0.00565", None, "0.0035", "1.5045"),
    "openai/gpt-5.4-mini": ("0.0021", "0.001695", None, "0.00105", None),
    "openai/gpt-5": ("0.00425", "0.003575", None, "0.002125", None),
    "openai/gpt-5-mini": ("0.00085", "0.000715", None, "0.000425", None),
    "openai/o3": ("0.0044", "0.0035", None, "0.0022", None),
    "openai/o4-mini": ("0.00242", "0.001925", None, "0.00121", None),
    "openai/gpt-4.1": ("0.0044", "0.0035", None, "0.0022", None),
    "openai/gpt-4.1-mini": ("0.00088", "0.0007", None, "0.00044", None),
    "openai/gpt-4o": ("0.0055", "0.00475", None, "0.00275", None),
    "openai/gpt-4o-2024-05-13": ("0.0095", None, None, "0.00475", None),
    "openai/gpt-4o-mini": ("0.00033", "0.000285", None, "0.000165", None),
    "openai/gpt-4-turbo": ("0.019", None, None, None, None),
    "openai/gpt-4": ("0.048", None, None, None, None),
    "openai/gpt-3.5-turbo": ("0.00095", None, None, None, None),
    "anthropic/claude-fable-5-1": ("0.025", "0.01915", "0.02625", "0.0125", None),
    "anthropic/claude-opus-5-5": ("0.01", "0.00772", "0.0105", "0.005", None),
    "anthropic/claude-sonnet-5-5": ("0.005", "0.00386", "0.00525", "0.0025", None),
    "anthropic/claude-haiku-5-5": ("0.00025", "0.000196", "0.0002625", "0.000125", "0.1505"),
    "anthropic/claude-opus-5": ("0.0125", "0.0098", "0.013125", "0.00625", None),
    "anthropic/claude-sonnet-5": ("0.005", "0.00392", "0.00525", "0.0025", None),
    "anthropic/claude-opus-4-6": ("0.0125", "0.0098", "0.013125", "0.00625", None),
    "anthropic/claude-opus-4-5": ("0.0125", "0.0098", "0.013125", "0.00625", None),
    "anthropic/claude-sonnet-4-5": ("0.0075", "0.00588", "0.007875", "0.00375", None),
    "anthropic/claude-haiku-4-5": ("0.0025", "0.00196", "0.002625", "0.00125", None),
    "gemini/gemini-4-argon": ("0.005", "0.00386", None, "0.0025", None),
    "gemini/gemini-3.8-flash": ("0.001875", "0.00147", None, "0.0009375", None),
    "gemini/gemini-3.5-flash": ("0.0042", "0.00339", None, "0.0021", None),
    "gemini/gemini-3.5-flash-lite": ("0.00105", "0.000888", None, "0.000525", None),
    "gemini/gemini-2.5-pro": ("0.00425", "0.003575", None, "0.002125", "0.753"),
    "gemini/gemini-2.5-flash": ("0.00105", "0.000888", None, "0.000525", None),
    "xai/grok-4.7": ("0.0038", "0.0029", None, "0.00304", "1.2024"),
    "xai/grok-4.6": ("0.0038", "0.0029", None, None, "1.2024"),
    "xai/grok-4.3": ("0.002", "0.00137", None, "0.0016", "0.751"),
    "deepseek/deepseek-flash": ("0.00066", "0.0004836", None, None, None),
    "deepseek/deepseek-v4-pro": ("0.002508", "0.0017424", None, None, None),
    "mistral/mistral-large-4": ("0.002614", "0.001882", None, None, None),
    "mistral/mistral-large-2512": ("0.00095", "0.00068", None, None, None),
    "mistral/mistral-medium-3-5": ("0.00375", "0.00294", None, None, None),
    "mistral/mistral-small-2603": ("0.00033", "0.000249", None, None, None),
}
"""In USD; None: the host has no such price, or a flat one."""
DATED = [
    ("openai/o3", date(2025, 6, 9), PLAIN, "0.022"),
    ("openai/o3", date(2025, 6, 10), PLAIN, "0.0044"),
    ("openai/gpt-4o", date(2024, 10, 1), PLAIN, "0.0095"),
    ("openai/gpt-4o", date(2024, 10, 3), PLAIN, "0.0055"),
    ("openai/gpt-5.6-sol", date(2026, 8, 20), PLAIN, "0.014"),
    ("openai/gpt-5.6-sol", date(2026, 8, 20), LONG, "3.009"),
    ("openai/gpt-5.6-sol", date(2026, 8, 21), PLAIN, "0.01"),
    ("openai/gpt-5.6-terra", date(2026, 7, 29), PLAIN, "0.007"),
    ("openai/gpt-5.6-terra", date(2026, 7, 30), PLAIN, "0.0056"),
    ("openai/gpt-5.6-luna", date(2026, 7, 29), PLAIN, "0.0028"),
    ("openai/gpt-5.6-luna", date(2026, 7, 30), PLAIN, "0.00056"),
    ("anthropic/claude-sonnet-5-5", date(2026, 10, 6), CACHED, "0.00392"),
    ("anthropic/claude-sonnet-5-5", date(2026, 10, 7), CACHED, "0.00386"),
    ("gemini/gemini-3.8-flash", date(2026, 12, 31), PLAIN, "0.001875"),
    ("gemini/gemini-3.8-flash", date(2027, 1, 1), PLAIN, "0.00375"),
    ("deepseek/deepseek-v4-pro", date(2026, 8, 16), PLAIN, "0.000696"),
    ("deepseek/deepseek-v4-pro", datetime(2026, 8, 17, 0, 59, tzinfo=UTC), PLAIN, "0.001254"),
    ("deepseek/deepseek-v4-pro", datetime(2026, 8, 17, 1, tzinfo=UTC), PLAIN, "0.002508"),
    ("deepseek/deepseek-v4-pro", datetime(2026, 11, 26, 3, 59, tzinfo=UTC), CACHED, "0.0017424"),
    ("deepseek/deepseek-v4-pro", datetime(2026, 11, 26, 4, tzinfo=UTC), CACHED, "0.0008712"),
    ("deepseek/deepseek-v4-pro", datetime(2026, 11, 28, 7, tzinfo=UTC), PLAIN, "0.001254"),
]
"""On the last day of a price, on the first of the next, and at hours with prices of their own."""


def cells() -> Iterator[tuple[str, Usage, str | None, str]]:
    """Each figure of the table: model, usage, tier, USD."""
    kinds = [(PLAIN, None), (CACHED, None), (WRITTEN, None), (PLAIN, "batch"), (LONG, None)]
    for model, figures in TABLE.items():
        for (usage, tier), usd in zip(kinds, figures, strict=True):
            if usd is not None:
                yield model, usage, tier, usd


@pytest.mark.parametrize(("model", "usage", "tier", "usd"), list(cells()))
def test_golden(model: str, usage: Usage, tier: str | None, usd: str) -> None:
    """A request costs what the host's price list says, to the last digit."""
    assert llmroute.price(model, usage, at=READ_ON, tier=tier) == Decimal(usd)


@pytest.mark.parametrize(("model", "at", "usage", "usd"), DATED)
def test_on_the_day(model: str, at: date, usage: Usage, usd: str) -> None:
    """A request costs what it cost on its day, on either side of a change of price."""
    assert llmroute.price(model, usage, at=at) == Decimal(usd)


def test_between_two_readings() -> None:
    """Between the last day that a price was read and the first day of the next, none is known."""
    with pytest.raises(RequestError):
        llmroute.price("openai/gpt-4o", PLAIN, at=date(2024, 10, 2))


def test_before_there_was_a_model() -> None:
    """What did not exist yet has no price."""
    with pytest.raises(RequestError):
        llmroute.price("openai/gpt-5.6-luna", PLAIN, at=date(2026, 7, 8))


@pytest.mark.parametrize(
    ("model", "tier", "usage", "usd"),
    [
        ("gemini/gemini-2.5-pro", "batch", CACHED, "0.001825"),
        ("gemini/gemini-2.5-pro", "batch", LONG, "0.3765"),
        ("gemini/gemini-2.5-pro", "priority", CACHED, "0.006435"),
        ("gemini/gemini-3.5-flash", "flex", CACHED, "0.001698"),
        ("gemini/gemini-3.5-flash-lite", "priority", CACHED, "0.001596"),
    ],
)
def test_a_tier_that_its_host_prices_unevenly(
    model: str, tier: str, usage: Usage, usd: str
) -> None:
    """Google halves batches of Gemini 2.5 Pro, cached input apart, and rounds at others."""
    assert llmroute.price(model, usage, at=READ_ON, tier=tier) == Decimal(usd)


def test_a_day_does_not_say_the_hour() -> None:
    """Where the price depends on the hour, a day alone has none."""
    with pytest.raises(RequestError, match="depends on the hour") as caught:
        llmroute.price("deepseek/deepseek-flash", PLAIN, at=date(2026, 11, 26))
    assert caught.value.where == "at"


def test_a_prompt_is_long_from_the_next_token_on() -> None:
    """272,000 tokens cost the plain rate; one more makes every token of the request dearer."""
    at_most, above = Usage(272_000, 0), Usage(272_001, 0)
    assert llmroute.price("openai/gpt-6-luna", at_most, at=READ_ON) == Decimal("0.0272")
    assert llmroute.price("openai/gpt-6-luna", above, at=READ_ON) == Decimal("0.0544002")


def test_the_cached_part_counts_as_prompt_that_makes_it_long() -> None:
    """A prompt is long for Haiku 5.5 though most of its tokens come from the cache."""
    usage = Usage(150_000, 100, cached_input_tokens=100_000)
    cost_usd = llmroute.price("anthropic/claude-haiku-5-5", usage, at=READ_ON)
    assert cost_usd == Decimal("0.03025")


def test_what_is_written_for_longer_costs_more() -> None:
    """An hour costs twice the input at Anthropic, and 12 hours 2.5 times that at OpenAI."""
    claude, gpt = "anthropic/claude-opus-5-5", "openai/gpt-6.1-terra"
    assert llmroute.price(claude, WRITTEN, at=READ_ON, cache="1h") == Decimal("0.012")
    assert llmroute.price(gpt, WRITTEN, at=READ_ON, cache="12h") == Decimal("0.00325")


def test_tier_and_region_and_length_together() -> None:
    """The factor of a tier or a region is that of every rate, of long prompts too."""
    gpt = "openai/gpt-6.1-sol"
    assert llmroute.price(gpt, LONG, at=READ_ON, tier="batch") == Decimal("0.6015")
    assert llmroute.price(gpt, LONG, at=READ_ON, tier="fast") == Decimal("2.406")
    assert llmroute.price(gpt, PLAIN, at=READ_ON, tier="priority") == Decimal("0.01")
    assert llmroute.price(gpt, PLAIN, at=READ_ON, regional=True) == Decimal("0.0055")
