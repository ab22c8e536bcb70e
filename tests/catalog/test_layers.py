"""Fact files: facts of models laid over the catalog's, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from llmroute import Client
from llmroute.catalog import Declaration, resolve
from llmroute.catalog.collection import BUILT_IN, Catalog
from llmroute.errors import PolicyError
from llmroute.errors.guards import LARGEST_FACTS_BYTES
from llmroute.errors.toml import MOST_PROBLEMS
from llmroute.policies.files import load_policy

if TYPE_CHECKING:
    from pathlib import Path

GPT_4 = "openai/gpt-4"
IMPORTED = '[imported]\nfrom = "models.dev"\non = 2026-11-26\n'


def file_of(folder: Path, text: str, name: str = "facts.toml") -> Path:
    """A fact file that holds this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path) -> str:
    """What is wrong with a fact file."""
    with pytest.raises(PolicyError) as caught:
        Catalog([path])
    return str(caught.value)


def test_a_fact_file_changes_facts_alone(tmp_path: Path) -> None:
    """What it says counts; the rest, the address and the key stay as they are."""
    facts = file_of(
        tmp_path,
        f'[models."{GPT_4}"]\ncontext_tokens = 9000\nprice = {{ input = 1, output = 2 }}\n'
        "parameters_billion = { value = 1800, confirmed = false }\n"
        "data = { trains = false, retention_days = 3 }\n",
    )
    plain, laid = (resolve(Declaration("m", GPT_4), one) for one in (BUILT_IN, Catalog([facts])))
    assert (plain.context_tokens, laid.context_tokens) == (8192, 9000)
    assert laid.price is not None
    assert (laid.price.input, laid.price.output) == (Decimal(1), Decimal(2))
    assert laid.handling is not None
    assert laid.handling.retention_days == 3
    assert (laid.endpoint, laid.api, laid.retires_on) == (
        plain.endpoint,
        plain.api,
        plain.retires_on,
    )
    assert resolve(Declaration("m", GPT_4)) == plain


def test_imported_facts_lie_below_the_users(tmp_path: Path) -> None:
    """Built-in < imported < the user's files < code, in whatever order the files are named."""
    own = file_of(tmp_path, f'[models."{GPT_4}"]\ncontext_tokens = 9000\n', "own.toml")
    text = f'{IMPORTED}[models."{GPT_4}"]\ncontext_tokens = 7000\nmax_output_tokens = 70\n'
    imported = file_of(tmp_path, text, "imported.toml")
    for files in ([own, imported], [imported, own]):
        laid = resolve(Declaration("m", GPT_4), Catalog(files))
        assert (laid.context_tokens, laid.max_output_tokens) == (9000, 70)
    coded = resolve(Declaration("m", GPT_4, context_tokens=50), Catalog([own]))
    assert coded.context_tokens == 50


def test_retirement_by_a_fact_file_counts(tmp_path: Path) -> None:
    """A day on which a host retires a model, told by a fact file, is the model's."""
    facts = file_of(tmp_path, '[models."openai/gpt-6.1-terra"]\nretires_on = 2026-12-01\n')
    laid = resolve(Declaration("m", "openai/gpt-6.1-terra"), Catalog([facts]))
    assert laid.retires_on == date(2026, 12, 1)


def test_facts_of_a_model_that_its_host_takes_unseen(tmp_path: Path) -> None:
    """Where a host takes any model, a fact file may speak of one that the catalog does not list."""
    facts = file_of(tmp_path, '[models."groq/new-model"]\ncontext_tokens = 77\n')
    assert resolve(Declaration("m", "groq/new-model"), Catalog([facts])).context_tokens == 77
    told = problems_of(file_of(tmp_path, '[models."openai/gtp-4"]\ncontext_tokens = 77\n'))
    assert "gtp-4" in told
    assert "Did you mean 'gpt-4" in told


def test_a_policy_names_fact_files(tmp_path: Path) -> None:
    """[catalog] files and Client(catalog=...) take fact files beside those of providers."""
    facts = file_of(tmp_path, f'[models."{GPT_4}"]\ncontext_tokens = 9000\n')
    policy = '[models.m]\nuse = "openai/gpt-4"\n'
    path = file_of(tmp_path, f'version = 1\n[catalog]\nfiles = ["facts.toml"]\n{policy}', "p.toml")
    assert load_policy(path).models[0].context_tokens == 9000
    with pytest.raises(PolicyError, match="found, not named"):
        load_policy(path, found=True)
    plain = file_of(tmp_path, f"version = 1\n{policy}", "plain.toml")
    with Client(plain, catalog=[facts]) as client:
        assert client.plan("hi", model="m").refused[0].model.context_tokens == 9000


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('api = "gemini"', "this is none"),
        ('base_url = "https://evil.example"', "this is none"),
        ('key_env = "OPENAI_API_KEY"', "this is none"),
        ('origins = ["https://evil.example"]', "this is none"),
        ('endpoint = "https://evil.example"', "this is none"),
        ('headers = { "x-key" = "v" }', "this is none"),
        ('parameters = ["seed"]', "this is none"),
        ('quirks = ["no_system"]', "this is none"),
        ('file = "/etc/passwd"', "this is none"),
        ('package = "os"', "this is none"),
        ('template = "{{ x }}"', "this is none"),
        ('weights = "llama-2-7b"', "this is none"),
        ("context_tokens = nan", "a whole number"),
        ("context_tokens = -5", "between 1"),
        ("context_tokens = 99999999999999999999", "between 1"),
        ("context_tokens = 8192.0", "a whole number"),
        ("price = { input = nan, output = 1 }", "at most 1000"),
        ("price = { input = inf, output = 1 }", "at most 1000"),
        ("price = { input = -1, output = 1 }", "at least 0"),
        ("price = { input = 1e400, output = 1 }", "at most 1000"),
        ("price = { input = 1 }", "input and output"),
        ('price = "1"', "a table"),
        ("retires_on = 2026-13-01", "TOML"),
        ('retires_on = "2026-12-01"', "a date"),
        ("parameters_billion = 0", "more than 0"),
        ("speed = { tokens_per_s = 1e99 }", "at most"),
        ('scores = [{ benchmark = "MMLU", value = nan, harness = "x" }]', "at most 100"),
        ("context_tokens = 1\ncontext_tokens = 2", "stands twice"),
        ('[models."openai/gpt-4"]', "stands twice"),
        (f"scores = {'[' * 40}{']' * 40}", "deeper than 16"),
        (".".join("a" * 40) + " = 1", "deeper than 16"),
    ],
)
def test_a_hostile_fact_file_is_refused(wrong: str, said: str, tmp_path: Path) -> None:
    """Foreign keys and hosts, NaN, huge and negative numbers, twins and depth are told by line."""
    told = problems_of(file_of(tmp_path, f'[models."{GPT_4}"]\n{wrong}\n'))
    assert said in told
    assert "facts.toml:" in told


