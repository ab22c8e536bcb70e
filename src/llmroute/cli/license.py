"""`llmroute license`: which cards there are, and whether a use is allowed, clause by clause."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from llmroute.catalog import model as declare
from llmroute.catalog import resolve
from llmroute.catalog.advice import near_model
from llmroute.catalog.families import known_base
from llmroute.client.setup import read_policy
from llmroute.errors import RequestError
from llmroute.errors.problems import close
from llmroute.policies.facts import facts, merged
from llmroute.policies.licensing import (
    Terms,
    card,
    card_names,
    terms_of,
    verdict,
    weights_terms,
)
from llmroute.types.tables import WIDTH, table, wrapped

from .failures import FAILED, NO_MODEL
from .terminal import write

if TYPE_CHECKING:
    from llmroute.licenses import Card, Finding, Verdict
    from llmroute.policies.files import PolicyFile
    from llmroute.types.plans import Facts

    from .arguments import Arguments

MONTHLY = ("monthly_active_users", "annual_revenue_usd", "monthly_revenue_usd")
LISTS = ("purposes", "use_territories", "fields_of_use")
NO_ADVICE = "a reading by engineers, with the clause to check it by; no legal advice"
CODES = {"allowed": 0, "allowed_with_duties": 0, "unknown": FAILED, "denied": NO_MODEL}


def license_(arguments: Arguments) -> int:
    """Run one of the commands of `llmroute license`; returns its exit code."""
    if arguments.action == "list":
        return _list(arguments)
    return _explain(arguments, read_policy(arguments.policy))


def _list(arguments: Arguments) -> int:
    """Print every card."""
    cards = [found for found in map(card, card_names()) if found is not None]
    if arguments.json:
        write(json.dumps([_as_dict(one) for one in cards], indent=2) + "\n")
        return 0
    head = ("id", "name", "weights", "OSI", "clauses", "read")
    write(table(head, list(map(_row, cards)), title=f"{len(cards)} licenses; {NO_ADVICE}") + "\n")
    return 0


def _row(one: Card) -> tuple[str, ...]:
    return (
        one.id,
        one.name,
        "host" if one.host else "open" if one.open_weights else "",
        "yes" if one.osi_approved else "",
        str(len(one.clauses)),
        f"{one.read_on or ''}{', in quotes' if one.second_hand else ''}",
    )


def _as_dict(one: Card) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "spdx": one.spdx,
        "scancode_key": one.scancode_key,
        "spdx_id": one.spdx_id,
        "tags": one.tags,
        "text_url": one.text_url,
        "read_on": str(one.read_on) if one.read_on else None,
        "second_hand": one.second_hand,
        "host": one.host,
        "models_of_others": one.models_of_others,
        "open_weights": one.open_weights,
        "osi_approved": one.osi_approved,
        "clauses": [
            {
                "cite": clause.cite,
                "effect": clause.effect,
                "reads": clause.reads,
                "second_hand": clause.second_hand,
            }
            for clause in one.clauses
        ],
    }


def _explain(arguments: Arguments, policy: PolicyFile) -> int:
    """Judge the use that the policy's facts, and those of the command line, describe."""
    stated = merged(policy.facts, _stated(arguments.facts or []))
    terms = _terms(arguments.target, policy)
    found = verdict(terms, stated)
    if arguments.json:
        write(json.dumps(_told(arguments.target, terms, found), indent=2) + "\n")
    else:
        write(_shown(arguments.target, terms, found) + "\n")
    return CODES[found.status]


def _stated(pairs: list[str]) -> Facts:
    """Read facts of the command line, as [facts] has them; raises PolicyError, RequestError."""
    values: dict[str, object] = {}
    granted: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise RequestError("it must be name=value", where="--fact")
        section, _, license_ = name.partition(".")
        if section == "granted" and license_:
            granted[license_] = text
        else:
            values[name] = _value(name, text)
    return facts({**values, "granted": granted} if granted else values, "--fact")


def _value(name: str, text: str) -> object:
    if name in LISTS:
        return [word for word in text.split(",") if word]
    if name in MONTHLY:
        pairs = (part.rpartition(":") for part in text.split(","))
        return {month or "now": _number(count) for month, _, count in pairs}
    return {"true": True, "false": False}.get(text.lower(), text)


def _number(text: str) -> object:
    plain = text.replace("_", "")
    return int(plain) if re.fullmatch(r"[0-9]{1,15}", plain) else text


def _terms(target: str, policy: PolicyFile) -> Terms:
    """What binds a model, open weights, or a license alone; raises RequestError."""
    for model in policy.models:
        if target in {model.name, model.id}:
            return terms_of(model)
    if target in card_names():
        return Terms(target, None)
    if policy.catalog.provider(target.partition("/")[0]) is None:
        weights = known_base(target)
        if weights is not None:
            return weights_terms(weights)
    if "/" in target:
        return terms_of(resolve(declare(target, use=target), policy.catalog))
    raise _nothing(target, policy)


def _nothing(target: str, policy: PolicyFile) -> RequestError:
    known = [*card_names(), *(model.name for model in policy.models)]
    meant = close(target, known) or near_model(target)
    hint = f"Did you mean {meant!r}?" if meant else "See llmroute license list"
    what = f"there is no model or license {target[:60]!r}"
    return RequestError(what, where="MODEL", hint=hint)


def _shown(target: str, terms: Terms, found: Verdict) -> str:
    bound = [one for one in (terms.license, *terms.base_licenses) if one]
    host = f", host {terms.host_terms}" if terms.host_terms else ""
    weights = f"license {', '.join(bound)}" if bound else "no license of weights is known"
    title = f"{target}: {found.status.replace('_', ' ')}; {weights}"
    rows = [(one.effect, one.license, one.cite or "", one.reason) for one in found.findings]
    if not rows:
        line = f"{title}{host}; no clause bears on this use; {NO_ADVICE}"
        return "\n".join(wrapped(line, WIDTH))
    return table(("effect", "license", "clause", "why"), rows, title=f"{title}{host}; {NO_ADVICE}")


def _told(target: str, terms: Terms, found: Verdict) -> dict[str, object]:
    return {
        "target": target,
        "status": found.status,
        "licenses": [one for one in (terms.license, *terms.base_licenses) if one],
        "host_terms": terms.host_terms,
        "findings": [_finding(one) for one in found.findings],
        "duties": list(found.duties),
    }


def _finding(one: Finding) -> dict[str, object]:
    url = found.text_url if (found := card(one.license)) else None
    return {
        "license": one.license,
        "clause": one.cite,
        "effect": one.effect,
        "reason": one.reason,
        "text_url": url,
    }
