"""What a choice costs: plans of 2 and 20 models, a price, loading policies and the catalog."""

from __future__ import annotations

import statistics
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import llmroute
from benchmarks.measure import Row, cpu_s
from llmroute import Client, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCHES, CALLS, PROCESSES = 30, 300, 9
SERVER = """
[models.m{0}]
use = "openai-compatible"
base_url = "http://127.0.0.1:{1}/v1"
model = "m{0}"
license = "apache-2.0"
context_tokens = 8192
price = {{ input = {0}, output = {0} }}
"""
ROUTE = """
[[route]]
name = "route {0}"
when = {{ task = "{1}", tokens = {{ at_least = {2} }} }}
require = {{ max_cost_usd = 1 }}
"""
TASKS = ("code", "math", "summarize", "translate", "rewrite", "creative", "extract", "classify")
TWO = SERVER.format(1, 9001) + SERVER.format(2, 9002) + '\n[prefer]\nminimize = "cost"\n'
NAMED = """
[models.gpt]
use = "openai/gpt-6.1-terra"
[models.claude]
use = "anthropic/claude-sonnet-5"
"""
LOAD = "from llmroute import Client; Client({0!r})"
CATALOG = (
    "from llmroute.catalog.entries import provider, provider_names\n"
    "from llmroute.catalog.families import FOLDER, weights_of\n"
    "from llmroute.catalog.data import names\n"
    "[list(provider(name).models.values()) for name in provider_names()]\n"
    "[list(weights_of(f'{FOLDER}/{name}.toml').values()) for name in names(FOLDER)]\n"
)


def twenty() -> str:
    """Twenty models and ten routes, of which the last two match."""
    models = "".join(SERVER.format(at + 1, 9000 + at) for at in range(20))
    routes = "".join(ROUTE.format(at, TASKS[at % 7], 10 * at) for at in range(8))
    last = "".join(ROUTE.format(at, "classify", at - 8) for at in range(8, 10))
    return models + '\n[prefer]\nminimize = "cost"\n' + routes + last


def _batches(work: Callable[[], object]) -> list[float]:
    cpu_s(work, CALLS)
    return [cpu_s(work, CALLS) for _ in range(BATCHES)]


def _row(what: str, batches: Sequence[float], floor: float) -> Row:
    least = f"least {min(batches) * 1e6:.3g} us, of {BATCHES} batches of {CALLS}"
    return Row(what, statistics.median(batches) * 1e6, "us", floor, least)


def _plan(what: str, text: str, floor: float) -> Row:
    with TemporaryDirectory() as folder:
        file = Path(folder, "llmroute.toml")
        file.write_text("version = 1\n" + text, encoding="utf-8")
        with Client(file) as client:
            ask = client.plan("Why is the sky blue?", task="classify")
            assert ask.candidates
            work = lambda: client.plan("Why is the sky blue?", task="classify")  # noqa: E731
            return _row(what, _batches(work), floor)


def _started_s(code: str) -> float:
    """CPU seconds of a fresh interpreter that runs `code`, the median of several."""
    measured = f"import time\n{code}\nprint(time.process_time())"
    runs = [
        float(
            subprocess.run(
                [sys.executable, "-c", measured], capture_output=True, check=True, text=True
            ).stdout
        )
        for _ in range(PROCESSES)
    ]
    return statistics.median(runs)


def _loads() -> list[Row]:
    bare_s = _started_s("pass")
    with TemporaryDirectory() as folder:
        file = Path(folder, "llmroute.toml")
        file.write_text("version = 1\n" + NAMED, encoding="utf-8")
        policy_s = _started_s(LOAD.format(str(file))) - bare_s
    catalog_s = _started_s(CATALOG) - bare_s
    over = f"over a bare interpreter ({bare_s * 1e3:.3g} ms), median of {PROCESSES} processes"
    return [
        Row("a policy of two providers is loaded (CPU)", policy_s * 1e3, "ms", 15, over),
        Row("every row of the catalog is read (CPU)", catalog_s * 1e3, "ms", 60, over),
    ]


def rows() -> list[Row]:
    """Every figure of this file."""
    usage = Usage(1000, 500)
    assert llmroute.price("openai/gpt-4", usage) == Decimal("0.06")
    return [
        _plan("plan of 2 models (CPU)", TWO, 30),
        _plan("plan of 20 models and 10 routes (CPU)", twenty(), 80),
        _row("price() (CPU)", _batches(lambda: llmroute.price("openai/gpt-4", usage)), 10),
        *_loads(),
    ]
