"""A conversation at a terminal: several lines, words after a slash, Ctrl-C, and what is kept."""

from __future__ import annotations

import json
import re
import signal
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from llmroute.cli.past import KEPT, Past, wanted
from tests.cli.support import ANSWER, PROGRAM, policy
from tests.cli.terminals import Terminal
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from tests.faults.server import FaultServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
SETTLE_S = 0.5
"""Until readline waits for keys; a signal that comes sooner is missed."""

TYPED = {
    "one \\\ntwo \\\nthree\n": "one \ntwo \nthree",
    '"""\none\n\ntwo\n"""\n': "one\n\ntwo",
    '"""one\ntwo"""\n': "one\ntwo",
    '"""one"""\n': "one",
    "/etc/hosts is a file\n": "/etc/hosts is a file",
    " /help is a word\n": " /help is a word",
    "f\u00fcr \u4e2d\u6587\n": "f\u00fcr \u4e2d\u6587",
}
"""What is typed, and the message that it is."""


def talk(file: str, *words: str, **more: str) -> Terminal:
    """Begin a conversation."""
    return Terminal(*PROGRAM, "chat", "-p", file, *words, **more)


def say(terminal: Terminal, text: str, until: str = "\n> ") -> str:
    """Type at the prompt; returns what is seen until the next prompt."""
    terminal.type(text)
    return terminal.wait_for(until)


def leave(terminal: Terminal, *, waiting: bool = False) -> str:
    """Press Ctrl-D at the prompt, which is waited for unless it is there; returns the rest."""
    if not waiting:
        terminal.wait_for("> ")
    terminal.type("\x04")
    return terminal.end()


def asked(server: FaultServer) -> list[list[dict[str, object]]]:
    """The messages of every request."""
    messages = [one.json()["messages"] for one in server.requests]
    return cast("list[list[dict[str, object]]]", messages)


def last_question(server: FaultServer) -> object:
    """What was asked last."""
    return asked(server)[-1][-1]["content"]


def test_what_is_typed_is_one_message(tmp_path: Path, server: FaultServer) -> None:
    """A backslash goes on, three quotes hold lines together, and a path is not a command."""
    with talk(policy(tmp_path, {"gpt": server.base_url}), LC_ALL="C.UTF-8") as terminal:
        terminal.wait_for("> ")
        for typed in TYPED:
            say(terminal, typed, ANSWER)
            terminal.wait_for("> ")
        leave(terminal, waiting=True)
    assert [one[-1]["content"] for one in asked(server)] == list(TYPED.values())


def test_what_is_pasted_is_one_message(tmp_path: Path, server: FaultServer) -> None:
    """Lines that are pasted together are one message, sent when Enter is pressed."""
    with talk(policy(tmp_path, {"gpt": server.base_url}), TERM="xterm") as terminal:
        terminal.wait_for("> ")
        time.sleep(SETTLE_S)
        say(terminal, "\x1b[200~def f():\n    return 1\n\x1b[201~\n", ANSWER)
        leave(terminal)
    assert str(last_question(server)).rstrip("\n") == "def f():\n    return 1"
    assert len(server.requests) == 1


def test_a_model_is_changed_and_the_conversation_goes_on(
    tmp_path: Path, server: FaultServer
) -> None:
    """After /model the other model gets everything said before; /model - gives the choice back."""
    second = server.url_for("normal")
    file = policy(tmp_path, {"gpt": server.base_url, "spare": second})
    with talk(file) as terminal:
        terminal.wait_for("> ")
        say(terminal, "one\n")
        assert "now: spare" in say(terminal, "/model spare\n")
        say(terminal, "two\n")
        wrong = say(terminal, "/model spar\n")
        assert "/model: the policy has no model 'spar'. Did you mean 'spare'?" in wrong
        listed = say(terminal, "/model\n")
        assert re.search(r"^gpt .*ready", listed, re.MULTILINE)
        assert "now: spare; /model NAME changes that" in listed
        assert "now: gpt, then spare" in say(terminal, "/model gpt spare\n")
        assert "now: the policy chooses" in say(terminal, "/model -\n")
        say(terminal, "three\n")
        terminal.type("/quit\n")
        terminal.end()
        assert terminal.process.returncode == 0
    assert [one.path.partition("/v1")[0] for one in server.requests] == ["", "/normal", ""]
    assert [one["content"] for one in asked(server)[2]] == ["one", ANSWER, "two", ANSWER, "three"]


