"""Plans and replies as HTML and Markdown, for notebooks.

Everything that was said or named is escaped and stays text; nothing is loaded from anywhere. Colors
are those of the notebook, light or dark.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from .reply import Embeddings, Reply

CELL = "text-align:left;vertical-align:top;padding:.2em .8em .2em 0;border:0"
RULE = "border-bottom:1px solid;border-color:color-mix(in srgb,currentColor 30%,transparent)"
DIM = "opacity:.7;font-size:90%"


def html_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    title: str,
    dim: Sequence[bool],
    notes: Sequence[str] = (),
) -> str:
    """Lay out `rows` under `head` and `title`, `notes` below; rows that `dim` marks stand back."""
    heads = "".join(f'<th style="{CELL};{RULE}">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr style="{DIM if back else ""}">{_cells(row)}</tr>'
        for row, back in zip(rows, dim, strict=True)
    )
    return (
        f'<div style="{DIM}">{escape(title)}</div>'
        f'<table style="border-collapse:collapse"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
        + "".join(f'<div style="{DIM}">{escape(note)}</div>' for note in notes)
    )


def _cells(row: Sequence[str]) -> str:
    """Only the last cell, which holds words, is broken into lines."""
    *short, last = row
    cells = "".join(f'<td style="{CELL};white-space:nowrap">{escape(cell)}</td>' for cell in short)
    return f'{cells}<td style="{CELL}">{escape(last)}</td>'


def reply_html(reply: Reply[object]) -> str:
    """Write the answer as it is, and below it a line about it."""
    text = escape(reply.text) or "<i>no text</i>"
    return (
        f'<div style="white-space:pre-wrap;overflow-wrap:anywhere">{text}</div>'
        f'<div style="{DIM};margin-top:.5em">{escape(footer(reply))}</div>'
    )


def reply_markdown(reply: Reply[object]) -> str:
    """Write the answer in a fence that it cannot close, and below it a line about it."""
    longest = max((len(run) for run in re.findall(r"`+", reply.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{reply.text}\n{fence}\n\n{_literal(footer(reply))}\n"


def embeddings_html(found: Embeddings) -> str:
    """Write how many vectors of which size there are, of which model, and what they took."""
    about = "about " if found.usage.estimated else ""
    row = [
        found.model.name,
        str(len(found.vectors)),
        str(len(found.vectors[0]) if found.vectors else 0),
        f"{about}{found.usage.input_tokens}",
        _cost(found.cost_usd),
    ]
    title = " · ".join([found.model.id, f"{found.duration_s:.2f} s", *found.warnings])
    head = ("model", "vectors", "dimensions", "tokens", "cost")
    return html_table(head, [row], title, [False])


def footer(reply: Reply[object]) -> str:
    """One line: who answered, tokens, cost, time, and what a person should know."""
    usage = reply.usage
    about = "about " if usage.estimated else ""
    parts = [
        f"{reply.model.name} ({reply.model.id})",
        f"{about}{usage.input_tokens} tokens in, {usage.output_tokens} out",
        _cost(reply.cost_usd),
        f"{reply.duration_s:.2f} s",
    ]
    parts += [f"asks for {call.name}" for call in reply.tool_calls]
    if reply.fell_back and reply.plan.model is not None:
        parts.append(f"fell back from {reply.plan.model.name}")
    if reply.finish_reason in {"length", "content_filter"}:
        parts.append(f"cut: {reply.finish_reason}")
    if reply.refused:
        parts.append("the model refused to answer")
    return " · ".join([*parts, *reply.warnings])


def _cost(cost: Decimal | None) -> str:
    return "cost unknown" if cost is None else f"${cost.normalize():f}"


def _literal(text: str) -> str:
    """Take from every character the meaning that it has in Markdown, line breaks included."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))
