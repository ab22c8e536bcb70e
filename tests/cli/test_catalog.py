"""`llmroute catalog`: list, explain and check."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from llmroute.catalog.checking import findings
from llmroute.catalog.collection import BUILT_IN, Catalog
from tests.cli.support import here

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """version = 1
[catalog]
files = ["own.toml", "imported.toml", "acme.toml"]
[models.gpt]
use = "openai/gpt-4"
context_tokens = 50
"""
OWN = '[models."openai/gpt-4"]\ncontext_tokens = 9000\n'
IMPORTED = """[imported]
from = "models.dev"
on = 2025-01-02
[models."openai/gpt-4"]
context_tokens = 7000
"""
ACME = """[provider]
api = "openai-chat"
base_url = "https://api.acme.example"
checked_on = 2025-01-01
docs = "https://acme.example/docs"
[models.old]
retires_on = 2025-01-01
replaced_by = "nobody"
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """A policy with a file of the user's own, an imported one and a provider of its own."""
    files = {"own.toml": OWN, "imported.toml": IMPORTED, "acme.toml": ACME, "p.toml": POLICY}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / "p.toml")


def test_a_price_is_explained_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Tiers and long prompts stand in brackets; what says nothing is not told."""
    out = " ".join(here(capsys, "catalog", "explain", "openai/gpt-6.1-terra").out.split())
    assert "tiers (batch 0.5; flex 0.5; fast 2; priority 2)" in out
    assert "long_context (above_tokens 272000, input 2, output 7.5" in out
    assert "is_dated" not in out
    assert "marginal" not in out


def test_list_shows_prices_of_today(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A price that begins in years to come is not shown before its day."""
    rows = (("valid_until = 2089-12-31", 7), ("valid_from = 2090-01-01", 8))
    head = '[[models."openai/gpt-4".prices]]'
    text = "".join(f"{head}\ninput = {usd}\noutput = {usd}\n{day}\n" for day, usd in rows)
    (tmp_path / "facts.toml").write_text(text, encoding="utf-8")
    policy = tmp_path / "p.toml"
    policy.write_text(
        'version = 1\n[catalog]\nfiles = ["facts.toml"]\n[models.gpt]\nuse = "openai/gpt-4"\n',
        encoding="utf-8",
    )
    run = here(capsys, "catalog", "list", "-p", str(policy))
    (line,) = (line for line in run.out.splitlines() if line.endswith(" openai/gpt-4"))
    assert "7/7" in line.split()