def test_plan_cost_system_clear_and_save(tmp_path: Path, server: FaultServer) -> None:
    """The words after a slash show the plan and the cost, instruct, forget, and save."""
    with talk(policy(tmp_path, {"gpt": server.base_url})) as terminal:
        terminal.wait_for("> ")
        assert "nothing was asked yet" in say(terminal, "/plan\n")
        assert re.search(r"^->  gpt ", say(terminal, "/plan hello\n"), re.MULTILINE)
        assert server.requests == []
        assert "no system instruction" in say(terminal, "/system\n")
        assert "system: Be terse." in say(terminal, "/system Be terse.\n")
        say(terminal, "one\n")
        assert re.search(r"^->  gpt ", say(terminal, "/plan\n"), re.MULTILINE)
        cost = say(terminal, "/cost\n")
        assert re.search(r"^gpt +1 +\d+ +\d+ +\$0\.0000\d+\r$", cost, re.MULTILINE)
        assert "saved: talk.md" in say(terminal, "/save talk.md\n")
        assert "not saved: talk.md: File exists; choose another name" in say(
            terminal, "/save talk.md\n"
        )
        assert "saved: talk.json" in say(terminal, "/save talk.json\n")
        say(terminal, "/clear\n")
        say(terminal, "/system -\n")
        say(terminal, "two\n")
        leave(terminal, waiting=True)
    said = json.loads((tmp_path / "talk.json").read_text(encoding="utf-8"))
    instructed = [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "one"}]
    assert said == [*instructed, {"role": "assistant", "content": ANSWER}]
    markdown = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert markdown == f"## You\n\none\n\n## gpt\n\n{ANSWER}\n"
    assert asked(server) == [instructed, [{"role": "user", "content": "two"}]]


def test_a_word_that_there_is_not(tmp_path: Path, server: FaultServer) -> None:
    """An unknown word after a slash names the nearest one and sends nothing; /help lists all."""
    with talk(policy(tmp_path, {"gpt": server.base_url})) as terminal:
        terminal.wait_for("> ")
        assert "there is no /cots. Did you mean '/cost'?" in say(terminal, "/cots\n")
        told = say(terminal, "/help\n")
        for word in ("/model", "/plan", "/cost", "/system", "/clear", "/save", "/help", "/quit"):
            assert word in told
        leave(terminal, waiting=True)
    assert server.requests == []


def test_a_stopped_answer_is_marked_and_not_counted(tmp_path: Path, server: FaultServer) -> None:
    """/save says where an answer was stopped, and /cost that its tokens are not known."""
    file = policy(tmp_path, {"gpt": server.url_for("stall_midstream;after=3")})
    with talk(file) as terminal:
        terminal.wait_for("> ")
        say(terminal, "one\n", "The answer")
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("(stopped)")
        terminal.wait_for("> ")
        assert "not counted: 1 stopped answer" in say(terminal, "/cost\n")
        say(terminal, "/save talk.md\n")
        leave(terminal, waiting=True)
    assert "## answer (stopped)\n\nThe answer" in (tmp_path / "talk.md").read_text("utf-8")


def test_ctrl_c_at_the_prompt_clears_the_line_and_twice_leaves(
    tmp_path: Path, server: FaultServer
) -> None:
    """One Ctrl-C voids what was typed, in a message of several lines too; two in a row leave."""
    with talk(policy(tmp_path, {"gpt": server.base_url})) as terminal:
        terminal.wait_for("> ")
        time.sleep(SETTLE_S)
        say(terminal, "void \\\n", ". ")
        time.sleep(SETTLE_S)
        for typed in ("", "void", ""):
            terminal.type(typed)
            time.sleep(SETTLE_S)
            terminal.process.send_signal(signal.SIGINT)
            terminal.wait_for("> ")
            say(terminal, f"kept {typed}\n", ANSWER)
            terminal.wait_for("> ")
            time.sleep(SETTLE_S)
        terminal.process.send_signal(signal.SIGINT)
        assert "(Ctrl-C again leaves)" in terminal.wait_for("> ")
        time.sleep(SETTLE_S)
        terminal.process.send_signal(signal.SIGINT)
        terminal.end()
        assert terminal.process.returncode == 0
    questions = [one[-1]["content"] for one in asked(server)]
    assert questions == ["kept ", "kept void", "kept "]


