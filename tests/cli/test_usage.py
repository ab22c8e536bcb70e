"""Mistakes of usage: one sentence, exit code 2, and nothing of the question or a key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import QUESTION, here, policy, program

if TYPE_CHECKING:
    from tests.faults.server import FaultServer

KEY = "sk-canary-4711"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say what to do: chat, plan, check, models, catalog, license, simulate, doctor"),
        (["chatt"], "COMMAND: there is no 'chatt'. Did you mean 'chat'?"),
        (
            [QUESTION],
            "none of chat, plan, check, models, catalog, license, simulate, doctor; to ask",
        ),
        (["chat", "--max-token", "5", QUESTION], "Did you mean '--max-tokens'?"),
        (["chat", "--max-tokens", "many", QUESTION], "--max-tokens: invalid int value"),
        (["chat", "--max-tokens", "0", QUESTION], "--max-tokens: must be from 1 to"),
        (["chat", "--task", "codee", QUESTION], "--task: there is no task 'codee'. Did you mean"),
        (["chat", "--deadline", "-1", QUESTION], "--deadline: must be from 0 to"),
        (["chat", "--max-cost", "cheap", QUESTION], "--max-cost: must be an amount of USD"),
        (["chat", "--model", "gtp", QUESTION], "--model: the policy has no model 'gtp'"),
        (
            ["chat", "--on-break", "restrat", QUESTION],
            "--on-break: there is no 'restrat'. Did you mean 'restart'?",
        ),
        (["chat", "--hint", "private", QUESTION], "--hint: it must be name=value"),
        (["chat", "--hint", "privat=true", QUESTION], "--hint privat: the policy declares no such"),
        (["chat", "--hint", "private=5", QUESTION], "--hint: private must be true or false"),
        (["chat", "why", "--json", "is", QUESTION], "put the question in quotes"),
        (["chat", "   "], "the question: the last message is empty"),
        (["chat", "-p", "missing.toml", QUESTION], "missing.toml: there is no such file"),
        (["plan", "-p", ".", QUESTION], "it is a directory"),
    ],
)
def test_mistakes(
    words: list[str],
    says: str,
    tmp_path: Path,
    server: FaultServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each mistake is named as it was typed, with what to write instead; nothing is sent."""
    policy(tmp_path, {"gpt": server.base_url}, '[hints]\nprivate = "bool"')
    run = here(capsys, *words)
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert len(run.err.splitlines()) == 1
    assert QUESTION not in run.err
    assert server.connections == 0


def test_a_variable_that_names_no_policy_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When $LLMROUTE_POLICY names a file that is not there, the message says who named it."""
    monkeypatch.setenv("LLMROUTE_POLICY", "missing.toml")
    run = here(capsys, "plan", QUESTION)
    assert run.code == 2
    assert "missing.toml: there is no such file. $LLMROUTE_POLICY names it" in run.err


def test_a_found_policy_that_must_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A found policy with a foreign host is refused; the message says how to name it."""
    file = policy(tmp_path, {"far": "https://llm.example.com/v1"})
    run = here(capsys, "plan", QUESTION)
    assert run.code == 2
    assert f"-p {file} on the command line" in run.err
    assert here(capsys, "plan", "-p", file, QUESTION).code == 0


def test_a_misspelt_preference_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """One misspelt key is one problem."""
    text = 'version = 1\n[models.a]\nuse = "openai/gpt-4"\n[prefer]\nminimise = "cost"\n'
    Path("llmroute.toml").write_text(text, encoding="utf-8")
    run = here(capsys, "check")
    assert run.out.count("llmroute.toml:") == 1
    assert "Did you mean 'minimize'?" in run.out


def test_every_problem_of_a_policy_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong policy file ends any command with file and line of every problem."""
    text = 'version = 1\n[models.a]\nuse = "llama-cpp"\nfiel = "x"\n[limits]\ndeadline_s = "x"\n'
    Path("llmroute.toml").write_text(text, encoding="utf-8")
    for words in (["chat", QUESTION], ["plan", QUESTION], ["models"]):
        run = here(capsys, *words)
        assert (run.code, run.out) == (2, "")
        assert "llmroute.toml:4: models.a.fiel: there is no such key" in run.err
        assert "llmroute.toml:6: limits.deadline_s: " in run.err


def test_hints_take_the_type_that_the_policy_declares(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """bool, int, float and str hints are read from name=value."""
    hints = '[hints]\nprivate = "bool"\nage = "int"\nshare = "float"\nwho = "str"\n'
    route = '[[route]]\nname = "found"\nwhen = { hints = { private = true, age = 3, who = "a=b" } }'
    policy(tmp_path, {"gpt": server.base_url}, f"{hints}{route}\nuse = ['gpt']")
    given = ["private=true", "age=3", "share=0.5", "who=a=b"]
    run = here(capsys, "plan", *[word for pair in given for word in ("--hint", pair)], QUESTION)
    assert run.code == 0, run.err
    assert 'route "found"' in run.out


@pytest.mark.parametrize("command", ["chat", "plan", "models", "doctor"])
def test_keys_and_questions_are_never_printed(
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A key that cannot be sent is described, never shown; nor is the question."""
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\nsecond line")
    text = 'version = 1\n[models.gpt]\nuse = "openai/gpt-6.1-terra"\n'
    (tmp_path / "llmroute.toml").write_text(text, encoding="utf-8")
    run = here(capsys, command, *([QUESTION] if command in {"chat", "plan"} else []))
    told = run.out + run.err
    assert "OPENAI_API_KEY holds a line break" in told
    assert KEY not in told
    assert "second" not in told
    assert QUESTION not in told


def test_a_refused_key_is_not_repeated(
    tmp_path: Path,
    server: FaultServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that repeats the key in its error does not get it onto the screen."""
    monkeypatch.setenv("MY_KEY", KEY)
    file = Path(policy(tmp_path, {"gpt": server.url_for("auth_401")}))
    text = file.read_text(encoding="utf-8").replace("price", 'key_env = "MY_KEY"\nprice')
    file.write_text(text, encoding="utf-8")
    run = here(capsys, "chat", "-p", str(file), QUESTION)
    assert run.code == 1
    assert "check MY_KEY" in run.err
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in run.out + run.err


def test_the_variable_names_the_policy(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """$LLMROUTE_POLICY names the policy of every command; --policy goes before it."""
    file = policy(tmp_path, {"gpt": server.base_url})
    other = tmp_path / "other.toml"
    Path(file).rename(other)
    run = program("check", LLMROUTE_POLICY=str(other))
    assert (run.code, run.out) == (0, "other.toml: ok, 1 model: gpt\n")
    assert program("check", "-p", "missing.toml", LLMROUTE_POLICY=str(other)).code == 2
    assert here(capsys, "check").out == "built-in default: ok, 2 models: gpt, local\n"


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--help and --version go to stdout and end with 0; help lists the exit codes."""
    helped = here(capsys, "--help")
    assert (helped.code, helped.err) == (0, "")
    assert "3 no model may answer" in helped.out
    assert here(capsys, "chat", "--help").code == 0
    assert here(capsys, "--version").out.startswith("llmroute ")


def test_planning_loads_no_http_library_and_no_engine() -> None:
    """The start stays light: a plan of the default policy loads neither httpx2 nor llama.cpp."""
    code = (
        "import sys; from llmroute.cli import main; main(['plan', 'hi']); "
        "heavy = {'httpx2', 'llama_cpp', 'numpy', 'pydantic', 'asyncio', 'typer', 'rich'}; "
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
