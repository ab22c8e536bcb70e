"""Importing facts of models: what is taken, what is left out, and hostile files."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.catalog import Declaration, resolve
from llmroute.catalog.collection import Catalog
from llmroute.catalog.importing import SOURCES, import_facts
from llmroute.catalog.importing.writing import Entry, fact_file
from llmroute.catalog.layers import fact_file as parsed
from llmroute.catalog.layers import read_layer
from llmroute.errors import PolicyError
from llmroute.types.frozen import replace
from llmroute.types.prices import LongContext, Price, joined

if TYPE_CHECKING:
    from pathlib import Path

    from llmroute.catalog.entries import ModelEntry
    from llmroute.catalog.importing import Imported

TODAY = date(2026, 11, 26)
LITELLM: dict[str, object] = {
    "sample_spec": {"litellm_provider": "one of many", "max_input_tokens": "a sentence"},
    "xai/made-up-1": {
        "litellm_provider": "xai",
        "mode": "chat",
        "max_input_tokens": 200_000,
        "max_output_tokens": 8000,
        "input_cost_per_token": 3e-6,
        "output_cost_per_token": 1.5e-5,
        "cache_read_input_token_cost": 3e-7,
        "input_cost_per_token_above_128k_tokens": 6e-6,
        "output_cost_per_token_above_128k_tokens": 2.25e-5,
        "cache_read_input_token_cost_above_128k_tokens": 6e-7,
        "input_cost_per_token_batches": 1.5e-6,
        "output_cost_per_token_batches": 7.5e-6,
        "cache_read_input_token_cost_batches": 1.5e-7,
        "input_cost_per_token_flex": 1.5e-6,
        "output_cost_per_token_flex": 7.4e-6,
        "deprecation_date": "2027-03-01",
        "supports_function_calling": True,
        "supports_vision": True,
        "supports_pdf_input": True,
    },
    "anthropic/made-up-claude": {
        "litellm_provider": "anthropic",
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 5e-6,
        "cache_creation_input_token_cost": 1.25e-6,
        "cache_creation_input_token_cost_above_1hr": 2e-6,
        "cache_read_input_token_cost": 1e-7,
    },
    "together_ai/made/vectors": {
        "litellm_provider": "together_ai",
        "mode": "embedding",
        "max_input_tokens": 512,
        "output_vector_size": 768,
        "input_cost_per_token": 1e-8,
        "output_cost_per_token": 0.0,
    },
    "together-ai-up-to-4b": {"litellm_provider": "together_ai", "input_cost_per_token": 1e-7},
    "gpt-9": {"litellm_provider": "openai", "input_cost_per_token": 1e-6},
    "elsewhere/m": {"litellm_provider": "elsewhere", "mode": "chat"},
    "xai/made-up-image": {"litellm_provider": "xai", "mode": "image_generation"},
    "xai/free-cache": {
        "litellm_provider": "xai",
        "input_cost_per_token": 3e-6,
        "output_cost_per_token": 1.5e-5,
        "cache_read_input_token_cost": 0,
    },
}
MODELS_DEV: dict[str, object] = {
    "groq": {
        "id": "groq",
        "models": {
            "made/up-70b": {
                "tool_call": True,
                "reasoning": False,
                "open_weights": True,
                "release_date": "2026-05-04",
                "knowledge": "2025-11",
                "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
                "limit": {"context": 131_072, "output": 32_768},
                "cost": {
                    "input": 0.6,
                    "output": 0.8,
                    "cache_read": 0.3,
                    "tiers": [
                        {"tier": {"type": "context", "size": 64_000}, "input": 1.2, "output": 1.6}
                    ],
                },
            },
            "made/up-month": {
                "release_date": "2026-05",
                "modalities": {"input": ["text"], "output": ["text"]},
                "limit": {"context": 8192, "output": 0},
            },
            "made/up-voice": {"modalities": {"input": ["audio"], "output": ["text"]}},
        },
    }
}
GENAI: list[object] = [
    {
        "id": "x-ai",
        "models": [
            {
                "id": "made-up-1",
                "context_window": 256_000,
                "prices": [
                    {"prices": {"input_mtok": 5, "output_mtok": 20}},
                    {
                        "constraint": {"start_date": "2026-07-01"},
                        "prices": {
                            "input_mtok": {"base": 2, "tiers": [{"start": 128_000, "price": 4}]},
                            "output_mtok": {"base": 10, "tiers": [{"start": 128_000, "price": 15}]},
                        },
                    },
                ],
                "price_variants": [
                    {
                        "when": {"processing": "batch"},
                        "prices": {
                            "input_mtok": {"base": 1, "tiers": [{"start": 128_000, "price": 2}]},
                            "output_mtok": {"base": 5, "tiers": [{"start": 128_000, "price": 7.5}]},
                        },
                        "constraint": {"start_date": "2026-08-01"},
                    },
                    {
                        "when": {"processing": "batch"},
                        "prices": {"input_mtok": 4, "output_mtok": 16},
                    },
                    {"when": {"service_tier": "default"}, "prices": {}},
                    {"when": {"service_tier": "flex"}, "prices": {"input_mtok": 1}},
                ],
            },
            {
                "id": "made-up-night",
                "prices": [
                    {"prices": {"input_mtok": 1, "output_mtok": 2}},
                    {
                        "constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z"},
                        "prices": {"input_mtok": 2, "output_mtok": 4},
                    },
                ],
            },
        ],
    },
    {"id": "google", "models": [{"id": "claude-made-up", "prices": {"input_mtok": 1}}]},
]


def imported(folder: Path, source: str, data: object) -> Imported:
    """What becomes of data that is written as JSON."""
    path = folder / "data.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return import_facts(source, path, TODAY)


def model_of(folder: Path, done: Imported, id_: str) -> ModelEntry:
    """What a catalog knows of a model once the fact file lies over it."""
    path = folder / "facts.toml"
    path.write_text(done.text, encoding="utf-8")
    entry = Catalog([path]).provider(id_.partition("/")[0])
    assert entry is not None
    model = entry.model(id_.partition("/")[2])
    assert model is not None
    return model


def reasons(done: Imported) -> dict[str, str]:
    """Why each row was left out."""
    return {one.name: one.reason for one in done.left}


def problem_of(folder: Path, source: str, text: str) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(PolicyError) as caught:
        imported(folder, source, text)
    return str(caught.value)


def test_rates_per_token_are_exact(tmp_path: Path) -> None:
    """USD per token becomes USD per million tokens in decimals: no digit is lost or added."""
    done = imported(tmp_path, "litellm", LITELLM)
    price = model_of(tmp_path, done, "xai/made-up-1").price
    assert price is not None
    assert [price.input, price.output, price.cached_input] == [
        Decimal(3),
        Decimal(15),
        Decimal("0.3"),
    ]
    rates = (Decimal(6), Decimal("22.5"), Decimal("0.6"))
    assert price.long_context == (LongContext(128_000, *rates),)
    assert dict(price.tiers) == {"batch": Decimal("0.5")}  # flex is no one factor


def test_facts_of_litellm(tmp_path: Path) -> None:
    """Window, output, retirement and abilities are taken; PDF only where the host takes it."""
    done = imported(tmp_path, "litellm", LITELLM)
    model = model_of(tmp_path, done, "xai/made-up-1")
    assert (model.context_tokens, model.max_output_tokens) == (200_000, 8000)
    assert model.retires_on == date(2027, 3, 1)
    assert {"text", "tools", "vision"} <= model.abilities
    assert "documents" not in model.abilities
    claude = model_of(tmp_path, done, "anthropic/made-up-claude").price
    assert claude is not None
    assert claude.cache_writes == (("5m", Decimal("1.25")), ("1h", Decimal(2)))
    vectors = model_of(tmp_path, done, "together/made/vectors")
    assert (vectors.abilities, vectors.dimensions) == (frozenset({"embed"}), 768)


def test_rows_left_out_say_why(tmp_path: Path) -> None:
    """Every row is kept or left out with a reason; nothing is dropped in silence."""
    done = imported(tmp_path, "litellm", LITELLM)
    assert (done.rows, done.models) == (len(LITELLM), 3)
    assert reasons(done) == {
        "sample_spec": "provider",
        "together-ai-up-to-4b": "provider",
        "gpt-9": "model",
        "elsewhere/m": "provider",
        "xai/made-up-image": "kind",
        "xai/free-cache": "gate",
    }
    (stopped,) = (one for one in done.left if one.reason == "gate")
    assert stopped.what == "cached_input = 0: cached input is free, and other is not"


def test_facts_of_models_dev(tmp_path: Path) -> None:
    """Days are taken where they are days; a month of knowledge is its first day."""
    done = imported(tmp_path, "models.dev", MODELS_DEV)
    model = model_of(tmp_path, done, "groq/made/up-70b")
    assert (model.context_tokens, model.max_output_tokens) == (131_072, 32_768)
    assert (model.released, model.knowledge_cutoff) == (date(2026, 5, 4), date(2025, 11, 1))
    assert model.open_weights is True
    assert {"tools", "vision"} <= model.abilities
    assert model.price is not None
    assert model.price.long_context == (LongContext(64_000, Decimal("1.2"), Decimal("1.6")),)
    month = model_of(tmp_path, done, "groq/made/up-month")
    assert (month.released, month.max_output_tokens, month.price) == (None, None, None)
    assert reasons(done) == {"groq/made/up-voice": "kind"}


def test_long_prompts_in_api_json(tmp_path: Path) -> None:
    """The older form of api.json, context_over_200k, counts where there are no tiers."""
    cost = {"input": 1, "output": 5, "context_over_200k": {"input": 2, "output": 7.5}}
    row = {"modalities": {"input": ["text"], "output": ["text"]}, "cost": cost}
    done = imported(tmp_path, "models.dev", {"xai": {"models": {"made-up": row}}})
    price = model_of(tmp_path, done, "xai/made-up").price
    assert price is not None
    assert price.long_context == (LongContext(200_000, Decimal(2), Decimal("7.5")),)


def test_the_tree_of_models_dev(tmp_path: Path) -> None:
    """The folder of its repository is read as well; a row inherits what its base model says."""
    base = tmp_path / "models" / "maker" / "one.toml"
    row = tmp_path / "providers" / "openrouter" / "models" / "maker" / "one.toml"
    for path in (base, row):
        path.parent.mkdir(parents=True)
    base.write_text(
        'release_date = "2026-01-02"\nknowledge = "2025-06-30"\ntool_call = true\n'
        'modalities = { input = ["text"], output = ["text"] }\n'
        "[limit]\ncontext = 1000\noutput = 100\ninput = 900\n",
        encoding="utf-8",
    )
    row.write_text(
        'base_model = "maker/one"\nbase_model_omit = ["knowledge", "limit.output"]\n'
        "[cost]\ninput = 0.10\noutput = 0.4\n",
        encoding="utf-8",
    )
    done = import_facts("models.dev", tmp_path, TODAY)
    assert 'models."openrouter/maker/one"' in done.text
    model = model_of(tmp_path, done, "openrouter/maker/one")
    assert (model.context_tokens, model.max_output_tokens) == (1000, None)
    assert (model.released, model.knowledge_cutoff) == (date(2026, 1, 2), None)
    assert model.price is not None
    assert model.price.input == Decimal("0.1")


def test_a_tree_leads_nowhere_else(tmp_path: Path) -> None:
    """A link out of the folder is not followed."""
    (tmp_path / "secret.toml").write_text("a = 1\n", encoding="utf-8")
    models = tmp_path / "tree" / "providers" / "xai" / "models"
    models.mkdir(parents=True)
    (models / "x.toml").symlink_to(tmp_path / "secret.toml")
    with pytest.raises(PolicyError, match="it leads out of"):
        import_facts("models.dev", tmp_path / "tree", TODAY)


def test_dated_prices_of_genai_prices(tmp_path: Path) -> None:
    """Rows by date follow each other without a gap, and a variant is a factor."""
    done = imported(tmp_path, "genai-prices", GENAI)
    price = model_of(tmp_path, done, "xai/made-up-1").price
    assert price is not None
    now, before = price.on(date(2026, 7, 1)), price.on(date(2026, 6, 30))
    assert now is not None
    assert before is not None
    assert [now.input, now.output, before.input, before.output] == [*map(Decimal, (2, 10, 5, 20))]
    assert now.long_context == (LongContext(128_000, Decimal(4), Decimal(15)),)
    assert dict(now.tiers) == {"batch": Decimal("0.5")}  # flex halves input alone
    assert dict(before.tiers) == {"batch": Decimal("0.8")}
    assert reasons(done) == {"x-ai/made-up-night": "kind", "google/claude-made-up": "kind"}


MODULE = """
import os
from .types import *
raise SystemExit("it was run")
providers: list[Provider] = [
    Provider(id='x-ai', models=[
        ModelInfo(id='made-up-2', context_window=1000, match=ClauseEquals(equals='made-up-2'),
            prices=[
                ConditionalPrice(
                    prices=ModelPrice(input_mtok=Decimal('5'), output_mtok=Decimal('9'))),
                ConditionalPrice(
                    constraint=StartDateConstraint(start_date=datetime.date(2026, 8, 1)),
                    prices=ModelPrice(input_mtok=Decimal('0.1'), output_mtok=Decimal('0.2'))),
            ]),
    ]),
]
"""


def test_a_module_of_data_is_not_run(tmp_path: Path) -> None:
    """The data.py of genai-prices' package is read as a text; what it would do is not done."""
    path = tmp_path / "data.py"
    path.write_text(MODULE, encoding="utf-8")
    price = model_of(tmp_path, import_facts("genai-prices", path, TODAY), "xai/made-up-2").price
    assert price is not None
    assert price.valid_from == date(2026, 8, 1)
    assert price.input == Decimal("0.1")
    for text, what in (
        ("x = 1", "it has no providers"),
        ("providers = [f() for f in x]", "it holds more than data"),
        ("providers = [", "it is no Python"),
        ("providers = " + "[" * 5000, "data.py"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(PolicyError, match=what):
            import_facts("genai-prices", path, TODAY)


def test_only_the_wanted_providers(tmp_path: Path) -> None:
    """`only` leaves the others out, and says so."""
    path = tmp_path / "data.json"
    path.write_text(json.dumps(LITELLM), encoding="utf-8")
    done = import_facts("litellm", path, TODAY, ["anthropic"])
    assert done.models == 1
    assert reasons(done)["xai/made-up-1"] == "asked"


def test_the_notice_of_whose_data_it_is(tmp_path: Path) -> None:
    """The file says from where and when, and holds the license of the source."""
    data = {"litellm": LITELLM, "models.dev": MODELS_DEV, "genai-prices": GENAI}
    for source in SOURCES:
        text = imported(tmp_path, source, data[source]).text
        assert f'[imported]\nfrom = "{source}"\non = 2026-11-26\n' in text
        assert "Permission is hereby granted" in text
        assert "# Copyright (c)" in text


def test_a_poorer_price_does_not_hide_a_richer_one(tmp_path: Path) -> None:
    """A price whose every number the catalog has is not written: it may have more of them."""
    model = resolve(Declaration("m", "openai/gpt-4"))
    assert model.price is not None
    rates = {"input_mtok": int(model.price.input), "output_mtok": int(model.price.output)}
    rows = [{"id": "gpt-4", "prices": rates}]
    done = imported(tmp_path, "genai-prices", [{"id": "openai", "models": rows}])
    assert reasons(done) == {"openai/gpt-4": "nothing"}


def test_a_row_that_is_far_from_the_catalog_stops(tmp_path: Path) -> None:
    """A known model's price that is ten times what the catalog has is left out."""
    rows = [{"id": "gpt-4", "prices": {"input_mtok": 300, "output_mtok": 600}}]
    done = imported(tmp_path, "genai-prices", [{"id": "openai", "models": rows}])
    assert reasons(done) == {"openai/gpt-4": "gate"}


def test_a_row_that_is_far_from_other_hosts_stops(tmp_path: Path) -> None:
    """Where the catalog has no price, that of most hosts of the model counts."""
    usual = {"input_cost_per_token": 1e-7, "output_cost_per_token": 4e-7}
    wrong = {"input_cost_per_token": 1e-5, "output_cost_per_token": 4e-5}
    rows = {f"{host}/made-up": {"litellm_provider": host, **usual} for host in ("a", "b", "xai")}
    rows["groq/made-up"] = {"litellm_provider": "groq", **wrong}
    done = imported(tmp_path, "litellm", rows)
    assert reasons(done) == {
        "a/made-up": "provider",
        "b/made-up": "provider",
        "groq/made-up": "gate",
    }


def test_gemini_at_openrouter(tmp_path: Path) -> None:
    """What OpenRouter lists for keeping Gemini's cache is not what writing to it costs."""
    cost = {"input": 1.25, "output": 10, "cache_read": 0.125, "cache_write": 0.375}
    row = {"modalities": {"input": ["text"], "output": ["text"]}, "cost": cost}
    data = {"openrouter": {"models": {"google/made-up": row, "other/made-up": row}}}
    done = imported(tmp_path, "models.dev", data)
    assert reasons(done) == {"openrouter/other/made-up": "gate"}
    price = model_of(tmp_path, done, "openrouter/google/made-up").price
    assert price is not None
    assert price.cache_write is None


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("NaN", "gate"),
        ("Infinity", "gate"),
        ("-Infinity", "gate"),
        ("1e999", "gate"),
        ("1e99999999999999999999", "gate"),
        ("-3e-6", "gate"),
        ("9" * 5000, "gate"),
        ("1e-999", "unreadable"),
        ('"0.000003"', "unreadable"),
        ("true", "unreadable"),
        ("[]", "unreadable"),
        ("{}", "unreadable"),
    ],
)
def test_hostile_numbers(tmp_path: Path, number: str, reason: str) -> None:
    """A number that is none, or none that is believed, leaves its row out and no other."""
    good = '"input_cost_per_token": 3e-6, "output_cost_per_token": 3e-6'
    bad = f'"input_cost_per_token": {number}, "output_cost_per_token": 3e-6'
    rows = (
        f'"xai/{name}": {{"litellm_provider": "xai", {rates}}}'
        for name, rates in (("good", good), ("bad", bad))
    )
    done = imported(tmp_path, "litellm", f"{{{', '.join(rows)}}}")
    assert (done.models, reasons(done)) == (1, {"xai/bad": reason})
    assert model_of(tmp_path, done, "xai/good").price is not None


