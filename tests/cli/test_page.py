"""docs/command-line.md shows what the program prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmroute.cli.arguments import parse
from tests.cli.support import here

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "command-line.md"
SAME_EVERYWHERE = {"plan", "check", "models"}


def shown() -> Iterator[tuple[list[str], str]]:
    """Each command of the page as words, with what the page says that it prints."""
    text = PAGE.read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        command, _, output = str(block).partition("\n")
        yield shlex.split(command.removeprefix("$ llmroute ").partition(" | ")[0]), output


@pytest.mark.parametrize(("words", "output"), list(shown()))
def test_the_page_is_true(
    words: list[str], output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands of the page exist, and those that print the same everywhere print what it says."""
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    right = found[1]
    wrong = right.replace("version = 1", "version = 1\ndeadline = 5").replace("gpt-4", "gtp-4")
    Path("llmroute.toml").write_text(right, encoding="utf-8")
    Path("wrong.toml").write_text(wrong, encoding="utf-8")
    assert parse(words).command == words[0]
    if words[0] in SAME_EVERYWHERE:
        assert here(capsys, *words).out == output


def test_every_option_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    """The page names every option of every command."""
    page = PAGE.read_text(encoding="utf-8")
    for command in ("chat", "plan", "check", "models", "doctor"):
        told = here(capsys, command, "--help").out
        options = set(re.findall(r"--[a-z-]+", told)) - {"--help"}
        assert [option for option in sorted(options) if option not in page] == []
