"""The documentation as a site: it builds without a warning, and needs no other host."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import PAGES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

LOADED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=["'](?:https?:)?//[^>]*>""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built; a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]
    done = subprocess.run(
        [*words, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return folder


def test_every_page_is_in_the_site(site: Path) -> None:
    """Each page of docs/, and README, is a page of the site, reached from its navigation."""
    front = (site / "index.html").read_text(encoding="utf-8")
    for page in PAGES:
        inside = page.relative_to(ROOT if page.parent == ROOT else ROOT / "docs")
        name = str(inside).removesuffix(".md")
        if name == "README":
            name = "readme"
        if name != "index":
            assert (site / name / "index.html").is_file(), name
            assert f'href="{name}/"' in front, name


def test_the_site_loads_nothing_from_another_host(site: Path) -> None:
    """Scripts, styles, fonts and pictures come with the site."""
    for page in site.rglob("*.html"):
        assert LOADED.findall(page.read_text(encoding="utf-8")) == [], page
