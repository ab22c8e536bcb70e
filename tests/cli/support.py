"""What the tests of the command line share: policies on loopback, and runs of the program."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO, TYPE_CHECKING, NamedTuple

from llmroute.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

ANSWER = "The answer is forty-two."
"""What `tests.faults` says when all is well."""
QUESTION = "canary question"
PROGRAM = (sys.executable, "-m", "llmroute")
WAIT_S = 60.0


class Run(NamedTuple):
    """How a run ended, and what it wrote where."""

    code: int
    out: str
    err: str


def here(capsys: pytest.CaptureFixture[str], *words: str) -> Run:
    """Run the command line in this process."""
    code = main(words)
    written = capsys.readouterr()
    return Run(code, written.out, written.err)


def environment(**more: str) -> dict[str, str]:
    """This process's variables, with others laid over."""
    return {**os.environ, **more}


def program(*words: str, stdin: bytes = b"", **more: str) -> Run:
    """Run the command line as a program of its own; `more` are variables."""
    done = subprocess.run(
        [*PROGRAM, *words],
        input=stdin,
        capture_output=True,
        env=environment(**more),
        timeout=WAIT_S,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*words: str, out: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start the command line as a program, with pipes, or with `out` as its stdout."""
    return subprocess.Popen(
        [*PROGRAM, *words],
        stdin=subprocess.DEVNULL,
        stdout=out or subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )


def policy(folder: Path, servers: Mapping[str, str], extra: str = "") -> str:
    """Write a policy of servers by name, in order of trial; returns its path."""
    lines = ["version = 1"]
    for name, url in servers.items():
        lines += [f"[models.{name}]", 'use = "openai-compatible"', f'base_url = "{url}"']
        lines += ['model = "m"', "price = { input = 1, output = 2 }"]
    path = folder / "llmroute.toml"
    path.write_text("\n".join([*lines, extra, ""]), encoding="utf-8")
    return str(path)
