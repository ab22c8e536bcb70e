"""docs/testing.md keeps what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "testing.md"


def test_the_page_is_a_test_file_that_passes(tmp_path: Path) -> None:
    """The Python blocks of the page, put together, are a pytest file in which every test passes."""
    blocks: list[str] = re.findall(
        r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    file = tmp_path / "test_page.py"
    file.write_text("\n".join(blocks), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(file)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    tests = sum(block.count("def test_") for block in blocks)
    assert f"{tests} passed" in done.stdout, done.stdout
