"""[facts]: what is true of the application, which license clauses ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llmroute.catalog.data import names
from llmroute.errors import PolicyError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table, collector
from llmroute.licenses.cards import DISTRIBUTION, FIELDS
from llmroute.licenses.places import COUNTRIES
from llmroute.types.plans import Facts
from llmroute.types.requests import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmroute.errors import Problem

MONTH = r"now|\d{4}-(0[1-9]|1[0-2])"
OTHER_NAMES = {
    "UK": 'Great Britain is "GB"',
    "EU": "Name the member states",
}
"""What is no country code, and what to write."""
UNKNOWN = ("deny", "warn", "allow")
"""What a license may mean of which a fact is missing."""
Months = tuple[tuple[str, int], ...]


def facts(values: Mapping[str, object], where: str = "Client") -> Facts:
    """Make facts of what a caller states, as [facts] of a policy file does.

    Raises:
        PolicyError: a fact is unknown or has the wrong type; all problems at once.
    """
    problems: list[Problem] = []
    found = read_facts(Table(values, ("facts",), collector(where, problems)))
    if problems:
        raise PolicyError(problems)
    return found


def read_facts(table: Table) -> Facts:
    """Read [facts]."""
    found = Facts(
        commercial=table.flag("commercial"),
        purposes=_purposes(table),
        monthly_active_users=_by_month(table, "monthly_active_users"),
        licensee_domicile=_domicile(table),
        granted=_granted(table.table("granted")),
        annual_revenue_usd=_by_month(table, "annual_revenue_usd"),
        monthly_revenue_usd=_by_month(table, "monthly_revenue_usd"),
        use_territories=_territories(table),
        fields_of_use=_fields(table),
        distributes=table.choice("distributes", DISTRIBUTION),
        unknown=table.choice("unknown", UNKNOWN),
    )
    table.done()
    return found


def _purposes(table: Table) -> tuple[str, ...]:
    purposes = table.texts("purposes") or ()
    for purpose in purposes:
        name = purpose.partition(":")[0]
        if name not in PURPOSES:
            table.problem("purposes", f"{name!r} is no purpose", nearest(name, PURPOSES))
    return purposes


def _domicile(table: Table) -> str | None:
    domicile = table.text("licensee_domicile")
    if domicile is not None:
        _check_country(table, "licensee_domicile", domicile, 'Write a code such as "DE"')
    return domicile


def _territories(table: Table) -> tuple[str, ...] | None:
    given = table.texts("use_territories")
    for code in given or ():
        _check_country(table, "use_territories", code, 'Write codes such as ["DE", "KR"]')
    return given


def _check_country(table: Table, key: str, code: str, hint: str) -> None:
    """Refuse what no clause could match: it would pass as a country that none names."""
    if code not in COUNTRIES:
        table.problem(key, f"{code!r} is no ISO 3166 country code", OTHER_NAMES.get(code, hint))


def _fields(table: Table) -> tuple[str, ...] | None:
    given = table.texts("fields_of_use")
    for word in given or ():
        if word not in FIELDS:
            table.problem("fields_of_use", f"{word!r} is no field of use", nearest(word, FIELDS))
    return given


def _by_month(table: Table, key: str) -> Months:
    """Read a number, which is that of now, or a table of numbers by month."""
    given = table.values.get(key)
    if isinstance(given, int) and not isinstance(given, bool):
        count = table.whole(key, 0, 10**13)
        return () if count is None else (("now", count),)
    inner = table.table(key)
    return () if inner is None else _months(inner)


def _months(table: Table) -> Months:
    for month in table.values:
        if not re.fullmatch(MONTH, month):
            table.problem(month, 'it must be a month, "2023-06", or now')
    counts = {month: table.whole(month, 0, 10**13) for month in table.values}
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


BY_KEY = ("monthly_active_users", "annual_revenue_usd", "monthly_revenue_usd", "granted")
"""Facts of several months, or licenses, each of which stands for itself."""
UNSTATED = Facts()


def merged(base: Facts, over: Facts) -> Facts:
    """The facts of a policy with those of one request over them; what it states counts."""
    from llmroute.types.frozen import replace

    given: dict[str, Any] = {
        name: _joined(getattr(base, name), stated) if name in BY_KEY else stated
        for name in Facts.__match_args__
        if (stated := getattr(over, name)) != getattr(UNSTATED, name)
    }
    return replace(base, **given) if given else base


def _joined(
    base: Iterable[tuple[str, object]], over: Iterable[tuple[str, object]]
) -> tuple[tuple[str, object], ...]:
    return tuple({**dict(base), **dict(over)}.items())
