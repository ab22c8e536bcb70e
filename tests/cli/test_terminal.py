"""What a terminal gets: conversations, no control characters, no color against NO_COLOR."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import ANSWER, PROGRAM, QUESTION, WAIT_S, environment, policy
from tests.cli.terminals import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.server import FaultServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")


def test_a_conversation_keeps_its_history(tmp_path: Path, server: FaultServer) -> None:
    """Each line is answered with everything said before it; Ctrl-D leaves with 0."""
    file = policy(tmp_path, {"gpt": server.base_url})
    with Terminal(*PROGRAM, "chat", "-p", file, "--system", "Be terse.") as terminal:
        terminal.wait_for("> ")
        terminal.type("one\n")
        terminal.wait_for(ANSWER)
        terminal.wait_for("> ")
        terminal.type("\n")
        terminal.wait_for("> ")
        terminal.type("two\n")
        terminal.wait_for(ANSWER)
        terminal.wait_for("> ")
        terminal.type("\x04")
        terminal.end()
        assert terminal.process.returncode == 0
    said = [one.json()["messages"] for one in server.requests]
    assert said[1] == [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": "two"},
    ]
    assert len(said) == 2


def test_ctrl_c_stops_the_answer_and_not_the_program(tmp_path: Path, server: FaultServer) -> None:
    """What was shown of a stopped answer stays in the history, and the next line is answered."""
    stalling = server.url_for("stall_midstream;after=3")
    file = policy(tmp_path, {"gpt": stalling})
    with Terminal(*PROGRAM, "chat", "-p", file) as terminal:
        terminal.wait_for("> ")
        time.sleep(0.5)  # readline waits by now; it misses a signal that comes sooner
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("> ")
        for line in ("one\n", "two\n"):
            terminal.type(line)
            terminal.wait_for("The answer")
            terminal.process.send_signal(signal.SIGINT)
            terminal.wait_for("(stopped)")
            terminal.wait_for("> ")
        terminal.type("\x04")
        terminal.end()
        assert terminal.process.returncode == 0
    assert server.requests[1].json()["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "The answer "},
        {"role": "user", "content": "two"},
    ]


def test_an_error_does_not_end_a_conversation(tmp_path: Path, server: FaultServer) -> None:
    """A failed answer is told in a sentence, and leaves the history as it was."""
    file = policy(tmp_path, {"gpt": server.url_for("context_length")})
    with Terminal(*PROGRAM, "chat", "-p", file) as terminal:
        for line in ("one\n", "two\n"):
            terminal.wait_for("> ")
            terminal.type(line)
            terminal.wait_for("llmroute: every model failed; gpt at ")
        terminal.wait_for("> ")
        terminal.type("\x04")
        assert "Traceback" not in terminal.end()
    assert [one.json()["messages"] for one in server.requests] == [
        [{"role": "user", "content": "one"}],
        [{"role": "user", "content": "two"}],
    ]


def test_a_restart_is_shown_where_it_happens(tmp_path: Path, server: FaultServer) -> None:
    """At a terminal text streams at once, and a restart begins on a line of its own."""
    servers = {"gpt": server.url_for("eof_midstream;after=3"), "spare": server.base_url}
    file = policy(tmp_path, servers)
    words = ["-m", "gpt", "-m", "spare", "--on-break", "restart"]
    with Terminal(*PROGRAM, "chat", "-p", file, *words, QUESTION) as terminal:
        lines = terminal.end().splitlines()
    assert lines[0].strip() == "The answer"
    assert lines[1:3] == ["(the stream broke; spare starts over)", ANSWER]


def test_a_terminal_gets_no_control_characters() -> None:
    """Escape sequences that a model writes do not reach a terminal, line breaks and tabs do."""
    said = "a\x1b[31mb\x9bc\rd\x07\te\nf\u00e9"
    code = f"from llmroute.cli.terminal import write; write({said!r})"
    with Terminal(sys.executable, "-c", code) as terminal:
        text = terminal.end().expandtabs().replace("\r\n", "\n")
    assert text == "a[31mbcd\te\nfé".expandtabs()


@pytest.mark.parametrize(
    ("more", "dim"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_color_only_where_it_is_wanted(more: dict[str, str], *, dim: bool) -> None:
    """Notes are dim at a terminal, and plain with NO_COLOR or a dumb terminal."""
    code = "from llmroute.cli.terminal import note; note('so')"
    with Terminal(sys.executable, "-c", code, **more) as terminal:
        text = terminal.end().strip()
    assert text == ("\x1b[2mso\x1b[22m" if dim else "so")


def test_another_encoding_does_no_harm() -> None:
    """A terminal that is not UTF-8 gets a question mark for what it cannot show."""
    code = (
        "from llmroute.cli.terminal import fail, write; write('\\u00e9\\ud800!'); fail('\\u00fc')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env=environment(PYTHONIOENCODING="ascii"),
        timeout=WAIT_S,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"??!", b"llmroute: ?\n")


def test_closed_streams_do_no_harm(tmp_path: Path, server: FaultServer) -> None:
    """A shell may close stdout and stderr; the program runs to its end without a traceback."""
    file = policy(tmp_path, {"gpt": server.base_url})
    command = " ".join([*PROGRAM, "chat", "-p", file, "hi"])
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} {closed}"],
            capture_output=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
