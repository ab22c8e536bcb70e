"""The catalog's own data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from llmroute.catalog import model, provider, provider_names, resolve
from llmroute.catalog.data import names, read_table, read_text
from llmroute.policies.licensing import card
from llmroute.types.usage import Usage

if TYPE_CHECKING:
    from llmroute.catalog import ModelEntry, ModelOptions

MODELS = [
    (name, entry)
    for name in provider_names()
    for found in [provider(name)]
    if found is not None
    for entry in found.models.values()
]
NUMBERS = (
    *("context_tokens", "max_output_tokens", "price", "released", "retires_on"),
    *("dimensions", "batch_texts", "batch_tokens"),
)


@pytest.mark.parametrize(("name", "entry"), MODELS, ids=[f"{n}/{e.id}" for n, e in MODELS])
def test_every_number_has_a_source(name: str, entry: ModelEntry) -> None:
    """Each number of each model names where it was read, and when it was checked."""
    for number in NUMBERS:
        if getattr(entry, number) is not None:
            dated = number == "price" and "prices" in entry.said
            source = entry.sources["prices.0" if dated else number]
            assert source.url.startswith("https://"), name
            assert date(2026, 1, 1) <= source.checked_on <= date(2030, 1, 1)
            assert source.title


@pytest.mark.parametrize(("name", "entry"), MODELS, ids=[f"{n}/{e.id}" for n, e in MODELS])
def test_prices_are_sane(name: str, entry: ModelEntry) -> None:
    """A price is in USD per million tokens, output not far below input, cached input no dearer."""
    if entry.price is not None:
        assert Decimal(0) < entry.price.input < 1000, name
        if "text" in entry.abilities:
            assert entry.price.output >= entry.price.input / 4
        else:  # vectors are no tokens
            assert entry.price.output == 0
        assert (entry.price.cached_input or 0) <= entry.price.input


@pytest.mark.parametrize(("name", "entry"), MODELS, ids=[f"{n}/{e.id}" for n, e in MODELS])
def test_licenses_have_cards(name: str, entry: ModelEntry) -> None:
    """Each license that the catalog names has a card, and so has each host's contract."""
    found = provider(name)
    assert found is not None
    for license_ in (entry.license, found.host_terms):
        assert license_ is None or card(license_) is not None


def test_hosts_serve_their_origin() -> None:
    """A provider's endpoint is one of the origins that its key may be sent to."""
    openai = provider("openai")
    assert openai is not None
    assert openai.origins[0] == "https://api.openai.com"
    assert all(one.endswith(".openai.com") for one in openai.origins)
    assert openai.base_url == "https://api.openai.com/v1"
    assert openai.key_env == "OPENAI_API_KEY"


def test_gpt_4_is_retired() -> None:
    """The catalog knows that GPT-4 is gone, since when, and what replaces it."""
    openai = provider("openai")
    assert openai is not None
    gpt_4 = openai.models["gpt-4"]
    assert gpt_4.retires_on == date(2026, 10, 23)
    assert gpt_4.replaced_by == "gpt-5.6-sol"
    assert gpt_4.price is not None
    assert (gpt_4.price.input, gpt_4.price.output) == (Decimal(30), Decimal(60))
    assert gpt_4.context_tokens == 8192


def test_embedding_models_say_what_their_vectors_are() -> None:
    """A model that only embeds names its wire, the space and length of its vectors, and batches."""
    embedding = [entry for _, entry in MODELS if "text" not in entry.abilities]
    assert len(embedding) >= 2
    for entry in embedding:
        assert entry.api == "openai-embeddings"
        assert entry.abilities == {"embed"}
        assert entry.vector_space
        assert entry.dimensions
        assert entry.batch_texts


def test_unknown_names_are_none() -> None:
    """A name that the package has no file for gives None, also one that climbs out of it."""
    assert provider("nobody") is None
    assert provider("../policies/default") is None
    assert read_text("providers/../../secret") is None
    assert read_table("providers/nobody.toml") is None
    assert "default" in names("policies")


@pytest.mark.parametrize(("cache", "usd"), [(None, "5"), ("5m", "5"), ("1h", "8")])
def test_a_longer_mark_of_the_cache_has_its_own_price(cache: str | None, usd: str) -> None:
    """A million tokens written for an hour cost what the provider asks for an hour."""
    options: ModelOptions = {"use": "anthropic/claude-opus-5-5"}
    if cache is not None:
        options["cache"] = cache
    price = resolve(model("claude", **options)).price
    assert price is not None
    usage = Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000)
    assert price.cost_usd(usage) == Decimal(usd)
