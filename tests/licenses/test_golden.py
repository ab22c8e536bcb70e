"""The license cards: golden cases, what holds for all of them, what a fact more may change."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.catalog.data import names, read_text
from llmroute.catalog.entries import provider, provider_names
from llmroute.licenses import Asked, judge
from llmroute.licenses.cards import DISTRIBUTION, FIELDS
from llmroute.policies.facts import facts
from llmroute.policies.licensing import Terms, card, card_names, card_of_tag, judged, verdict
from llmroute.types.frozen import replace
from llmroute.types.models import Model
from llmroute.types.plans import Facts
from llmroute.types.requests import PURPOSES

from .golden import GOLDEN

if TYPE_CHECKING:
    from llmroute.licenses import Card

    from .golden import Use

    Values = tuple[str | tuple[str, int], ...]

CARDS = card_names()


def of(id_: str) -> Card:
    """The card of an id."""
    found = card(id_)
    assert found is not None
    return found


@pytest.mark.parametrize("use", GOLDEN, ids=lambda use: f"{use.license} {use.facts}"[:90])
def test_golden_cases(use: Use) -> None:
    """Each use is judged as the license reads, and the clause that decides is cited."""
    found = verdict(Terms(use.license, None, (), frozenset(use.takes)), facts(use.facts))
    assert found.status == use.status, found
    decides = {"denied": ("deny",), "unknown": ("unknown",)}.get(found.status, ("duty", "review"))
    cited = [one.cite for one in found.findings if one.effect in decides]
    if use.cite is not None:
        assert use.cite in cited
    else:
        assert set(cited) <= {None}


def test_golden_cases_are_many_and_reach_every_card() -> None:
    """At least sixty cases, no two alike, and at least one of each card."""
    assert len(GOLDEN) >= 60
    assert {use.license for use in GOLDEN} >= set(CARDS)
    assert len({repr(use) for use in GOLDEN}) == len(GOLDEN)


def test_every_clause_that_denies_denies_a_golden_case() -> None:
    """No clause that forbids something is without a use that it forbids."""
    denied = {(use.license, use.cite) for use in GOLDEN if use.status == "denied"}
    clauses = {(id_, one.cite) for id_ in CARDS for one in of(id_).clauses if one.effect == "deny"}
    assert clauses <= denied, clauses - denied


@pytest.mark.parametrize("id_", CARDS)
def test_every_card_is_whole(id_: str) -> None:
    """A card says where its text stands, when it was read, and what each clause says, briefly."""
    found = of(id_)
    assert found.text_url.startswith("https://")
    assert found.read_on is not None
    assert found.clauses
    assert found.host or found.open_weights
    assert found.host or found.tags
    for clause in found.clauses:
        assert len(clause.reads) <= 160, clause
        assert not clause.reads.endswith(".")
    stated = [clause for clause in found.clauses if clause.if_stated]
    duties = [clause for clause in found.clauses if clause.effect == "duty"]
    assert not stated or any(
        "keeps to" in one.reads or "no unlawful" in one.reads for one in duties
    )


def test_a_tag_names_one_license() -> None:
    """What model hubs call a license belongs to one card; its SPDX key is one of them."""
    tags = [tag for id_ in CARDS for tag in of(id_).tags]
    assert len(tags) == len(set(tags))
    for id_ in CARDS:
        spdx = of(id_).spdx
        assert spdx is None or spdx.lower() in of(id_).tags


HUBS = {
    "llama2": "llama-2",
    "llama3": "llama-3",
    "llama3.1": "llama-3.1",
    "llama3.2": "llama-3.2",
    "llama3.3": "llama-3.3",
    "llama4": "llama-4",
    "gemma": "gemma",
    "Apache-2.0": "apache-2.0",
    "MIT": "mit",
    "CC-BY-NC-4.0": "cc-by-nc-4.0",
    "qwen": "qwen-2.5",
    "qwen-research": "qwen-research",
    "tongyi-qianwen": "qwen",
    "deepseek": "deepseek",
    "mrl": "mrl-0.1",
    "mnpl": "mnpl-0.1",
    "bigcode-openrail-m": "openrail-m",
    "nvidia-open-model-license": "nvidia-open-model",
    "modified-mit": None,  # of several makers, with clauses that differ
    "other": None,
}


@pytest.mark.parametrize(("tag", "id_"), HUBS.items())
def test_tags_of_hubs(tag: str, id_: str | None) -> None:
    """What hubs and GGUF files write names the card that is meant, or none where it is unclear."""
    assert card_of_tag(tag) == id_


def test_every_license_of_the_catalog_has_a_card() -> None:
    """No weights and no host of the catalog stand under a license that nobody can judge."""
    folders = ("providers", "providers/weights")
    texts = [read_text(f"{at}/{name}.toml") or "" for at in folders for name in names(at)]
    lines = [line for text in texts for line in text.splitlines()]
    ids = {
        line.partition(" = ")[2].partition("#")[0].strip().strip('"')
        for line in lines
        if line.startswith(("license = ", "host_terms = "))
    }
    assert len(ids) > 10
    assert ids <= set(CARDS)


def test_the_contract_of_every_host_is_judged() -> None:
    """Whoever sends requests to somebody else is bound by a contract: no host is without one."""
    hosts = {
        name: found.host_terms
        for name in provider_names()
        if (found := provider(name)) is not None and not (found.local or found.server)
    }
    assert len(hosts) >= 12
    assert None not in hosts.values(), hosts
    assert {id_ for id_ in CARDS if of(id_).host} == set(hosts.values())


def test_cards_are_read_one_by_one() -> None:
    """Judging one model reads the cards that bind it, and no other."""
    card.cache_clear()
    judged(Model("m", "p", "m", "custom", license="gemma"), Facts(purposes=("chat",)), ())
    assert card.cache_info().currsize == 1


COUNTRIES = ("US", "DE", "GB", "KR", "CN")
MONTHS = ("now", "2023-06", "2024-02", "2024-03", "2024-06", "2024-08", "2025-03", "2025-08")
COUNTS = st.sampled_from((0, 99_999_999, 100_000_001, 700_000_000, 700_000_001))
BY_MONTH = st.dictionaries(st.sampled_from(MONTHS), COUNTS).map(lambda one: tuple(one.items()))
TARGETS = ("", ":llama-2", ":qwen", ":mistral")
USED_FOR = st.sampled_from([f"{name}{target}" for name in PURPOSES for target in TARGETS])
FACTS = st.builds(
    Facts,
    commercial=st.none() | st.booleans(),
    purposes=st.lists(USED_FOR, max_size=2, unique=True).map(tuple),
    monthly_active_users=BY_MONTH,
    licensee_domicile=st.none() | st.sampled_from(COUNTRIES),
    annual_revenue_usd=BY_MONTH,
    monthly_revenue_usd=BY_MONTH,
    use_territories=st.none() | st.lists(st.sampled_from(COUNTRIES), unique=True).map(tuple),
    fields_of_use=st.none() | st.lists(st.sampled_from(FIELDS), unique=True).map(tuple),
    distributes=st.none() | st.sampled_from(DISTRIBUTION),
)
SOFTENING = {
    "granted": "a permission of the owner lifts the clauses: that is what it is for",
    "distributes": "unstated, everything counts as passed on; stating that nothing is lifts that",
    "unknown": "it is no fact of the use: it says what the policy does with an unknown verdict",
}
"""Facts that may soften a verdict when they are added, each with the reason.

