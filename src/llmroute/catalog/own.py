"""Provider files of the user's own, and of installed packages: read, and checked as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmroute.errors import PolicyError, Problem
from llmroute.errors.guards import check_depth
from llmroute.errors.positions import Positions
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table
from llmroute.errors.toml import located, parse

from .collection import NAME
from .contracts import check_contract
from .endpoints import PLACE, places_in
from .entries import provider_names, with_origins
from .keys import VARIABLE_HINT, key_problem, on_origins, variable_problem
from .tables import read_top
from .urls import address
from .words import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .entries import ProviderEntry


def read_own(
    name: str, text: str, place: str, *, apis: tuple[str, ...] = (), speaks: bool = False
) -> ProviderEntry:
    """Make an entry of a provider's file that is not the package's own.

    `place` is its path, for errors. `apis` are those that it may name; one that `speaks` for itself
    needs none, and no address.

    Raises:
        PolicyError: something in it is wrong; all problems at once, each with its line.
    """
    check_depth(text, place)
    positions = Positions(text)
    problems: list[Problem] = []

    report = located(place, positions, problems)

    top = Table(parse(text, place), (), report)
    entry = read_top(name, top, cited=False)
    head = Table({}, ("provider",), report)
    _check_name(name, top)
    if top.values.get("provider") is None:
        top.problem("provider", "it is missing", "Begin the file with [provider]")
    elif not problems:
        for origin in entry.origins:
            _origin("origins", origin, head)
        entry = with_origins(entry)
        _check_api(entry, head, apis, speaks=speaks)
        _check_urls(entry, head, speaks=speaks)
        _check_key(entry, head)
        _check_terms(entry, head)
    if problems:
        raise PolicyError(sorted(problems, key=lambda one: one.line or 0))
    return entry


def _check_name(name: str, top: Table) -> None:
    if name in provider_names():
        what = f"{name} is a provider of llmroute itself, which no other file replaces"
        top.problem("", what, "Call the file by another name")
    elif not re.fullmatch(NAME, name):
        what = "the file's name is the provider's: lower case letters, digits, '-' and '_'"
        top.problem("", what, "Call it acme.toml, and a model acme/MODEL")


def _check_api(entry: ProviderEntry, head: Table, apis: tuple[str, ...], *, speaks: bool) -> None:
    if entry.local:
        what = "it is for model files of llmroute itself"
        head.problem("local", what, "A server on this machine: server = true")
    if speaks:
        return
    named = {entry.api, *(model.api for model in entry.models.values())}
    if not entry.api:
        head.problem("api", "it is missing", 'Most servers speak api = "openai-chat"')
        return
    for api in sorted(named - set(apis)) if apis else ():
        head.problem("api", f"{api!r} is no API", nearest(api, apis))


def _check_urls(entry: ProviderEntry, head: Table, *, speaks: bool) -> None:
    """Check that every address can be used, and is on an origin of the provider."""
    for key, url in _urls(entry):
        found = _origin(key, url, head)
        if found and not entry.server and not on_origins(found, entry.origins):
            head.problem(key, "it is not on one of the origins", "List its origin in origins")
    if not (_urls(entry) or entry.server or speaks):
        head.problem("base_url", "it is missing", 'Such as "https://api.acme.example/v1"')


def _urls(entry: ProviderEntry) -> list[tuple[str, str]]:
    regions = [("regions", url) for _, url in entry.regions]
    return [*regions, ("base_url", entry.base_url)] if entry.base_url else regions


def _origin(key: str, url: str, head: Table) -> str | None:
    """The origin of an address, what is filled in being x; None, and problems, for a wrong one."""
    known = (*PLACES, "model")
    for place, _ in places_in(url):
        if place not in known:
            head.problem(key, f"there is no {{{place}}}", nearest(place, known))
    try:
        return address(re.sub(PLACE, "x", url)).origin
    except ValueError as error:
        head.problem(key, str(error))
        return None


def _check_key(entry: ProviderEntry, head: Table) -> None:
    if entry.key_env is None:
        return
    if entry.server:
        what = "a server's key is named where its model is declared"
        head.problem("key_env", what, "Leave it out, or leave server out")
        return
    wrong = variable_problem(entry.key_env)
    if wrong is not None:
        head.problem("key_env", wrong, VARIABLE_HINT)
        return
    for origin in entry.origins:
        foreign = key_problem(entry.key_env, origin)
        if foreign is not None:
            head.problem("key_env", foreign, "Put this provider's key into a variable of its own")
            return


def _check_terms(entry: ProviderEntry, head: Table) -> None:
    """Check that the host's contract is a license card; without one its terms are unknown."""
    if entry.host_terms is not None:
        check_contract(entry.host_terms, head)


def check_alone(
    entry: ProviderEntry, place: str, others: Iterable[ProviderEntry], *, taken: bool
) -> None:
    """Check that no other file of the user's has the same name, or the same key for other hosts.

    Raises:
        PolicyError: one has.
    """
    if taken:
        what = f"another file has the provider {entry.id!r} already"
        raise PolicyError([Problem(place, None, "", what, "Call one of them by another name")])
    for other in others:
        if entry.key_env and entry.key_env == other.key_env and entry.origins != other.origins:
            what = f"{entry.key_env} belongs to {other.name}"
            hint = "Put this provider's key into a variable of its own"
            raise PolicyError([Problem(place, None, "provider.key_env", what, hint)])
