"""The rules that every entry of open weights, and every host's row of them, keeps."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import policies
from llmroute.catalog.collection import Catalog
from llmroute.catalog.data import names, read_table
from llmroute.catalog.entries import provider, provider_names
from llmroute.catalog.explain import explain
from llmroute.catalog.families import FOLDER, base_licenses, shared, weights_of

if TYPE_CHECKING:
    from llmroute.catalog.entries import ModelEntry

NUMBERS = (
    *("context_tokens", "released", "knowledge_cutoff", "parameters_billion"),
    *("active_parameters_billion", "training_tokens_billion"),
)


def everything() -> dict[str, ModelEntry]:
    """All entries of open weights, by id."""
    files = [weights_of(f"{FOLDER}/{name}.toml") for name in names(FOLDER)]
    found = {id_: entry for entries in files for id_, entry in entries.items()}
    assert len(found) == sum(len(entries) for entries in files)
    return found


ALL = everything()


@pytest.mark.parametrize("id_", ALL)
def test_every_number_has_a_source(id_: str) -> None:
    """Each number of open weights names the source that it was read in, with a day."""
    entry = ALL[id_]
    for name in NUMBERS:
        if getattr(entry, name) is not None:
            assert entry.sources[name].url.startswith("https://"), name
    assert all(one.source and one.harness and one.checked_on for one in entry.scores)


@pytest.mark.parametrize("id_", ALL)
def test_an_entry_says_what_it_is(id_: str) -> None:
    """Open weights have a family, a tuning, a license and a size, and no host's price."""
    entry = ALL[id_]
    assert entry.open_weights
    assert entry.family
    assert entry.tuning in {"base", "chat"}
    assert entry.license
    assert entry.parameters_billion
    assert entry.price is None
    assert shared(id_) == entry
    assert re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", id_)


@pytest.mark.parametrize("id_", ALL)
def test_a_mixture_of_experts_uses_a_part(id_: str) -> None:
    """The parameters that a token passes through are fewer than all."""
    entry = ALL[id_]
    if entry.active_parameters_billion is not None:
        assert entry.parameters_billion is not None
        assert entry.active_parameters_billion < entry.parameters_billion


@pytest.mark.parametrize("id_", ALL)
def test_scores_are_of_the_same_tuning(id_: str) -> None:
    """Scores of a base model are not told of its chat model, nor the other way round."""
    entry = ALL[id_]
    assert {one.tuning for one in entry.scores} <= {entry.tuning}


@pytest.mark.parametrize("id_", ALL)
def test_days_are_in_order(id_: str) -> None:
    """What a model knows ends before the day on which it was released."""
    entry = ALL[id_]
    if entry.knowledge_cutoff is not None and entry.released is not None:
        assert entry.knowledge_cutoff < entry.released


def test_licenses() -> None:
    """The license of every entry has a card."""
    named = {entry.license for entry in ALL.values()}
    assert named <= {*names("policies/licenses")}


def test_the_folder_is_read_whole() -> None:
    """Every file of the folder is one of open weights and states where its numbers are from."""
    folder = Path(__file__).resolve().parents[2] / FOLDER
    assert {path.stem for path in folder.glob("*.toml")} == set(names(FOLDER))
    for name in names(FOLDER):
        table = read_table(f"{FOLDER}/{name}.toml")
        assert table is not None
        assert set(table) == {"sources", "models"}


