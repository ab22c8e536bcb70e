"""The contracts of hosts, which license cards tell of: what a model or a provider may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors.problems import nearest

from .data import names, read_text

if TYPE_CHECKING:
    from llmroute.errors.reading import Table

FOLDER = "policies/licenses"
MARK = "\nhost = true"
"""What says in a card that it is the contract of a host."""


def contracts() -> tuple[str, ...]:
    """Name the cards of contracts with hosts; parses none of them."""
    return tuple(
        name for name in names(FOLDER) if MARK in (read_text(f"{FOLDER}/{name}.toml") or "")
    )


def check_contract(id_: str, table: Table) -> None:
    """Report an id that no contract with a host has: without a card nobody can judge it."""
    known = contracts()
    if id_ in known:
        return
    what = f"there is no license card {id_!r}"
    if id_ in names(FOLDER):
        what = f"the card {id_!r} is of a license of weights, not of a contract with a host"
    table.problem("host_terms", what, nearest(id_, known))