def test_what_else_is_no_fact_file(tmp_path: Path) -> None:
    """A missing slash, an unknown host, a foreign section, a wrong head and a big file are told."""
    assert "provider and a model" in problems_of(file_of(tmp_path, "[models.gpt-4]\n"))
    assert "no provider 'nobody'" in problems_of(file_of(tmp_path, '[models."nobody/m"]\n'))
    assert "no such key" in problems_of(file_of(tmp_path, "[models]\n[hosts.x]\nurl = 1\n"))
    assert "from and on" in problems_of(file_of(tmp_path, '[imported]\nfrom = "x"\n[models]\n'))
    assert "64 KiB" in problems_of(file_of(tmp_path, "#" * 70_000))
    assert "Begin the file with [provider]" in problems_of(file_of(tmp_path, ""))


def test_nothing_is_loaded_for_files_that_there_are_not() -> None:
    """A policy without fact files loads neither what reads them nor a file of open weights."""
    code = (
        "import sys\n"
        "from llmroute.policies.files import loads_policy\n"
        "loads_policy('version = 1\\n[models.a]\\nuse = \"openai/gpt-6.1-terra\"')\n"
        "print([name for name in sys.modules if name.startswith('llmroute.catalog')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "llmroute.catalog.rows" in done.stdout
    assert "llmroute.catalog.layers" not in done.stdout
    assert "llmroute.catalog.declared" not in done.stdout
    assert "llmroute.catalog.explain" not in done.stdout


def test_numbers_are_exact(tmp_path: Path) -> None:
    """A price is the decimal that was written."""
    text = f'[models."{GPT_4}"]\nprice = {{ input = 0.1, output = 0.2 }}\n'
    price = resolve(Declaration("m", GPT_4), Catalog([file_of(tmp_path, text)])).price
    assert price is not None
    assert (price.input, price.output) == (Decimal("0.1"), Decimal("0.2"))


GPT_4_PRICE = f'models."{GPT_4}".price'
LARGE = {
    "keys": ('models."openai/gpt-4" = {', "k{} = 1, ", "}"),
    "names": ("[models]\n", '"openai/x{}" = {{}}\n', ""),
    "no names": ("[models]\n", "{} = {{}}\n", ""),
    "hosts": ("[models]\n", '"o{}/m" = {{}}\n', ""),
    "tops": ("[models]\n", "[t{}]\n", ""),
    "tiers": (f"{GPT_4_PRICE}.tiers = {{", "P{} = 1, ", "}"),
    "rates": (f"{GPT_4_PRICE} = {{", "p{} = 1, ", "}"),
    "rows": ("", '[[models."openai/gpt-4".prices]]\n', ""),
    "scores": ('models."openai/gpt-4".scores = [', "{{}},", "]"),
    "sources": ("[models]\n[sources]\n", "s{} = {{}}\n", ""),
    "prices": ("[models]\n", '"groq/{}".price = {{a=1}}\n', ""),
}
"""How a fact file begins, what it repeats with a number until it is full, and how it ends."""


@pytest.mark.parametrize("kind", LARGE)
def test_a_large_file_of_mistakes_is_left_early(tmp_path: Path, kind: str) -> None:
    """Of half a million mistakes the first hundred are told, and the rest is not read."""
    head, again, end = LARGE[kind]
    parts, left = [head], LARGEST_FACTS_BYTES - len(head) - len(end)
    while left >= len(part := again.format(len(parts))):
        parts.append(part)
        left -= len(part)
    text = "".join(parts).removesuffix(", ") + end
    with pytest.raises(PolicyError) as caught:
        Catalog([file_of(tmp_path, text)])
    problems = caught.value.problems
    assert 1 <= len(problems) <= MOST_PROBLEMS + 1
    assert problems[0].line is not None
    full = f"these are the first {MOST_PROBLEMS}; mend them first"
    assert (problems[-1].what == full) == (len(problems) > MOST_PROBLEMS)