A purpose that names its family ("improve_llm:llama-2") is no exception: beside one without a
family it changes nothing, and alone it is another use, not a fact more of the same.
"""
ADDED = [one.name for one in fields(Facts) if one.name not in SOFTENING]


NAMES = [one.name for one in fields(Facts)]


def more(base: Facts, other: Facts, name: str) -> Facts:
    """The facts of `base` with what `other` knows of one of them added, nothing replaced."""
    had, got = getattr(base, name), getattr(other, name)
    if not isinstance(had, tuple) or not isinstance(got, tuple):
        return base if had is not None else replace(base, **{name: got})
    held, learned = cast("Values", had), cast("Values", got)
    known = {one[0] for one in held if isinstance(one, tuple)}
    extra = [one for one in learned if one not in held and one[0] not in known]
    added: dict[str, Any] = {name: (*held, *extra)}
    return replace(base, **added)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CARDS), FACTS, FACTS, st.sampled_from(ADDED), st.booleans())
def test_a_fact_more_never_lifts_a_denial(
    id_: str, base: Facts, other: Facts, name: str, sees: bool
) -> None:
    """What is denied stays denied, whatever else is learned of the same use, but for SOFTENING."""
    takes = frozenset({"vision"} if sees else set[str]())
    if judge(of(id_), base, (), takes).status == "denied":
        assert judge(of(id_), more(base, other, name), (), takes).status == "denied"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CARDS), FACTS, USED_FOR)
def test_a_purpose_more_never_lifts_a_denial(id_: str, base: Facts, purpose: str) -> None:
    """What one request is for can only add to what is denied."""
    if judge(of(id_), base).status == "denied":
        assert judge(of(id_), base, (purpose,)).status == "denied"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CARDS), FACTS)
def test_allowed_needs_no_fact_that_is_missing(id_: str, base: Facts) -> None:
    """What is allowed stays so when each missing fact turns out for the worst.

    Fields of use are left out: until they are stated, a duty of the verdict stands for them.
    """
    found = judge(of(id_), base)
    if found.status.startswith("allowed") and base.purposes:
        worst = worst_of(base)
        again = judge(of(id_), worst)
        assert again.status != "denied", (found, again)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(CARDS), st.sampled_from(CARDS), FACTS, FACTS, st.sampled_from(NAMES))
def test_what_no_clause_asks_changes_no_verdict(
    id_: str, base_id: str, base: Facts, other: Facts, name: str
) -> None:
    """Facts whose answers to what cards ask are the same are judged alike, word for word."""
    terms, asked = Terms(id_, None, (base_id,)), Asked((of(id_), of(base_id)))
    changed = replace(base, **{name: getattr(other, name)})
    if asked.of(base) == asked.of(changed):
        assert verdict(terms, base) == verdict(terms, changed)
    model = Model("m", "p", "m", "custom", license=id_, base_licenses=(base_id,))
    judged(model, base, ())
    again = judged(model, changed, ())
    assert again.facts is changed
    assert again.warnings == (verdict(terms, changed).warnings)


def test_a_use_that_no_clause_tells_apart_is_judged_once() -> None:
    """A count below the threshold, or one that no clause names, finds what was judged before."""
    model = Model("m", "p", "m", "custom", license="llama-3.3")
    uses = [
        Facts(
            purposes=("chat",), monthly_active_users=(("2024-11", count),), annual_revenue_usd=now
        )
        for count, now in ((5, ()), (6, ()), (6, (("now", 7),)), (700_000_001, ()))
    ]
    found = [judged(model, one, ()) for one in uses]
    assert found[0].warnings is found[1].warnings is found[2].warnings
    assert [one.refusal is None for one in found] == [True, True, True, False]


STATED = [id_ for id_ in CARDS if any(one.if_stated for one in of(id_).clauses)]
PASSED_ON = [id_ for id_ in CARDS if any(one.distribution for one in of(id_).clauses)]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(STATED), FACTS)
def test_fields_of_use_that_nobody_stated_are_never_plainly_allowed(id_: str, base: Facts) -> None:
    """Until fields of use are stated, the duty to keep to the use policy is named."""
    found = judge(of(id_), replace(base, fields_of_use=None))
    assert found.status != "allowed"
    assert any("keeps to" in one or "no unlawful" in one for one in found.duties), found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PASSED_ON), FACTS)
def test_what_may_be_passed_on_is_never_plainly_allowed(id_: str, base: Facts) -> None:
    """Until somebody says what is passed on, each clause on that counts, and says why."""
    found = judge(of(id_), replace(base, distributes=None))
    assert found.status != "allowed"
    told = {one.cite for one in found.findings if "distributes is not stated" in one.reason}
    assert told == {one.cite for one in of(id_).clauses if one.distribution}


def worst_of(base: Facts) -> Facts:
    """The facts with every one that is missing set as the strictest license would have it."""
    largest = tuple((month, 10**12) for month in MONTHS)
    counts: dict[str, Any] = {
        name: (*getattr(base, name), *(m for m in largest if m[0] not in dict(getattr(base, name))))
        for name in ("monthly_active_users", "annual_revenue_usd", "monthly_revenue_usd")
    }
    return replace(
        base,
        commercial=True if base.commercial is None else base.commercial,
        licensee_domicile=base.licensee_domicile or "DE",
        use_territories=COUNTRIES if base.use_territories is None else base.use_territories,
        **counts,
    )


def test_the_four_ways_to_read_a_threshold_differ() -> None:
    """A threshold of today is not one of a month, and users are no revenue."""
    ways = {
        (one.threshold.metric, one.threshold.month == "now")
        for id_ in CARDS
        for one in of(id_).clauses
        if one.threshold is not None
    }
    assert len(ways) >= 4
