"""The page on policy files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmroute.policies.files import loads_policy

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policy-files.md"
READERS = {"files.py", "sections.py", "routing.py", "whens.py", "declarations.py"}
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", [text for kind, text in BLOCKS if kind == "toml"])
def test_toml_blocks_load(text: str) -> None:
    """Each policy on the page loads without a problem."""
    assert loads_policy(text).models


@pytest.mark.parametrize("text", [text for kind, text in BLOCKS if kind == "python"])
def test_python_blocks_run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each program on the page runs; what it writes goes into a folder that is thrown away."""
    monkeypatch.chdir(tmp_path)
    exec(compile(text, str(PAGE), "exec"), {})  # noqa: S102 - our own documentation


def test_every_key_is_on_the_page() -> None:
    """The page names every key that a policy file may hold."""
    page = PAGE.read_text(encoding="utf-8")
    for folder in ("policies", "catalog"):
        for path in (PAGE.parents[1] / "src" / "llmroute" / folder).glob("*.py"):
            if path.name not in READERS:
                continue
            source = path.read_text(encoding="utf-8")
            getters = r'\.(?:text|texts|flag|number|whole|choice|table|tables)\(\s*"(\w+)"'
            for key in re.findall(getters, source):
                assert key in page, f"{path.name}: {key}"
