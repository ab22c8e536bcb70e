"""`llmroute models --observed`: what a file of observations says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from llmroute.health.saved import Dated, write
from llmroute.types.observed import Observed, Predicted
from tests.cli.support import here

if TYPE_CHECKING:
    import pytest

POLICY = """\
version = 1
[models.gpt]
use = "openai/gpt-6.1-terra"
"""
SEEN = Observed(
    first_token_s=0.25,
    token_s=0.0125,
    output_tokens=(("", 300.0), ("code", 1200.4)),
    answers=1500,
    failures=3,
    failures_in_a_row=1,
    failure_share=0.2,
    latency_s=Predicted(2.0, 3.0, 0.5, 0.75, 1400),
    cost_usd=Predicted(0.002, 0.001, -0.5, 0.5, 1500),
)


def saved(file: str) -> None:
    """Write a file of two models, and one of long ago."""
    now = datetime.now(UTC)
    entries = {"gpt": Dated(SEEN, now), "bad": Dated(Observed(failures=2), now)}
    write(Path(file), {**entries, "old": Dated(SEEN, now - timedelta(days=8))})


def test_the_table_shows_how_models_did(capsys: pytest.CaptureFixture[str]) -> None:
    """Answers, failures, times, lengths, and predictions beside what came, for each model."""
    saved("seen.json")
    run = here(capsys, "models", "--observed", "seen.json")
    assert (run.code, run.err) == (0, "")
    cells = [line.split() for line in run.out.splitlines()]
    failures = ["3,", "1", "in", "a", "row,", "20%", "of", "late"]
    lengths = ["any", "300,", "code", "1,200"]
    assert ["gpt", "1,500", *failures, "0.250", "s", "80", *lengths] in cells
    assert ["gpt", "1,400", "latency", "2.000", "s", "3.000", "s", "+50%", "75%"] in cells
    assert ["gpt", "1,500", "cost", "$0.002000", "$0.001000", "-50%", "50%"] in cells
    assert "bad" in run.out
    assert "old" not in run.out
    assert max(map(len, run.out.splitlines())) <= 100


def test_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """--json is one object with every field, by the model's name."""
    saved("seen.json")
    values = json.loads(here(capsys, "models", "--observed", "seen.json", "--json").out)
    assert (values["version"], values["file"]) == (1, "seen.json")
    gpt = values["models"]["gpt"]
    assert gpt["output_tokens"] == {"any": 300.0, "code": 1200.4}
    assert gpt["tokens_per_s"] == 80
    assert gpt["latency_s"]["absolute_error"] == 0.75
    assert values["models"]["bad"]["cost_usd"] is None


def test_the_policy_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name it is the policy's file; a policy without one, or --json alone, is told."""
    Path("llmroute.toml").write_text(POLICY, encoding="utf-8")
    run = here(capsys, "models", "--observed")
    assert (run.code, run.out) == (2, "")
    assert "the policy keeps no observations" in run.err
    run = here(capsys, "models", "--json")
    assert run.code == 2
    assert "it goes with --observed" in run.err
    Path("llmroute.toml").write_text(
        f'{POLICY}[observations]\nfile = "kept.json"\n', encoding="utf-8"
    )
    assert "there is no such file yet" in here(capsys, "models", "--observed").out
    saved("kept.json")
    assert "1,500" in here(capsys, "models", "--observed").out


def test_a_wrong_file_is_named_and_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Who only looks changes nothing: damaged and foreign files are errors with their name."""
    for text in ('{"llmroute": "observations", "ver', "version = 1"):
        Path("seen.json").write_text(text, encoding="utf-8")
        run = here(capsys, "models", "--observed", "seen.json")
        assert (run.code, run.out) == (2, "")
        assert "seen.json" in run.err
        assert Path("seen.json").read_text(encoding="utf-8") == text