@pytest.mark.parametrize(
    ("id_", "window", "billions", "score"),
    [
        ("llama-3-8b-instruct", 8192, (8, None, 15_000), ("HumanEval", 62.2)),
        ("llama-3-70b-instruct", 8192, (70, None, 15_000), ("MMLU", 82.0)),
        ("llama-4-scout", 10_000_000, (109, 17, 40_000), ("MMLU-Pro", 74.3)),
        ("llama-4-maverick", 1_000_000, (400, 17, 22_000), ("GPQA Diamond", 69.8)),
        ("mixtral-8x7b-instruct-v0.1", 32_768, (47, 13, None), ("MT-Bench", 8.3)),
        ("qwen2.5-72b-instruct", 131_072, (72.7, None, 18_000), ("HumanEval", 86.6)),
        ("qwen2.5-7b-instruct", 131_072, (7.61, None, 18_000), ("GSM8K", 91.6)),
        ("deepseek-v3", 131_072, (671, 37, 14_800), ("MMLU", 88.5)),
        ("deepseek-r1", 131_072, (671, 37, None), ("AIME 2024", 79.8)),
        ("gemma-3-27b-it", 131_072, (27, None, None), ("MMLU-Pro", 67.5)),
        ("decilm-6b", 4096, (5.7, None, None), ("HellaSwag", 74.58)),
        ("decilm-7b-instruct", 8192, (7.04, None, None), ("MMLU", 60.24)),
    ],
)
def test_figures(
    id_: str,
    window: int,
    billions: tuple[float, float | None, int | None],
    score: tuple[str, float],
) -> None:
    """Window, size, tokens of training and a score are those of the maker's card."""
    entry = ALL[id_]
    assert entry.context_tokens == window
    sizes = (entry.parameters_billion, entry.active_parameters_billion)
    found = tuple(None if one is None else float(one) for one in sizes)
    assert (*found, entry.training_tokens_billion) == billions
    assert score in {(one.benchmark, one.value) for one in entry.scores}


def test_licenses_differ_by_size() -> None:
    """Within one family, the license is that of the very model: Qwen2.5 has three."""
    found = {id_: entry.license for id_, entry in ALL.items() if entry.family == "qwen2.5"}
    assert found["qwen2.5-3b-instruct"] == "qwen-research"
    assert found["qwen2.5-7b-instruct"] == "apache-2.0"
    assert found["qwen2.5-72b-instruct"] == "qwen-2.5"


def test_a_distilled_model_is_of_the_family_it_was_made_from() -> None:
    """What DeepSeek trained from a Llama stands under its own license, and that of the Llama."""
    entry = ALL["deepseek-r1-distill-llama-70b"]
    assert (entry.family, entry.license) == ("llama-3.3", "mit")
    assert base_licenses(entry.base_models) == ("llama-3.3",)


def test_the_models_of_the_mission_are_here() -> None:
    """The weights that the catalog was asked for are in it, of ten makers' families."""
    wanted = {"llama-2", "llama-3", "llama-4", "mistral", "mixtral", "qwen3", "gemma-3", "gpt-oss"}
    wanted |= {"deepseek-v3", "phi-4", "decilm", "smollm2"}
    assert wanted <= {entry.family for entry in ALL.values()}
    assert len(ALL) >= 45
    assert ALL["decilm-6b"].license == "decilm"
    assert ALL["decilm-7b"].license == "apache-2.0"


def hosted() -> dict[str, ModelEntry]:
    """Every row of a host that names open weights, by "provider/model"."""
    found: dict[str, ModelEntry] = {}
    for name in provider_names():
        entry = provider(name)
        for id_ in entry.models if entry and not entry.local else ():
            known = entry.model(id_) if entry else None
            if known is not None and known.weights is not None:
                found[f"{name}/{id_}"] = known
    return found


HOSTED = hosted()


@pytest.mark.parametrize("id_", HOSTED)
def test_a_host_shares_what_the_weights_are(id_: str) -> None:
    """License, family, size and scores of a host's row are those of its weights, with sources."""
    row = HOSTED[id_]
    weights = ALL[row.weights or ""]
    assert (row.license, row.family, row.tuning) == (weights.license, weights.family, "chat")
    assert row.open_weights
    assert row.parameters_billion == weights.parameters_billion
    assert row.scores == weights.scores
    assert row.context_tokens
    assert row.sources["context_tokens"].title
    assert "text" in row.abilities