@pytest.mark.parametrize(
    "row",
    [
        "1",
        "null",
        "[]",
        '{"litellm_provider": "xai", "mode": 5}',
        '{"litellm_provider": "xai", "max_input_tokens": 0.5}',
        '{"litellm_provider": "xai", "max_input_tokens": 1e12}',
        '{"litellm_provider": "xai", "deprecation_date": "soon"}',
        '{"litellm_provider": "xai", "deprecation_date": "2026-02-30"}',
        '{"litellm_provider": "xai", "supports_vision": "yes"}',
        '{"litellm_provider": "xai", "mode": "chat", "mode": "chat"}',
        '{"litellm_provider": "xai", "max_input_tokens": 1, "max_input_tokens": 2}',
    ],
)
def test_hostile_rows(tmp_path: Path, row: str) -> None:
    """A value of another type, or a key that stands twice, leaves the row out, and is named."""
    done = imported(tmp_path, "litellm", f'{{"xai/bad": {row}}}')
    assert done.models == 0
    assert reasons(done) == {"xai/bad": "unreadable"}


@pytest.mark.parametrize("id_", ['a"]\n[provider', "a\x7f", "\u202e", "", "a b", "x" * 300])
def test_hostile_ids(tmp_path: Path, id_: str) -> None:
    """An id that could break out of the file's quotes, or hide in them, is left out."""
    rates = {"litellm_provider": "xai", "max_input_tokens": 10}
    done = imported(tmp_path, "litellm", {f"xai/{id_}": rates})
    assert done.models == 0
    assert "provider]" not in done.text


