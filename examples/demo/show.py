"""How the demo shows things: titles, streams, replies and attempts.

Prose is as wide as the terminal, at most 100 columns; tables are at most 100 columns anywhere.
"""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

from llmroute import Finish, Restarted, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from llmroute import Attempt, Model, Reply, Stream, Usage

WIDTH = max(40, min(100, shutil.get_terminal_size((100, 24)).columns))
MARGIN = "  | "


def title(text: str) -> None:
    """Begin an act."""
    print(f"=== {text} ".ljust(WIDTH, "=") + "\n")


def say(text: str) -> None:
    """Print a paragraph."""
    print(_wrapped(" ".join(text.split())) + "\n")


def _wrapped(text: str, first: str = "", margin: str = "") -> str:
    """Break `text` between words; `first` stands before its first line, `margin` before others."""
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=margin, break_on_hyphens=False
    )


class Margin:
    """Prints the pieces of a stream as they come, beside a margin; lines break between words."""

    def __init__(self) -> None:
        """Begin the first line."""
        self.column = len(MARGIN)
        print(MARGIN, end="", flush=True)

    def write(self, piece: str) -> None:
        """Print a piece."""
        for part in piece.splitlines(keepends=True):
            text = part.rstrip("\n")
            if text.startswith(" ") and self.column + len(text) > WIDTH:
                self.line()
                text = text[1:]
            print(text, end="", flush=True)
            self.column += len(text)
            if part.endswith("\n"):
                self.line()

    def line(self) -> None:
        """Begin a new line."""
        self.column = len(MARGIN)
        print("\n" + MARGIN, end="", flush=True)


def answer(stream: Stream) -> Reply:
    """Print an answer while it comes, and every restart."""
    margin = Margin()
    for event in stream:
        match event:
            case Text(text):
                margin.write(text)
            case Restarted(model):
                margin.line()
                margin.write(f"~~~ the connection broke; {model.name} starts over ~~~")
                margin.line()
            case Finish():
                print("\n")
            case _:
                pass
    return stream.reply


def reply(found: Reply) -> None:
    """Print who answered, for how much, how fast, and why."""
    first_s = found.attempts[-1].first_token_s
    first = "" if first_s is None else f", the first token after {first_s:.2f} s"
    rows = [
        ("model", f"{found.model.name} ({found.model.id})"),
        ("tokens", tokens(found.usage)),
        ("cost", money(found.cost_usd, found.model)),
        ("time", f"{found.duration_s:.2f} s{first}"),
        ("why", found.why),
        *(("warning", text) for text in found.warnings),
    ]
    facts(rows)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Print names, and beside each its text."""
    for name, text in rows:
        print(_wrapped(text, f"  {name:<10}", " " * 12))
    print()


def attempts(tried: Sequence[Attempt]) -> None:
    """Print attempts as a table; times are seconds since the call began."""
    head = ("attempt", "model", "began", "1st token", "ended", "tokens", "cost", "outcome")
    print(table([head, *(_row(one) for one in tried)]))
    for one in tried:
        if one.fault:
            print("\n" + _wrapped(f"Attempt {one.number} failed: {one.fault.reason}.", "  ", "  "))
    print()


def _row(one: Attempt) -> tuple[str, ...]:
    return (
        str(one.number),
        one.model.name,
        f"{one.started_s:.2f} s",
        "-" if one.first_token_s is None else f"{one.first_token_s:.2f} s",
        f"{one.ended_s:.2f} s",
        "-" if one.usage is None else tokens(one.usage),
        money(one.cost_usd, one.model),
        one.outcome,
    )


def table(rows: Iterable[Sequence[str]]) -> str:
    """Lay rows out in columns."""
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return "\n".join(f"  {line}".rstrip() for line in lines)


def tokens(usage: Usage) -> str:
    """Write token counts."""
    about = "about " if usage.estimated else ""
    return f"{about}{usage.input_tokens} in, {usage.output_tokens} out"


def money(cost_usd: Decimal | None, model: Model) -> str:
    """Write a cost; that of a local model is marginal: the machine is paid for already."""
    if cost_usd is None:
        return "not known"
    marginal = model.price is not None and model.price.marginal
    return f"${cost_usd:f}" + (" marginal" if marginal and not cost_usd else "")
