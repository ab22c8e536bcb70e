"""The pages of the documentation, and their code blocks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MODEL_FILE = re.compile(r'\bfile ?= ?"([\w./-]+\.gguf)"')


class Block(NamedTuple):
    """One fenced block; `line` is that of its first line of content."""

    language: str
    line: int
    text: str


def name_of(page: Path) -> str:
    """A page as it is called in a report."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], text.count("\n", 0, found.start(2)) + 1, found[2])
        for found in FENCE.finditer(text)
    ]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def is_policy(block: Block) -> bool:
    """Whether a block is a whole policy file, not a part of one."""
    return block.language == "toml" and "\nversion = " in f"\n{block.text}"


def model_files(page: Path) -> set[str]:
    """The model files that a page's blocks name."""
    return {name for block in blocks(page) for name in MODEL_FILE.findall(block.text)}