def test_list_shows_every_model(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each model has a line that ends in its id, those of the policy's own providers too."""
    run = here(capsys, "catalog", "list", "-p", policy)
    assert run.code == 0
    ids = [line.split()[-1] for line in run.out.splitlines()]
    assert {"openai/gpt-4", "acme/old", "llama-cpp/llama-2-7b-chat"} <= set(ids)
    assert all(len(line) <= 100 for line in run.out.splitlines())


def test_explain_shows_every_layer(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Built-in, imported, own and declared values are shown, the one that counts with an arrow."""
    run = here(capsys, "catalog", "explain", "gpt", "-p", policy)
    assert run.code == 0
    block = run.out.split("\ncontext_tokens\n")[1].split("\n\n")[0].splitlines()
    assert [line for line in block if not line.startswith("      ")] == [
        *("->  50", "    9000", "    7000", "    8192")
    ]
    assert "declared as gpt" in block[1]
    assert "own.toml" in block[3]
    assert "from models.dev on 2025-01-02" in " ".join(run.out.split())
    assert "https://developers.openai.com/api/docs/models/gpt-4.md" in run.out
    assert all(len(line) <= 100 for line in run.out.splitlines() if "https://" not in line)


def test_explain_as_json(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--json has each layer's value, which won, and source, address and date."""
    run = here(capsys, "catalog", "explain", "openai/gpt-4", "--json", "-p", policy)
    told = json.loads(run.out)
    (window,) = [fact for fact in told["facts"] if fact["fact"] == "context_tokens"]
    assert told["model"] == "openai/gpt-4"
    assert window["value"] == 9000
    assert [(layer["value"], layer["won"]) for layer in window["layers"]] == [
        *((8192, False), (7000, False), (9000, True))
    ]
    assert window["layers"][0]["source"]["url"].startswith("https://developers.openai.com")
    assert window["layers"][0]["source"]["checked_on"] == "2026-11-26"
    assert window["layers"][1]["imported"] == {"from": "models.dev", "on": "2025-01-02"}
    (price,) = [fact for fact in told["facts"] if fact["fact"] == "price"]
    assert price["value"]["input"] == "30"


def test_explain_says_what_a_price_leaves_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A price counts as a whole: what the one below tells and it does not is named."""
    facts = 'models."openai/gpt-6.1-terra".price = { input = 2, output = 10, tiers = { flex = 1 } }'
    (tmp_path / "facts.toml").write_text(facts, encoding="utf-8")
    policy = tmp_path / "p.toml"
    policy.write_text(
        'version = 1\n[catalog]\nfiles = ["facts.toml"]\n'
        '[models.gpt]\nuse = "openai/gpt-6.1-terra"\nprice = { input = 1, output = 5 }\n',
        encoding="utf-8",
    )
    run = here(capsys, "catalog", "explain", "gpt", "-p", str(policy), "--json")
    (price,) = (one for one in json.loads(run.out)["facts"] if one["fact"] == "price")
    built_in, own, declared = price["layers"]
    assert "lost" not in built_in
    assert {"tiers.batch", "long_context", "regional", "cache_write.12h"} <= set(own["lost"])
    assert "tiers.flex" not in own["lost"]
    assert declared["lost"] == ["tiers.flex"]
    words = " ".join(here(capsys, "catalog", "explain", "gpt", "-p", str(policy)).out.split())
    assert "it leaves out what the price below tells of: tiers.flex" in words


@pytest.mark.parametrize("model", ["groq/no-such-thing", "groq/openai/gpt-oss-21b", "groq", "vllm"])
def test_explain_refuses_what_nobody_tells_of(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """That a host takes models which are not listed makes none of them known."""
    run = here(capsys, "catalog", "explain", model)
    assert (run.code, run.out) == (2, "")
    assert f"there is no model '{model}'" in run.err
    assert ("openai/gpt-oss-20b" in run.err) == model.startswith("groq")


def test_explain_takes_an_unlisted_model_that_a_file_tells_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fact file makes it known; a server's models are its user's."""
    fact = '[models."groq/no-such-thing"]\ncontext_tokens = 7\n'
    (tmp_path / "facts.toml").write_text(fact, encoding="utf-8")
    policy = tmp_path / "p.toml"
    policy.write_text(
        'version = 1\n[catalog]\nfiles = ["facts.toml"]\n[models.gpt]\nuse = "openai/gpt-4"\n',
        encoding="utf-8",
    )
    run = here(capsys, "catalog", "explain", "groq/no-such-thing", "-p", str(policy))
    assert run.code == 0
    assert "facts.toml" in run.out
    assert here(capsys, "catalog", "explain", "vllm/mine").code == 0


def test_explain_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """A model or a provider that there is not is an error with the nearest name."""
    run = here(capsys, "catalog", "explain", "openai/gtp-4")
    assert run.code == 2
    assert "Did you mean 'gpt-4" in run.err
    run = here(capsys, "catalog", "explain", "opnai/gpt-4")
    assert run.code == 2
    assert "openai" in run.err


def test_check_tells_what_is_old(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Old numbers, old imports and missing successors end with exit code 1, each in a row."""
    run = here(capsys, "catalog", "check", "--json", "-p", policy)
    assert run.code == 1
    found = {(one["kind"], one["about"]) for one in json.loads(run.out)}
    assert {("retired", "acme/old"), ("successor", "acme/old"), ("old", "acme.toml")} <= found
    assert any(kind == "old" and about.endswith("imported.toml") for kind, about in found)
    assert "models.dev" in here(capsys, "catalog", "check", "-p", policy).out


def test_check_of_the_shipped_catalog(capsys: pytest.CaptureFixture[str]) -> None:
    """A retired model is shown, and alone is no failure; --days says what is old."""
    run = here(capsys, "catalog", "check", "--days", "100000")
    assert run.code == 0
    assert "openai/gpt-4" in run.out


def test_numbers_grow_old() -> None:
    """What is fresh today is old when more than 120 days have passed."""
    fresh = findings(BUILT_IN, date(2026, 11, 27))
    late = findings(Catalog(), date(2028, 1, 1))
    assert not [one for one in fresh if one.kind == "old"]
    assert {"openai.toml", "anthropic.toml"} <= {one.about for one in late if one.kind == "old"}


def test_the_shipped_catalog_has_its_successors() -> None:
    """Each model that the catalog names as a successor is in the catalog."""
    assert not [one for one in findings(BUILT_IN, date(2026, 11, 27)) if one.kind == "successor"]


def test_what_to_do_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    """`llmroute catalog` alone is a usage error that names what there is."""
    run = here(capsys, "catalog")
    assert run.code == 2
    assert "ACTION" in run.err