def test_tab_completes_words_and_models(tmp_path: Path, server: FaultServer) -> None:
    """Tab completes a word after a slash, and the name of a model after /model."""
    file = policy(tmp_path, {"first": server.base_url, "second": server.base_url})
    with talk(file) as terminal:
        terminal.wait_for("> ")
        time.sleep(SETTLE_S)
        assert "now: second" in say(terminal, "/mo\tsec\t\n")
        terminal.type("\x04")
        terminal.end()


@pytest.mark.native
def test_a_conversation_moves_between_a_server_and_a_model_in_this_process(
    tmp_path: Path, server: FaultServer
) -> None:
    """A local model goes on with what a server began; Ctrl-C stops it, and the server goes on."""
    tiny_gguf(tmp_path / "tiny.gguf")
    local = '[models.tiny]\nuse = "llama-cpp"\nfile = "tiny.gguf"\nlicense = "llama-2"'
    file = policy(tmp_path, {"gpt": server.base_url}, local)
    with talk(file, "--max-tokens", "3000") as terminal:
        terminal.wait_for("> ")
        say(terminal, "one\n")
        assert "now: tiny" in say(terminal, "/model tiny\n")
        terminal.type("two\n")
        time.sleep(3 * SETTLE_S)  # it is loaded, and writes
        terminal.process.send_signal(signal.SIGINT)
        assert "(stopped)" in terminal.wait_for("\n> ")
        say(terminal, "/model gpt\n")
        say(terminal, "three\n")
        cost = say(terminal, "/cost\n")
        terminal.type("\x04")
        terminal.end()
        assert terminal.process.returncode == 0
    assert "not counted: 1 stopped answer" in cost
    said = asked(server)[1]
    assert [one["content"] for one in said[:3]] == ["one", ANSWER, "two"]
    assert said[-1]["content"] == "three"


def test_nothing_is_kept_unless_it_is_asked_for(tmp_path: Path, server: FaultServer) -> None:
    """Without --history no file is written; with it the next conversation recalls what was said."""
    state = tmp_path / "state"
    file = policy(tmp_path, {"gpt": server.base_url})
    kept = state / "llmroute" / "history"

    def converse(typed: str, *words: str) -> str:
        with talk(file, *words, XDG_STATE_HOME=str(state)) as terminal:
            seen = terminal.wait_for("> ")
            time.sleep(SETTLE_S)
            say(terminal, typed, ANSWER)
            leave(terminal)
        return seen

    converse("one\n")
    assert not state.exists()
    assert f"is kept in {kept}" in converse('"""two\nlines"""\n', "--history").replace("\r\n", "")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert kept.read_text(encoding="utf-8") == '"two\\nlines"\n'
    converse("\x1b[A\n")  # the arrow upward, by which the file is also found again
    assert last_question(server) == "two\nlines"
    converse("three\n", "--no-history")
    assert kept.read_text(encoding="utf-8") == 2 * '"two\\nlines"\n'


def test_a_history_that_cannot_be_used_does_no_harm(tmp_path: Path, server: FaultServer) -> None:
    """A history that cannot be written is told in a line, and the conversation goes on."""
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    file = policy(tmp_path, {"gpt": server.base_url})
    with talk(file, "--history", XDG_STATE_HOME=str(tmp_path / "state")) as terminal:
        assert "(no history: " in terminal.wait_for("> ")
        say(terminal, "one\n", ANSWER)
        assert "Traceback" not in leave(terminal)


def test_a_history_is_cut_and_damage_is_left_out(tmp_path: Path) -> None:
    """Only the last messages are kept; lines that are no JSON strings are left out."""
    path = tmp_path / "history"
    path.write_text("{}\nnot json\n" + '"old"\n' * 2 * KEPT, encoding="utf-8")
    path.chmod(0o644)
    past = Past(path)
    assert past.read() == ["old"] * KEPT
    past.add("new\n\u0000\udc80")
    past.add("x" * 1_000_000)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert past.read()[-2:] == ["old", "new\n\u0000\udc80"]
    assert len(path.read_text(encoding="utf-8").splitlines()) == KEPT + 1


def test_where_a_history_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative XDG_STATE_HOME is ignored, as its specification says; then the home counts."""
    monkeypatch.setenv("XDG_STATE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    past = wanted(asked=True)
    assert past is not None
    assert past.path == tmp_path / ".local" / "state" / "llmroute" / "history"
    assert wanted(asked=None) is None
    assert Path("here").exists() is False
