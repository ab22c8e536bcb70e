"""`llmroute chat`: answers, where they go, and how it ends."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import ANSWER, QUESTION, WAIT_S, here, policy, program, start
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from tests.faults.server import FaultServer


def test_the_answer_goes_to_stdout_and_the_rest_to_stderr(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer alone is on stdout; model, tokens, cost, time and why are on stderr."""
    run = here(capsys, "chat", "-p", policy(tmp_path, {"gpt": server.base_url}), QUESTION)
    assert run.code == 0
    assert run.out == ANSWER + "\n"
    first, why, warning = run.err.splitlines()
    assert first.startswith("gpt (openai-compatible/m): 11 tokens in, 6 out; $0.000023; ")
    assert why == "why: gpt is the only model that may answer"
    assert warning == "warning: no license is declared"


@pytest.mark.native
def test_a_local_model_answers(tmp_path: Path) -> None:
    """A GGUF file answers through llama.cpp, at no marginal cost, and llama.cpp stays quiet."""
    tiny_gguf(tmp_path / "tiny.gguf")
    text = 'version = 1\n[models.tiny]\nuse = "llama-cpp"\nfile = "tiny.gguf"\n'
    Path("llmroute.toml").write_text(text, encoding="utf-8")
    run = program("chat", "--max-tokens", "4", "--temperature", "0", "hi")
    assert run.code == 0, run.err
    assert run.out.strip()
    assert "4 out; $0 marginal" in run.err
    assert "the answer was cut at its limit of tokens" in run.err
    assert "llama_" not in run.err


