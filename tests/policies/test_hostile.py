"""Hostile policy files: nothing is sent, and each is refused with a line, at once."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from llmroute.policies.files import load_policy
from tests.policies.hostile import GOOD, WHOLE_FILE, cases

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_S = 5
"""Seconds of processor time for one file, on the slowest machine."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process of its own tells of every hostile file."""
    folder = tmp_path_factory.mktemp("hostile")
    command = [sys.executable, "-W", "error", "-m", "tests.policies.hostile", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_there_are_many(told: dict[str, Any]) -> None:
    """There are more than 200 of them, each with a name of its own."""
    assert len(told["cases"]) == len(list(cases())) > 200


def test_nothing_is_sent(told: dict[str, Any]) -> None:
    """No socket is opened, no name looked up and no program run."""
    assert told["events"] == []


def test_each_is_refused_with_a_line(told: dict[str, Any]) -> None:
    """Named or found, a hostile file is refused, each problem with its line."""
    for name, outcomes in told["cases"].items():
        for one in outcomes:
            assert one["problems"] > 0, name
            assert one["lines"] or name in WHOLE_FILE, name


def test_what_is_told_can_be_printed(told: dict[str, Any]) -> None:
    """A problem holds no control character, no key, and is no longer than a few lines."""
    for name, outcomes in told["cases"].items():
        for one in outcomes:
            assert one["printable"], name
            assert not one["leaks"], name
            assert one["longest"] < 1500, name


def test_none_takes_long_or_much(told: dict[str, Any]) -> None:
    """Time and memory are bounded."""
    for name, outcomes in told["cases"].items():
        for one in outcomes:
            assert one["took_s"] < LONGEST_S, name
    assert told["peak_kib"] < 400 * 1024


@pytest.mark.parametrize("name", GOOD)
def test_odd_files_that_are_fine(tmp_path: Path, name: str) -> None:
    """Line ends of Windows and a byte order mark are no problem."""
    path = tmp_path / "llmroute.toml"
    path.write_bytes(GOOD[name].encode())
    assert load_policy(path, found=True).models


def test_a_trailing_dot_is_the_same_host(tmp_path: Path) -> None:
    """The name of a provider's host with the dot of the root is that host, and no other is."""
    path = tmp_path / "named.toml"
    path.write_text(
        'version = 1\n[models.a]\nuse = "openai-compatible"\nmodel = "m"\n'
        'base_url = "https://api.openai.com./v1"\nkey_env = "OPENAI_API_KEY"\n'
    )
    endpoint = load_policy(path).models[0].endpoint
    assert endpoint is not None
    assert endpoint.origin == "https://api.openai.com"
