"""`llmroute license`: list and explain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from llmroute.policies.licensing import card_names
from tests.cli.support import here

if TYPE_CHECKING:
    from pathlib import Path

Capsys = pytest.CaptureFixture[str]


def test_list_shows_every_card(capsys: Capsys) -> None:
    """Each card is a row, and JSON holds its clauses; both say whether it was read in quotes."""
    run = here(capsys, "license", "list")
    assert run.code == 0
    assert all(f"\n{name} " in run.out for name in card_names())
    assert "no legal advice" in run.out
    told = json.loads(here(capsys, "license", "list", "--json").out)
    assert [one["id"] for one in told] == list(card_names())
    clauses = [two for one in told for two in one["clauses"]]
    assert all({"cite", "effect", "reads", "second_hand"} == set(two) for two in clauses)
    by_id = {one["id"]: one for one in told}
    assert by_id["llama-2"]["scancode_key"] == "llama-2-license-2023"
    assert by_id["apache-2.0"]["spdx"] == "Apache-2.0"
    assert by_id["groq"]["models_of_others"]
    assert by_id["groq"]["spdx_id"] == "LicenseRef-llmroute-groq"


ASKED: list[tuple[list[str], int, str]] = [
    (["purposes=synthetic_data"], 3, "llama-2: denied"),
    (["purposes=chat", "monthly_active_users=2023-06:10"], 0, "llama-2: allowed with duties"),
    (["purposes=chat", "monthly_active_users=2023-06:700_000_001"], 3, "700,000,001 in 2023-06"),
    (["purposes=chat", "monthly_active_users=5"], 1, 'monthly_active_users."2023-06" not stated'),
]


@pytest.mark.parametrize(("facts", "code", "said"), ASKED)
def test_a_use_is_judged(capsys: Capsys, facts: list[str], code: int, said: str) -> None:
    """The exit code is that of the verdict, and every clause that bears on the use is cited."""
    words = [word for fact in facts for word in ("--fact", fact)]
    run = here(capsys, "license", "explain", "llama-2", *words)
    assert run.code == code
    assert said in " ".join(run.out.split())
    told = json.loads(here(capsys, "license", "explain", "llama-2", "--json", *words).out)
    assert told["licenses"] == ["llama-2"]
    assert all(one["text_url"].startswith("https://") for one in told["findings"])


WEIGHTS = {
    "llama-2-7b-chat": ["llama-2"],
    "meta-llama/Llama-2-7b-chat-hf": ["llama-2"],
    "deepseek-r1-distill-llama-70b": ["mit", "llama-3.3"],
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_open_weights_are_judged_by_their_name(capsys: Capsys, name: str) -> None:
    """Weights of the catalog are judged alone, without a host, by its name of them or a hub's."""
    told = json.loads(here(capsys, "license", "explain", name, "--json").out)
    assert (told["licenses"], told["host_terms"]) == (WEIGHTS[name], None)
    hosted = json.loads(
        here(capsys, "license", "explain", "groq/openai/gpt-oss-120b", "--json").out
    )
    assert (hosted["licenses"], hosted["host_terms"]) == (["apache-2.0"], "groq")


def test_a_permission_is_a_fact_as_well(capsys: Capsys) -> None:
    """--fact granted.LICENSE names the agreement, and a license that has no card is told."""
    words = ["--fact", "purposes=distill", "--fact", "granted.llama-2=our letter of 2026-02"]
    run = here(capsys, "license", "explain", "llama-2", *words)
    assert (run.code, "permitted by our letter of 2026-02" in run.out) == (0, True)
    run = here(capsys, "license", "explain", "llama-2", "--fact", "granted.llama2=x")
    assert (run.code, "Did you mean 'llama-2'?" in run.err) == (2, True)


def test_a_model_is_judged_with_its_host(capsys: Capsys) -> None:
    """A model of the catalog is bound by its host's terms."""
    run = here(capsys, "license", "explain", "openai/gpt-4", "--fact", "purposes=compete")
    assert (run.code, "host openai" in run.out) == (3, True)


def test_no_line_is_too_long_where_nothing_bears_on_the_use(capsys: Capsys) -> None:
    """Also a verdict without findings keeps to 100 columns."""
    run = here(capsys, "license", "explain", "openai/gpt-6.1-terra", "--fact", "purposes=chat")
    assert "no clause bears on this use" in " ".join(run.out.split())
    assert max(map(len, run.out.splitlines())) <= 100


def test_facts_of_the_policy_count(capsys: Capsys, tmp_path: Path) -> None:
    """What the policy states holds, and what the command line states goes over it."""
    file = tmp_path / "llmroute.toml"
    file.write_text(
        'version = 1\n[facts]\npurposes = ["distill"]\n'
        '[models.own]\nuse = "llama-cpp"\nfile = "a.gguf"\nlicense = "llama-2"\n',
        encoding="utf-8",
    )
    run = here(capsys, "license", "explain", "own", "-p", str(file))
    assert run.code == 3
    over = ["--fact", "purposes=chat", "--fact", "monthly_active_users=2023-06:0"]
    assert here(capsys, "license", "explain", "own", "-p", str(file), *over).code == 0


WRONG: list[tuple[list[str], str]] = [
    (["llama2"], "Did you mean 'llama-2'?"),
    (["llama-2", "--fact", "purpose=chat"], "facts.purpose: there is no such key"),
    (["llama-2", "--fact", "purposes"], "--fact: it must be name=value"),
    (["llama-2", "--fact", "purposes=cheat"], "'cheat' is no purpose"),
    (["llama-2", "--fact", "monthly_active_users=2023-06:many"], "must be a whole number"),
    (["llama-2", "--fact", "commercial=perhaps"], "facts.commercial"),
    (["openai/gpt-99"], "the catalog has no model 'gpt-99'"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_wrong_words(capsys: Capsys, words: list[str], said: str) -> None:
    """What is misspelt is exit code 2, with the nearest right word."""
    run = here(capsys, "license", "explain", *words)
    assert run.code == 2
    assert said in run.err