def test_json_is_one_object(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """--json writes one JSON object to stdout, attempts included, and nothing to stderr."""
    file = policy(tmp_path, {"gpt": server.url_for("status;code=500"), "spare": server.base_url})
    run = here(capsys, "chat", "-p", file, "--json", QUESTION)
    assert run.code == 0
    assert run.err == ""
    reply = json.loads(run.out)
    assert reply["text"] == ANSWER
    assert (reply["model"], reply["id"]) == ("spare", "openai-compatible/m")
    assert reply["usage"]["input_tokens"] == 11
    assert reply["finish_reason"] == "stop"
    assert [one["outcome"] for one in reply["attempts"]] == ["failed", "answered"]
    assert reply["attempts"][0]["fault"]["kind"] == "server_error"
    assert "gpt failed" in reply["why"]


def test_options_reach_the_model(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words need no quotes; system, max_tokens and temperature are sent."""
    file = policy(tmp_path, {"gpt": server.base_url})
    words = ["--max-tokens", "7", "--temperature", "0.5", "--system", "Be terse.", "why", "not?"]
    assert here(capsys, "chat", "-p", file, *words).code == 0
    body = server.requests[0].json()
    assert body["max_tokens"] == 7
    assert body["temperature"] == 0.5
    assert body["messages"] == [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "why not?"},
    ]


def test_stdin_is_the_question_or_a_part_of_it(tmp_path: Path, server: FaultServer) -> None:
    """Without words stdin is asked; a lone dash stands for it; bytes need not be text."""
    file = policy(tmp_path, {"gpt": server.base_url})
    assert program("chat", "-p", file, stdin="größer?".encode()).code == 0
    assert program("chat", "-p", file, "Explain:", "-", stdin=b"1\xff2").code == 0
    asked = [one.json()["messages"] for one in server.requests]
    assert asked == [
        [{"role": "user", "content": "größer?"}],
        [{"role": "user", "content": "Explain: \n1\ufffd2"}],
    ]


def test_a_question_survives_a_poor_locale(tmp_path: Path, server: FaultServer) -> None:
    """Where the locale knows ASCII only, a question in UTF-8 is sent as it was typed or piped."""
    file = policy(tmp_path, {"gpt": server.base_url})
    poor = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    run = program("chat", "-p", file, "größer", "-", stdin="\ufeffals".encode(), **poor)
    assert run.code == 0, run.err
    assert server.requests[0].json()["messages"] == [{"role": "user", "content": "größer \nals"}]


def test_nothing_to_ask(tmp_path: Path, server: FaultServer) -> None:
    """An empty stdin is a mistake of usage, in one sentence."""
    run = program("chat", "-p", policy(tmp_path, {"gpt": server.base_url}))
    assert run.code == 2
    assert run.err.startswith('llmroute: the question: there is none; write llmroute chat "..."')
    assert len(run.err.splitlines()) == 1


def test_every_model_failed(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, one line on what happened and what may mend it, and no question."""
    file = policy(tmp_path, {"gpt": server.url_for("html_200")})
    run = here(capsys, "chat", "-p", file, "--deadline", "5", "--json", QUESTION)
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("llmroute: ")
    assert "[check that base_url points to an OpenAI-compatible API]" in run.err
    assert len(run.err.splitlines()) == 1
    assert QUESTION not in run.err
    assert "Traceback" not in run.err


def test_a_broken_stream_is_never_passed_off_as_complete(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was shown stays, on a line of its own, and the exit code is 1."""
    file = policy(tmp_path, {"gpt": server.url_for("eof_midstream;after=2")})
    run = here(capsys, "chat", "-p", file, QUESTION)
    assert run.code == 1
    assert run.out.endswith("\n")
    assert ANSWER.startswith(run.out.rstrip("\n"))
    assert "llmroute: " in run.err


@pytest.mark.parametrize("said_by", ["option", "policy"])
def test_a_pipe_gets_the_answer_once(
    said_by: str, tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer that may begin anew is held back from a pipe until it is whole."""
    extra = '[limits]\non_break = "restart"' if said_by == "policy" else ""
    servers = {"gpt": server.url_for("eof_midstream;after=3"), "spare": server.base_url}
    file = policy(tmp_path, servers, extra)
    words = ["--on-break", "restart"] if said_by == "option" else []
    run = here(capsys, "chat", "-p", file, "-m", "gpt", "-m", "spare", *words, QUESTION)
    assert (run.code, run.out) == (0, ANSWER + "\n")
    assert "(the stream broke; spare starts over)" in run.err
    assert "gpt failed" in run.err


def test_no_model_may_answer(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, and the plan on stderr says of each model why."""
    file = policy(tmp_path, {"gpt": server.base_url})
    run = here(capsys, "chat", "-p", file, "--max-cost", "0", QUESTION)
    assert (run.code, run.out) == (3, "")
    assert run.err.startswith("llmroute: no model may answer\n")
    assert "at most $0 may be spent" in run.err
    assert server.connections == 0


def test_ctrl_c_ends_with_130(tmp_path: Path, server: FaultServer) -> None:
    """SIGINT in the middle of an answer ends the program at once, with 130 and one sentence."""
    file = policy(tmp_path, {"gpt": server.url_for("stall_midstream;after=3")})
    with start("chat", "-p", file, QUESTION) as process:
        assert process.stdout is not None
        assert process.stdout.read(3) == b"The"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130
    assert err == b"llmroute: interrupted\n"


def test_a_reader_that_leaves_is_no_error(tmp_path: Path, server: FaultServer) -> None:
    """`| head` ends the program quietly, and the model with it."""
    file = policy(tmp_path, {"gpt": server.url_for("endless")})
    with start("chat", "-p", file, QUESTION) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(3)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(WAIT_S) == 0


def test_a_full_disk_is_told(tmp_path: Path, server: FaultServer) -> None:
    """An answer that cannot be written ends with 1 and the system's own reason."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    file = policy(tmp_path, {"gpt": server.base_url})
    with Path("/dev/full").open("wb") as full, start("chat", "-p", file, QUESTION, out=full) as run:
        _, err = run.communicate(timeout=WAIT_S)
    assert run.returncode == 1
    assert err == b"llmroute: the output cannot be written: No space left on device\n"
