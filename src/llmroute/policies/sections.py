"""The sections of a policy file that are plain values: facts, hints, limits, offline, require."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from llmroute.catalog.data import names
from llmroute.errors import PolicyError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table, collector
from llmroute.types.limits import Limits
from llmroute.types.plans import Facts
from llmroute.types.requests import PURPOSES

from .origins import expanded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.errors import Problem
    from llmroute.types.plans import OfflineMode
    from llmroute.types.requests import OnBreak

MONTH = r"now|\d{4}-(0[1-9]|1[0-2])"
COUNTRY = r"[A-Z]{2}"
ELSEWHERE = {
    "timeout": "deadline_s",
    "timeout_s": "deadline_s",
    "request_timeout": "deadline_s",
    "total_timeout": "deadline_s",
    "connect_timeout": "connect_s",
    "read_timeout": "between_tokens_s",
    "max_retries": "attempts_per_model",
    "num_retries": "attempts_per_model",
    "retries": "attempts_per_model",
}
"""What other clients call limits, and what they are called here."""
HINT_TYPES = ("bool", "int", "float", "str")
LONGEST_S = "86400"

Default = TypeVar("Default", float, float | None)


def facts(values: Mapping[str, object]) -> Facts:
    """Make facts of what a caller states, as [facts] of a policy file does.

    Raises:
        PolicyError: a fact is unknown or has the wrong type; all problems at once.
    """
    problems: list[Problem] = []
    found = read_facts(Table(values, ("facts",), collector("Client", problems)))
    if problems:
        raise PolicyError(problems)
    return found


def read_facts(table: Table) -> Facts:
    """Read [facts]."""
    purposes = table.texts("purposes") or ()
    for purpose in purposes:
        name = purpose.partition(":")[0]
        if name not in PURPOSES:
            table.problem("purposes", f"{name!r} is no purpose", nearest(name, PURPOSES))
    domicile = table.text("licensee_domicile")
    if domicile is not None and not re.fullmatch(COUNTRY, domicile):
        table.problem("licensee_domicile", 'it must be an ISO 3166 country code, such as "DE"')
    found = Facts(
        commercial=table.flag("commercial"),
        purposes=purposes,
        monthly_active_users=_users(table.table("monthly_active_users")),
        licensee_domicile=domicile,
        granted=_granted(table.table("granted")),
    )
    table.done()
    return found


def _users(table: Table | None) -> tuple[tuple[str, int], ...]:
    if table is None:
        return ()
    for month in table.values:
        if not re.fullmatch(MONTH, month):
            table.problem(month, 'it must be a month, "2023-06", or now')
    counts = {month: table.whole(month, 0, 10**11) for month in table.values}
    return tuple((month, count) for month, count in counts.items() if count is not None)


def _granted(table: Table | None) -> tuple[tuple[str, str], ...]:
    if table is None:
        return ()
    known = names("policies/licenses")
    for license_ in table.values:
        if license_ not in known:
            what = f"there is no license card {license_!r}"
            table.problem(license_, what, nearest(license_.lower(), known))
    agreements = {license_: table.text(license_) for license_ in table.values}
    return tuple((license_, text) for license_, text in agreements.items() if text)


def read_hints(table: Table | None) -> dict[str, str]:
    """Read [hints]: the name and the type of each."""
    if table is None:
        return {}
    declared = {name: table.choice(name, HINT_TYPES) for name in table.values}
    return {name: kind for name, kind in declared.items() if kind}


def hint_fits(kind: str, value: object) -> bool:
    """Whether a value is of a hint's declared type; a whole number is also a float."""
    if isinstance(value, bool) or kind == "bool":
        return isinstance(value, bool) and kind == "bool"
    if kind == "float":
        from decimal import Decimal

        return isinstance(value, int | float | Decimal)
    return isinstance(value, str if kind == "str" else int)


def read_limits(table: Table | None) -> Limits:
    """Read [limits]; what is not given keeps its default."""
    default = Limits()
    if table is None:
        return default
    on_break = table.choice("on_break", ("raise", "restart"), later=("continue",))
    limits = Limits(
        deadline_s=_seconds(table, "deadline_s", default.deadline_s),
        connect_s=_seconds(table, "connect_s", default.connect_s),
        first_token_s=_seconds(table, "first_token_s", default.first_token_s),
        between_tokens_s=_seconds(table, "between_tokens_s", default.between_tokens_s),
        on_break=cast("OnBreak", on_break or default.on_break),
        attempts_per_model=table.whole("attempts_per_model", 1, 100) or default.attempts_per_model,
        body_bytes=table.whole("body_bytes", 1024, 2**32) or default.body_bytes,
        event_bytes=table.whole("event_bytes", 1024, 2**32) or default.event_bytes,
    )
    table.done(elsewhere=ELSEWHERE)
    return limits


def _seconds(table: Table, name: str, default: Default) -> Default | float:
    value = table.number(name, "0", LONGEST_S, above=True)
    return default if value is None else float(value)


class TokenCounting(NamedTuple):
    """How prompts are counted: by an estimate, or exactly where a vocabulary is at hand.

    `vocabularies` is a folder of vocabulary files; None means none besides installed packages.
    """

    exact: bool = False
    vocabularies: str | None = None


def read_tokens(table: Table | None, folder: str) -> TokenCounting:
    """Read [tokens]; the folder of vocabularies is relative to `folder`, that of the policy."""
    if table is None:
        return TokenCounting()
    count = table.choice("count", ("estimate", "exact"))
    vocabularies = table.text("vocabularies")
    table.done()
    place = None if vocabularies is None else str(Path(folder, expanded(vocabularies)))
    return TokenCounting(count == "exact", place)


def read_offline(table: Table | None) -> OfflineMode:
    """Read [offline]."""
    if table is None:
        return "auto"
    mode = table.choice("mode", ("auto", "always", "never"))
    table.done()
    return cast("OfflineMode", mode or "auto")
