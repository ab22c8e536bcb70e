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
    assert all({"cite", "effect", "reads"} == set(two) for one in told for two in one["clauses"])


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
