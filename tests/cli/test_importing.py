"""`llmroute catalog import`: the file it writes, what it tells, and what counts afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import here

if TYPE_CHECKING:
    from pathlib import Path

RATES = {"input_cost_per_token": 2e-5, "output_cost_per_token": 4e-5}
ROWS = {
    "gpt-4": {"litellm_provider": "openai", **RATES},
    "xai/wrong": {"litellm_provider": "xai", **RATES, "input_cost_per_token": 2},
    "elsewhere/m": {"litellm_provider": "elsewhere"},
}


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A file in LiteLLM's form."""
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(ROWS), encoding="utf-8")
    return str(path)


def test_import_then_explain(tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Built-in < imported < the user's file < code: `catalog explain` shows each, and which won."""
    out = tmp_path / "facts.toml"
    run = here(capsys, "catalog", "import", "--from", "litellm", data, "--out", str(out))
    assert run.code == 0
    assert "3 rows read, 1 models kept" in run.out
    assert "left out: xai/wrong: input = 2000000: a rate is from 0 to 1000 USD" in run.out
    (tmp_path / "own.toml").write_text(
        '[models."openai/gpt-4"]\nprice = { input = 29, output = 59 }\n', encoding="utf-8"
    )
    policy = tmp_path / "p.toml"
    policy.write_text(
        'version = 1\n[catalog]\nfiles = ["own.toml", "facts.toml"]\n'
        '[models.gpt]\nuse = "openai/gpt-4"\nprice = { input = 28, output = 58 }\n',
        encoding="utf-8",
    )
    told = here(capsys, "catalog", "explain", "gpt", "-p", str(policy), "--json")
    (price,) = (one for one in json.loads(told.out)["facts"] if one["fact"] == "price")
    rates = [(one["value"]["input"], one["won"]) for one in price["layers"]]
    assert rates == [("30", False), ("20", False), ("29", False), ("28", True)]
    assert price["layers"][1]["imported"]["from"] == "litellm"


def test_without_a_file_the_facts_go_to_stdout(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report goes to stderr then; --strict fails when a price was stopped."""
    run = here(capsys, "catalog", "import", "--from", "litellm", data, "--strict")
    assert run.code == 1
    assert '[models."openai/gpt-4"]' in run.out
    assert "left out: xai/wrong" in run.err
    calm = here(
        capsys, "catalog", "import", "--from", "litellm", data, "--only", "openai", "--strict"
    )
    assert calm.code == 0


def test_the_report_as_json(tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--json counts the rows by reason; it needs --out, since stdout is taken."""
    out = str(tmp_path / "facts.toml")
    words = ("catalog", "import", "--from", "litellm", data, "--json")
    told = json.loads(here(capsys, *words, "--out", out).out)
    assert (told["rows"], told["models"]) == (3, 1)
    assert told["left_out"] == {"gate": 1, "provider": 1}
    assert [one["name"] for one in told["named"]] == ["xai/wrong"]
    run = here(capsys, *words)
    assert run.code == 2
    assert "--json" in run.err


def test_an_import_of_nothing_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no row is kept, a sentence says so, no file is written, and the exit code is 1."""
    (tmp_path / "none.json").write_text('{"a/b": {"litellm_provider": "a"}}', encoding="utf-8")
    out = tmp_path / "facts.toml"
    words = ("catalog", "import", "--from", "litellm", str(tmp_path / "none.json"))
    for run in (here(capsys, *words), here(capsys, *words, "--out", str(out))):
        assert run.code == 1
        assert "nothing of" in run.err
        assert "[imported]" not in run.out
        assert "name it in a policy" not in run.out
    assert not out.exists()
    told = here(capsys, *words, "--out", str(out), "--json")
    assert (told.code, json.loads(told.out)["models"]) == (1, 0)


def test_a_poorer_price_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the catalog's price tells and an imported one does not is no silent loss."""
    rates = {"input_cost_per_token": 2e-6, "output_cost_per_token": 1e-5}
    rows = {"gpt-6.1-terra": {"litellm_provider": "openai", **rates}}
    data, out = tmp_path / "prices.json", tmp_path / "facts.toml"
    data.write_text(json.dumps(rows), encoding="utf-8")
    words = ("catalog", "import", "--from", "litellm", str(data), "--out", str(out))
    told = here(capsys, *words, "--json")
    assert told.code == 0
    assert {"tiers.flex", "long_context"} <= set(
        json.loads(told.out)["poorer"]["openai/gpt-6.1-terra"]
    )
    said = "openai/gpt-6.1-terra: the catalog's price, which it replaces, also tells of tiers.batch"
    assert said in here(capsys, *words).out


def test_nothing_else_is_written_over(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that was not imported stays as it is; one that was is renewed."""
    out = tmp_path / "mine.toml"
    out.write_text("# mine\n", encoding="utf-8")
    words = ("catalog", "import", "--from", "litellm", data, "--out")
    run = here(capsys, *words, str(out))
    assert run.code == 2
    assert "it is there, and was not imported" in run.err
    assert out.read_text(encoding="utf-8") == "# mine\n"
    for _ in range(2):
        assert here(capsys, *words, str(tmp_path / "new.toml")).code == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "mine.toml",
        "new.toml",
        "prices.json",
    ]


def test_check_against_a_file(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`catalog check --against` shows facts that both tell and tell differently, and no others."""
    out = str(tmp_path / "facts.toml")
    here(capsys, "catalog", "import", "--from", "litellm", data, "--out", out)
    run = here(capsys, "catalog", "check", "--against", out)
    assert run.code == 1
    assert [line.split() for line in run.out.splitlines()] == [
        ["catalog", "file", "fact", "model"],
        ["30", "20", "price.input", "openai/gpt-4"],
        ["60", "40", "price.output", "openai/gpt-4"],
    ]
    told = json.loads(here(capsys, "catalog", "check", "--against", out, "--json").out)
    assert told[0] == {
        "model": "openai/gpt-4",
        "fact": "price.input",
        "catalog": "30",
        "file": "20",
    }
    same = tmp_path / "same.toml"
    same.write_text('[models."openai/gpt-4"]\ncontext_tokens = 8192\n', encoding="utf-8")
    run = here(capsys, "catalog", "check", "--against", str(same))
    assert (run.code, run.out) == (0, "they do not differ\n")


def test_mistakes_are_named(tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Another source, a provider that it does not have and a file that is none: exit code 2."""
    for words, what in (
        (("--from", "litelm", data), "Did you mean 'litellm'?"),
        (("--from", "litellm", data, "--only", "opnai"), "Did you mean 'openai'?"),
        (("--from", "litellm", str(tmp_path / "no.json")), "it cannot be read"),
        (("--from", "genai-prices", data), "it is not genai-prices' list of providers"),
    ):
        run = here(capsys, "catalog", "import", *words)
        assert run.code == 2
        assert what in run.err
