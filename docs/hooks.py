"""What mkdocs.yml cannot say: the navigation, and links that lead out of this folder.

Pages are written for GitHub, where links may lead to any file of the repository. The site has the
pages and README; other links become plain text in it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
README = "readme.md"
FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
Nav = list["dict[str, str | Nav]"]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the navigation of index.md: its links, those below a heading in a section of its own."""
    nav: Nav = [{"llmroute": "index.md"}]
    section = nav
    for line in (DOCS / "index.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = []
            nav.append({line.removeprefix("## "): section})
        for title, target in LINK.findall(line):
            place = README if (DOCS / target).resolve() == ROOT / "README.md" else target
            section.append({title: place})
    config.nav = cast("list[object]", nav)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add README as a page."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, README, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links right for the site; what stands in code is left as it is."""
    del config
    uri = page.file.src_uri
    source = ROOT / "README.md" if uri == README else DOCS / uri
    known = {file.src_uri for file in files}

    def link(found: re.Match[str]) -> str:
        text, target = found[1], found[2]
        path, hash_, anchor = target.partition("#")
        if "://" in target or not path:
            return found[0]
        place = (source.parent / path).resolve()
        name = README if place == ROOT / "README.md" else os.path.relpath(place, DOCS)
        if name not in known and not place.is_relative_to(DOCS):
            return text
        relative = os.path.relpath(name, Path(uri).parent)
        return f"[{text}]({relative}{hash_}{anchor})"

    parts = FENCE.split(markdown)  # code stands at odd places
    return "".join(part if place % 2 else LINK.sub(link, part) for place, part in enumerate(parts))
