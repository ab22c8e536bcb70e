"""llms.txt, which tells language models what there is to read (llmstxt.org)."""

from __future__ import annotations

import re

from tests.docs.pages import PAGES, ROOT

TEXT = (ROOT / "llms.txt").read_text(encoding="utf-8")
ITEM = re.compile(r"^- \[([^\]]+)\]\(([^)]+)\): (\S.*)$")


def test_its_form() -> None:
    """A title, a summary in a quotation, and sections of links, each with a description."""
    title, empty, summary, *_ = TEXT.splitlines()
    assert title == "# llmroute"
    assert not empty
    assert summary.startswith("> ")
    _, *sections = re.split(r"^## .+$", TEXT, flags=re.MULTILINE)
    assert len(sections) >= 2
    for section in sections:
        items = [line for line in section.splitlines() if line]
        assert items
        assert all(ITEM.match(line) for line in items)


def test_it_lists_every_page() -> None:
    """Every link leads to a file, and every page but the decisions is listed."""
    found = [match for line in TEXT.splitlines() if (match := ITEM.match(line))]
    listed = [ROOT / match[2] for match in found]
    assert [path for path in listed if not path.is_file()] == []
    assert len(set(listed)) == len(listed)
    assert {page for page in PAGES if page.parent.name != "decisions"} - set(listed) == set()


def test_the_names_in_it_exist() -> None:
    """What the summary calls by name is there."""
    import llmroute

    for name in re.findall(r"`(?:client = )?(?:llmroute\.)?([A-Z]\w+)", TEXT):
        assert name.isupper() or hasattr(llmroute, name), name
    for name in re.findall(r"`client\.(\w+)\(", TEXT):
        assert hasattr(llmroute.Client, name), name
