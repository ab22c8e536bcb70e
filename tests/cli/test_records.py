"""`llmroute plan --record` and `--replay`: a decision kept, and made again."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from tests.cli.support import QUESTION, here, policy, program

NOBODY = "http://127.0.0.1:9/v1"
FILE = "r.json"


def keep(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    """Record a plan of two servers; returns what was printed."""
    policy(folder, {"gpt": NOBODY, "spare": NOBODY}, '[prefer]\nminimize = "cost"')
    run = here(capsys, "plan", "--record", FILE, "--task", "qa", QUESTION)
    assert run.code == 0
    return run.out


def test_a_record_is_kept_for_its_owner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan is printed as ever; stderr says that the file holds the question; mode 0600."""
    policy(tmp_path, {"gpt": NOBODY})
    plain = here(capsys, "plan", QUESTION)
    run = here(capsys, "plan", "--record", FILE, QUESTION)
    assert (run.code, run.out) == (0, plain.out)
    assert run.err == f"{FILE} holds the question and the decision; only you can read it\n"
    assert stat.S_IMODE(Path(FILE).stat().st_mode) == 0o600
    assert QUESTION in Path(FILE).read_text(encoding="utf-8")


def test_a_replay_needs_nothing_but_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the policy file, in another process, the plan is the same."""
    printed = keep(capsys, tmp_path)
    Path("llmroute.toml").unlink()
    run = program("plan", "--replay", FILE, PYTHONHASHSEED="5", LLMROUTE_POLICY="gone.toml")
    assert (run.code, run.err) == (0, "")
    assert run.out == f"{printed}\nthe same plan\n"


def test_another_plan_is_told_by_model_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What changed since is a table, in at most 100 columns, with exit code 1; also as JSON."""
    keep(capsys, tmp_path)
    values = json.loads(Path(FILE).read_text(encoding="utf-8"))
    values["models"][0]["price"]["output"] = "2000"
    Path(FILE).write_text(json.dumps(values), encoding="utf-8")
    run = here(capsys, "plan", "--replay", FILE)
    assert run.code == 1
    assert "another plan than the recorded one:" in run.out
    assert re.search(r"^gpt +place +candidate 1 +candidate 2$", run.out, re.MULTILINE)
    assert re.search(r"^gpt +cost_usd +0\.\d+ +0\.\d+$", run.out, re.MULTILINE)
    assert max(map(len, run.out.splitlines())) <= 100
    run = here(capsys, "plan", "--json", "--replay", FILE)
    found = json.loads(run.out)
    assert (run.code, found["same"]) == (1, False)
    assert {"model": "gpt", "field": "place", "recorded": "candidate 1", "now": "candidate 2"} in (
        found["differences"]
    )


def test_what_another_policy_would_have_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With -p both plans are shown; a model that both know keeps its recorded price."""
    keep(capsys, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    file = policy(other, {"spare": NOBODY, "new": NOBODY}, "[require]\nmax_cost_usd = 0.001")
    run = here(capsys, "plan", "--replay", FILE, "-p", file)
    assert run.code == 0
    recorded, by_other = run.out.split("\n\n")
    assert recorded.startswith("recorded:\nabout ")
    assert "->  gpt" in recorded
    assert by_other.startswith("by llmroute.toml:\nabout ")
    assert "->  spare" in by_other
    assert "2.  new" in by_other
    found = json.loads(here(capsys, "plan", "--json", "--replay", FILE, "-p", file).out)
    assert (found["recorded"]["model"], found["plan"]["model"]) == ("gpt", "spare")
    values = json.loads(Path(FILE).read_text(encoding="utf-8"))
    values["situation"]["unavailable"] = {"spare": "it is gone"}
    Path(FILE).write_text(json.dumps(values), encoding="utf-8")
    alone = policy(other, {"spare": NOBODY})
    assert here(capsys, "plan", "--replay", FILE, "-p", alone).code == 3


@pytest.mark.parametrize(
    "words", [(QUESTION,), ("--task", "qa"), ("--record", "x.json"), ("--hint", "a=b")]
)
def test_a_replay_takes_no_other_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """What would change the recorded question is refused, exit code 2."""
    keep(capsys, tmp_path)
    run = here(capsys, "plan", "--replay", FILE, *words)
    assert run.code == 2
    assert run.err.startswith("llmroute: --replay: it plans the recorded question")
    assert QUESTION not in run.err


def test_what_is_no_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is exit code 1, what is no record exit code 2 with the file's name."""
    run = here(capsys, "plan", "--replay", "gone.json")
    assert (run.code, run.err) == (1, "llmroute: gone.json: No such file or directory\n")
    (tmp_path / FILE).write_text("{}", encoding="utf-8")
    run = here(capsys, "plan", "--replay", FILE)
    assert run.code == 2
    assert run.err.startswith(f"llmroute: {FILE}: version: ")
    policy(tmp_path, {"gpt": NOBODY})
    run = here(capsys, "plan", "--record", "no/such/folder.json", QUESTION)
    assert (run.code, run.err) == (1, "llmroute: no/such/folder.json: No such file or directory\n")
