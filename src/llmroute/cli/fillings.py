"""What may be typed after `llmroute simulate` and `llmroute catalog import`."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .parser import Parser


def fill_simulate(parser: Parser) -> None:
    """Add the arguments of `simulate`."""
    add = parser.add_argument
    add("simulated", nargs="?", metavar="POLICY", help="policy file; else that of -p")
    what = "recorded requests, a JSON object in each line; else some are made up"
    add("traffic", nargs="?", metavar="TRAFFIC", help=what)
    what = "how models answer, what goes wrong and when, and what is asked"
    add("--world", metavar="FILE", help=what)
    add("--requests", type=_count, metavar="N", help="how many requests are made up")
    what = "equal seeds give equal figures; default 0"
    add("--seed", type=int, default=0, metavar="N", help=what)
    add("--plot", metavar="FILE", help="also draw it over the time, as SVG")
    add("--json", action="store_true", help="write one JSON object")


def fill_import(parser: Parser) -> None:
    """Add the arguments of `catalog import`."""
    sources = ("models.dev", "genai-prices", "litellm")
    add = parser.add_argument
    add("file", metavar="FILE", help="what you have downloaded, or the folder of a repository")
    add("--from", dest="source", required=True, choices=sources, help="whose data it is")
    add("--out", metavar="FILE", help="the fact file to write; else stdout")
    add("--only", nargs="+", default=[], metavar="PROVIDER", help="the models of these alone")
    add("--strict", action="store_true", help="exit code 1 when a price cannot be right")


def _count(text: str) -> int:
    from llmroute.simulation.world import MOST_REQUESTS

    if text.isascii() and text.isdecimal() and 1 <= int(text[:20]) <= MOST_REQUESTS:
        return int(text)
    raise ArgumentTypeError(f"it must lie between 1 and {MOST_REQUESTS:,}")