@pytest.mark.parametrize("source", SOURCES)
def test_hostile_files(tmp_path: Path, source: str) -> None:
    """A file that is no such data is refused with its name, and its line where there is one."""
    for text, what in (
        ("", "Expecting value"),
        ("{", "data.json:1"),
        ('{"a": 1,\n]', "data.json:2"),
        ("[" * 100_000, "it nests too deep"),
        ('{"a":' * 100_000, "it nests too deep"),
        ('"text"', "it is not"),
        ("17", "it is not"),
    ):
        assert what in problem_of(tmp_path, source, text)
    (tmp_path / "data.json").write_bytes(b'{"\xff": 1}')
    with pytest.raises(PolicyError, match="it is not UTF-8"):
        import_facts(source, tmp_path / "data.json", TODAY)
    with pytest.raises(PolicyError, match="it cannot be read"):
        import_facts(source, tmp_path / "nothing.json", TODAY)
    with (tmp_path / "data.json").open("wb") as file:
        file.truncate(33 * 1024 * 1024)
    with pytest.raises(PolicyError, match="it is larger than"):
        import_facts(source, tmp_path / "data.json", TODAY)


def test_keys_that_stand_twice(tmp_path: Path) -> None:
    """Of two rows of one name nobody can say which was meant: both are left out."""
    row = '{"litellm_provider": "xai", "max_input_tokens": 5}'
    done = imported(tmp_path, "litellm", f'{{"xai/m": {row}, "xai/m": {row}}}')
    assert done.models == 0


