"""What goes with a question: pictures, documents, the shape of the answer, thinking."""

from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.support import ANSWER, PROGRAM, QUESTION, here, policy
from tests.cli.terminals import Terminal
from tests.docs.stand_in import StandIn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.server import FaultServer

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ABLE = 'abilities = ["vision", "documents", "schema", "json", "reasoning"]'
CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "country": {"type": "string"}},
    "required": ["name", "country"],
    "additionalProperties": False,
}


def asked(server: FaultServer) -> list[Any]:
    """The messages of every request."""
    return [one.json()["messages"] for one in server.requests]


def test_a_picture_goes_with_the_question(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """--image sends a file's bytes, or an https address as it is; both with the question."""
    (tmp_path / "cat.png").write_bytes(PNG)
    address = "https://example.com/cat.png"
    file = policy(tmp_path, {"gpt": server.base_url}, ABLE)
    done = here(capsys, "chat", "-p", file, "--image", "cat.png", "--image", address, QUESTION)
    assert (done.code, done.out) == (0, ANSWER + "\n")
    text, bytes_, url = asked(server)[0][0]["content"]
    assert text == {"type": "text", "text": QUESTION}
    assert bytes_["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert url["image_url"]["url"] == address


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--image", "none.png"], "the question: 'none.png': there is no such file"),
        (["--image", "http://example.com/a.png"], "must begin with https://"),
        (["--document", "note.txt"], "the question: 'note.txt' is not a PDF"),
        (["--schema", "none.json"], "--schema: 'none.json': No such file or directory"),
        (["--schema", "note.txt"], "--schema: 'note.txt' is no JSON: "),
        (["--schema", "list.json"], "--schema: 'list.json' must hold an object"),
    ],
)
@pytest.mark.parametrize("command", ["chat", "plan"])
def test_what_cannot_go_with_it(
    command: str,
    words: list[str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file that is missing or of another kind is told in a sentence, with exit code 2."""
    (tmp_path / "note.txt").write_text("a note", encoding="utf-8")
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    file = policy(tmp_path, {"gpt": "http://127.0.0.1:9/v1"}, ABLE)
    done = here(capsys, command, "-p", file, *words, QUESTION)
    assert done.code == 2
    assert told in done.err
    assert QUESTION not in done.err


def test_who_cannot_see_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model without sight is refused by the plan for a question with a picture."""
    (tmp_path / "cat.png").write_bytes(PNG)
    file = policy(tmp_path, {"blind": "http://127.0.0.1:9/v1"})
    done = here(capsys, "plan", "-p", file, "--image", "cat.png", QUESTION)
    assert done.code == 3
    assert "ability" in done.out


def test_an_answer_in_a_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --schema the answer fits it; --json has it as a value beside the text."""
    (tmp_path / "city.json").write_text(json.dumps(CITY), encoding="utf-8")
    with StandIn() as openai:
        file = policy(tmp_path, {"gpt": openai.url}, ABLE)
        words = ("chat", "-p", file, "--schema", "city.json", "--reasoning", "low")
        shown = here(capsys, *words, QUESTION)
        whole = here(capsys, *words, "--json", QUESTION)
    assert json.loads(shown.out) == {"name": "Paris", "country": "France"}
    assert json.loads(whole.out)["output"] == {"name": "Paris", "country": "France"}


def test_an_answer_that_does_not_fit_fails(
    tmp_path: Path, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer that does not fit the schema is told as the model's fault, with exit code 1."""
    (tmp_path / "city.json").write_text(json.dumps(CITY), encoding="utf-8")
    file = policy(tmp_path, {"gpt": server.base_url}, ABLE)
    done = here(capsys, "chat", "-p", file, "--schema", "city.json", "--json", QUESTION)
    assert (done.code, done.out) == (1, "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_a_picture_waits_until_a_question_is_answered(tmp_path: Path, server: FaultServer) -> None:
    """What was attached to a refused question goes with the next one, unless it is taken back."""
    (tmp_path / "cat.png").write_bytes(PNG)
    file = policy(tmp_path, {"gpt": server.base_url}, ABLE + "\ncontext_tokens = 2000")
    with Terminal(*PROGRAM, "chat", "-p", file) as terminal:
        terminal.wait_for("> ")
        for line, told in (
            ("/attach cat.png\n", "it goes with the next message"),
            ('"""\n' + ("many words " * 50 + "\n") * 40 + '"""\n', "what was attached goes with"),
            ("one\n", ANSWER),
            ("/attach cat.png\n", "it goes with the next message"),
            ("/attach -\n", "nothing is attached"),
            ("two\n", ANSWER),
        ):
            terminal.type(line)
            terminal.wait_for(told)
            terminal.wait_for("\n> ")
        terminal.type("\x04")
        terminal.end()
    first, second = asked(server)
    assert [part["type"] for part in first[0]["content"]] == ["text", "image_url"]
    assert second[2]["content"] == "two"


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_a_picture_in_a_conversation(tmp_path: Path, server: FaultServer) -> None:
    """/attach lets a picture go with the next message, once; a wrong one is told at once."""
    (tmp_path / "cat.png").write_bytes(PNG)
    file = policy(tmp_path, {"gpt": server.base_url}, ABLE)
    with Terminal(*PROGRAM, "chat", "-p", file) as terminal:
        terminal.wait_for("> ")
        terminal.type("/attach none.png\n")
        terminal.wait_for("there is no such file")
        terminal.wait_for("\n> ")
        terminal.type("/attach cat.png\n")
        terminal.wait_for("it goes with the next message; gpt is the only model")
        terminal.wait_for("\n> ")
        for line in ("one\n", "two\n"):
            terminal.type(line)
            terminal.wait_for(ANSWER)
            terminal.wait_for("\n> ")
        terminal.type("\x04")
        terminal.end()
    first, second = asked(server)
    assert [part["type"] for part in first[0]["content"]] == ["text", "image_url"]
    assert second[0] == first[0]
    assert second[2]["content"] == "two"