@pytest.mark.parametrize("id_", HOSTED)
def test_no_window_of_a_host_is_longer_than_that_of_the_weights(id_: str) -> None:
    """A host may serve less of a window than the weights have, and never more."""
    row, weights = HOSTED[id_], ALL[HOSTED[id_].weights or ""]
    if weights.context_tokens is not None and row.context_tokens is not None:
        assert row.context_tokens <= weights.context_tokens


def test_rows_of_hosts() -> None:
    """At least eight rows of four hosts answer; windows differ by host, and are the host's own."""
    today = date(2026, 11, 26)
    alive = {id_ for id_, row in HOSTED.items() if row.retires_on is None or row.retires_on > today}
    assert len(alive) >= 8
    assert {id_.partition("/")[0] for id_ in alive} >= {
        "cloudflare",
        "fireworks",
        "groq",
        "together",
    }
    here = HOSTED["cloudflare/@cf/meta/llama-3.3-70b-instruct-fp8-fast"]
    there = HOSTED["together/meta-llama/Llama-3.3-70B-Instruct-Turbo"]
    assert (here.context_tokens, there.context_tokens) == (24_000, 131_072)
    assert here.license == there.license == "llama-3.3"


def test_where_llama_2_is_served() -> None:
    """Cloudflare retired LLaMA 2 7B chat on 2026-05-30, and a plan refuses it with that day."""
    row = HOSTED["cloudflare/@cf/meta/llama-2-7b-chat-fp16"]
    assert row.price is not None
    assert (str(row.price.input), str(row.price.output)) == ("0.556", "6.667")
    assert row.retires_on == date(2026, 5, 30)
    assert row.context_tokens == 4096
    assert tuple(row.languages) == ("en",)
    assert row.replaced_by is not None
    assert f"cloudflare/{row.replaced_by}" in HOSTED
    use = "cloudflare/@cf/meta/llama-2-7b-chat-fp16"
    gone = llmroute.model("llama", use=use, account="0a1b2c", key="k")
    with llmroute.Client(models=[gone]) as client:
        (refusal,) = client.plan("hi").refused
    assert refusal.rule == "retired"
    assert "2026-05-30" in refusal.reason


def test_what_no_source_tells_is_unknown() -> None:
    """A row whose price no source gives has none; it is not free."""
    row = HOSTED["cloudflare/@cf/meta-llama/llama-2-7b-chat-hf-lora"]
    assert row.price is None


def test_every_row_explains_itself() -> None:
    """Each model of the catalog shows its facts, those of its weights among them."""
    catalog = Catalog()
    for name in provider_names():
        entry = provider(name)
        for id_ in entry.models if entry else ():
            assert explain(f"{name}/{id_}", catalog), id_
    facts = {one.name: one for one in explain("llama-cpp/llama-2-7b-chat", catalog)}
    (first, _) = facts["context_tokens"].told
    assert first.layer == "providers/weights/llama.toml"
    (languages,) = facts["languages"].told
    assert languages.value == ("en",)


def test_what_hosts_do_with_prompts() -> None:
    """Who must not keep prompts is asked only if the host's own page says that it keeps none."""
    models = [
        llmroute.model("fireworks", use="fireworks/accounts/fireworks/models/gpt-oss-20b", key="k"),
        llmroute.model("together", use="together/openai/gpt-oss-120b", key="k"),
        llmroute.model("groq", use="groq/openai/gpt-oss-20b", key="k"),
        llmroute.model("other", use="fireworks/another", key="k", context_tokens=8192),
    ]
    rule = policies.zero_retention
    policy = policies.order("fireworks", "together", "groq", "other", require=[rule])
    with llmroute.Client(policy, models=models) as client:
        plan = client.plan("hi")
    assert [one.model.name for one in plan.candidates] == ["fireworks"]
    assert {one.model.name for one in plan.refused} == {"together", "groq", "other"}
