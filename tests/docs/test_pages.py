"""README and docs keep what they promise: every block runs, every link leads somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from doctest import ELLIPSIS, OutputChecker
from typing import TYPE_CHECKING

import pytest

from docs.generate import PAGES as GENERATED
from docs.schemas import SCHEMAS
from llmroute.cli.arguments import parse
from llmroute.policies.files import loads_policy
from tests.docs.pages import PAGES, ROOT, Block, blocks, is_policy, model_files, name_of, prose
from tests.docs.stand_in import StandIn, stood_in
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from pathlib import Path

# Its blocks are one pytest file, and run as one: tests/testing/test_docs.py.
PYTEST_PAGES = {"docs/testing.md"}
# Their policies name models of OpenAI, which a server on loopback stands in for.
MIGRATION_PAGES = {"docs/from-openai.md", "docs/from-litellm.md", "docs/cheatsheet.md"}
PLAYED = [
    page
    for page in PAGES
    if name_of(page) not in PYTEST_PAGES and any(one.language == "python" for one in blocks(page))
]
OTHERS = [ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def of_all(language: str) -> list[object]:
    """Every block of a language, with its place as the test's id."""
    return [
        pytest.param(block, id=f"{name_of(page)}:{block.line}")
        for page in PAGES
        for block in blocks(page)
        if block.language == language
    ]


def played(page: Path, folder: Path, **environment: str) -> list[str]:
    """Play a page in `folder`, where its model files are tiny; returns what each block printed."""
    for file in model_files(page):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        tiny_gguf(folder / file)
    wanted = [one for one in blocks(page) if one.language == "python" or is_policy(one)]
    with StandIn() as openai:
        if name_of(page) in MIGRATION_PAGES:
            wanted = [one._replace(text=_stood_in(one, openai.url)) for one in wanted]
            environment |= {"OPENAI_BASE_URL": openai.url, "OPENAI_API_KEY": "sk-nobody"}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "tests.docs.play"],
            cwd=folder,
            env={**_environment(), **environment},
            input=json.dumps([name_of(page), wanted]),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def _stood_in(block: Block, url: str) -> str:
    return stood_in(block.text, url) if block.language == "toml" else block.text


def _environment() -> dict[str, str]:
    """This environment without keys and policies, in which the tests can be imported."""
    hidden = ("OPENAI_", "LLMROUTE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return kept | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}


def promised(page: Path) -> list[tuple[Block, str]]:
    """Each Python block with the output that the next block shows; "" when it shows none."""
    found = blocks(page)
    return [
        (one, after.text if after.language == "text" else "")
        for one, after in zip(found, [*found[1:], Block("", 0, "")], strict=True)
        if one.language == "python"
    ]


@pytest.mark.native
@pytest.mark.parametrize("page", PLAYED, ids=name_of)
def test_python_blocks_run_and_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """A page's Python blocks run in order; an output shown below one is what it prints."""
    outputs = played(page, tmp_path)
    for (block, shown), output in zip(promised(page), outputs, strict=True):
        same = OutputChecker().check_output(shown, output, ELLIPSIS)
        assert same or not shown, f"{name_of(page)}:{block.line} printed\n{output}"


def test_the_main_pages_show_code_and_its_output() -> None:
    """README and tutorial are played, and at least one output of each is compared."""
    for page in (ROOT / "README.md", ROOT / "docs" / "tutorial.md"):
        assert page in PLAYED
        assert any(shown for _, shown in promised(page))


@pytest.mark.parametrize("block", of_all("toml"))
def test_policies_load(block: Block) -> None:
    """A whole policy shown on a page loads without a problem; a part of one is at least TOML."""
    if is_policy(block):
        assert loads_policy(block.text).models
    else:
        assert tomllib.loads(block.text)


def commands(start: str) -> list[object]:
    """Every command line of the pages that begins with `start`."""
    return [
        pytest.param(line.removeprefix(f"$ {start} "), id=f"{name_of(page)}: {line}")
        for page in PAGES
        for block in blocks(page)
        for line in block.text.splitlines()
        if block.language == "console" and line.startswith(f"$ {start} ")
    ]


@pytest.mark.parametrize("words", commands("llmroute"))
def test_command_lines_are_understood(words: str) -> None:
    """The command line reads every command that a page shows."""
    import shlex

    assert parse(shlex.split(re.split(r" [|>] ", words)[0], comments=True)).command


@pytest.mark.parametrize("words", commands("make"))
def test_make_targets_exist(words: str) -> None:
    """Every target of make that a page shows is one."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    target = words.split(maxsplit=1)[0]
    assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link leads to a file, and every anchor to a heading."""
    for link in LINK.findall(prose(page)):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


@pytest.mark.parametrize("path", [*GENERATED, *SCHEMAS], ids=name_of)
def test_generated_files_are_fresh(path: Path) -> None:
    """The pages of errors, models and options, and the schemas, say what code and catalog say."""
    made = {**GENERATED, **SCHEMAS}[path]()
    assert path.read_text(encoding="utf-8") == made, "run python docs/generate.py"


def test_every_page_is_in_the_table_of_contents() -> None:
    """docs/index.md links to every page and every decision."""
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(prose(index))}
    assert set(PAGES) - linked - {index} == set()
