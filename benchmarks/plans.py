"""What a choice costs: plans of 2 and of 20 models, and a price."""

from __future__ import annotations

import statistics
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import llmroute
from benchmarks.measure import Row, cpu_s
from llmroute import Client, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCHES, CALLS = 30, 300
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


def rows() -> list[Row]:
    """Every figure of this file."""
    usage = Usage(1000, 500)
    assert llmroute.price("openai/gpt-4", usage) == Decimal("0.06")
    return [
        _plan("plan of 2 models (CPU)", TWO, 30),
        _plan("plan of 20 models and 10 routes (CPU)", twenty(), 80),
        _row("price() (CPU)", _batches(lambda: llmroute.price("openai/gpt-4", usage)), 10),
    ]