def test_a_thousand_models_load(tmp_path: Path) -> None:
    """A fact file may be larger than a policy file; what is written is never too large to read."""
    rates = {"litellm_provider": "xai", "input_cost_per_token": 1e-6, "output_cost_per_token": 3e-6}
    done = imported(tmp_path, "litellm", {f"xai/made-up-{one}": rates for one in range(2000)})
    assert len(done.text) > 64 * 1024
    assert model_of(tmp_path, done, "xai/made-up-1999").price is not None
    with pytest.raises(PolicyError, match="more than 512 KiB: name providers"):
        imported(tmp_path, "litellm", {f"xai/made-up-{one}": rates for one in range(9000)})
    provider = tmp_path / "acme.toml"
    provider.write_text(f'[provider]\nname = "{"x" * 70_000}"\n', encoding="utf-8")
    with pytest.raises(PolicyError, match="it is larger than 64 KiB"):
        Catalog([provider])


RATES = st.decimals("0", "1000", allow_nan=False, allow_infinity=False, places=12)
FACTORS = st.decimals("0.001", "10", allow_nan=False, allow_infinity=False, places=6)
MAYBE = st.none() | RATES


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """A price that says anything that a file may say."""
    lives = draw(st.lists(st.sampled_from(["5m", "30m", "1h", "12h"]), unique=True))
    writes = tuple((life, draw(RATES)) for life in lives)
    lengths = sorted(draw(st.sets(st.integers(1, 2_000_000), max_size=3)))
    return Price(
        draw(RATES),
        draw(RATES),
        draw(MAYBE),
        writes[0][1] if writes else draw(MAYBE),
        cache_writes=writes,
        tiers=tuple(
            (name, draw(FACTORS)) for name in draw(st.sets(st.sampled_from(["batch", "flex"])))
        ),
        long_context=tuple(
            LongContext(above, draw(RATES), draw(RATES), draw(MAYBE), draw(MAYBE))
            for above in lengths
        ),
        regional=draw(st.none() | FACTORS),
    )


@given(now=prices(), before=st.none() | prices())
def test_what_is_written_is_read_back(now: Price, before: Price | None) -> None:
    """Every number of a price comes back from the file as it went in, digit by digit."""
    price: Price | None = now
    if before is not None:
        now = replace(now, valid_from=date(2026, 7, 1))
        price = joined([now, replace(before, valid_until=date(2026, 6, 30))])
    text = fact_file("litellm", TODAY, [Entry("groq/m", {"context_tokens": 5}, price)])
    facts = parsed(text, "facts.toml")
    assert facts is not None
    layer = read_layer(facts, Catalog().provider)
    assert layer.models["groq/m"].price == price
