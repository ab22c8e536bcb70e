"""The golden cases of the license cards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import pytest

from llmroute.errors import PolicyError
from llmroute.licenses import Card, Clause, PurposeCondition, Threshold, judge
from llmroute.licenses.places import COUNTRIES, UNION
from llmroute.policies.facts import facts as read_facts
from llmroute.policies.facts import merged
from llmroute.policies.licensing import Terms, card, card_names, judged, verdict
from llmroute.types.frozen import replace
from llmroute.types.models import Model
from llmroute.types.plans import Facts

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = (("2023-06", 0),)


def facts(*purposes: str, users: tuple[tuple[str, int], ...] = FEW) -> Facts:
    """State purposes and users."""
    return Facts(purposes=purposes, monthly_active_users=users)


GOLDEN = [
    ("llama-2", facts("improve_llm"), "denied", "1.b.v"),
    ("llama-2", facts("distill"), "denied", "1.b.v"),
    ("llama-2", facts("chat", "synthetic_data"), "denied", "1.b.v"),
    ("llama-2", facts("improve_llm:llama-2"), "allowed_with_duties", None),
    ("llama-2", facts("improve_llm:llama-3"), "denied", "1.b.v"),
    ("llama-2", facts("chat", users=(("now", 900_000_000), *FEW)), "allowed_with_duties", None),
    ("llama-2", facts("chat", users=(("2023-06", 701_000_000),)), "denied", "2"),
    ("llama-2", facts("chat", users=(("2023-06", 700_000_000),)), "allowed_with_duties", None),
    ("llama-2", facts("chat", users=()), "unknown", None),
    ("llama-2", facts("chat", users=(("now", 10),)), "unknown", None),
    ("llama-2", facts(), "unknown", None),
    ("apache-2.0", facts("improve_llm"), "allowed_with_duties", None),
    ("apache-2.0", Facts(), "allowed_with_duties", None),
    ("openai", facts("chat"), "allowed", None),
    ("openai", facts("compete"), "denied", "3.3.e"),
    ("openai", facts("improve_llm"), "allowed_with_duties", None),
    ("openai", facts(), "unknown", None),
    ("no-such-license", facts("chat"), "unknown", None),
]


@pytest.mark.parametrize(("license_", "stated", "status", "clause"), GOLDEN)
def test_golden_cases(license_: str, stated: Facts, status: str, clause: str | None) -> None:
    """Each card gives the verdict that a reading of the license gives, with the clause."""
    found = verdict(Terms(license_, None), stated, ())
    denied = found.first("deny")
    assert found.status == status
    assert (denied.cite if denied else None) == clause


def test_review_warns_and_allows() -> None:
    """A clause that asks for a review allows the use, and says so as a warning."""
    found = verdict(Terms("openai", None), facts("synthetic_data"), ())
    assert found.status == "allowed_with_duties"
    assert "check which yours is" in found.warnings[0]


def test_the_stricter_of_weights_and_host_counts() -> None:
    """A served model is judged by its weights' license and by its host's terms."""
    assert verdict(Terms("apache-2.0", "openai"), facts("compete"), ()).status == "denied"
    assert verdict(Terms("llama-2", "openai"), facts("chat", users=()), ()).status == "unknown"
    assert verdict(Terms(None, None), facts("chat"), ()).status == "unknown"


def test_a_host_of_the_models_of_others_says_nothing_of_their_licenses() -> None:
    """Weights without a license stay unknown under such a contract, and not under their maker's."""
    for host, known in (("together", False), ("openrouter", False), ("mistral-platform", True)):
        stated = facts("chat")
        status = verdict(Terms(None, host), stated, ()).status
        assert status == ("allowed_with_duties" if known else "unknown"), host
        assert verdict(Terms("mit", host), stated, ()).status == "allowed_with_duties"
    tuned = verdict(Terms(None, None, ("mit",)), facts("chat"), ())
    assert tuned.status == "unknown"


def test_purposes_of_the_request_count_too() -> None:
    """What one request is for is judged together with the application's purposes."""
    assert verdict(Terms("llama-2", None), facts("chat"), ("distill",)).status == "denied"


def test_a_missing_fact_is_named() -> None:
    """An unknown verdict says which fact to state, and what the clause is."""
    warnings = verdict(Terms("llama-2", None), facts("chat", users=()), ()).warnings
    assert 'monthly_active_users."2023-06" not stated' in warnings[0]
    assert warnings[0].endswith("(2)")


def test_a_permission_of_its_own_lifts_the_clauses() -> None:
    """Who has the owner's permission may do what the license alone denies; its duties stay."""
    granted = (("llama-2", "Meta agreement 17"),)
    stated = Facts(purposes=("improve_llm",), granted=granted, distributes="nothing")
    found = verdict(Terms("llama-2", None), stated, ())
    assert found.status == "allowed_with_duties"
    assert found.duties == (
        "license llama-2: permitted by Meta agreement 17",
        "license llama-2: use keeps to the law and to the Acceptable Use Policy (1.b.iv)",
    )
    assert found.warnings == ()
    assert verdict(Terms("llama-3", None), stated, ()).status == "denied"


MADE_UP = Card(
    "made-up",
    "Made up",
    "",
    None,
    (
        Clause("1", "deny", "no sale", only_commercial=True),
        Clause("2", "deny", "not there", licensee_domicile_in=("KR",)),
        Clause(
            "3",
            "deny",
            "too big",
            threshold=Threshold("monthly_active_users", 100, "now"),
            only_commercial=True,
        ),
        Clause("4", "duty", "say so", purpose=PurposeCondition(("research",))),
    ),
)
CONDITIONS = [
    (Facts(commercial=True, licensee_domicile="DE"), "denied"),
    (Facts(commercial=False, licensee_domicile="DE"), "allowed"),
    (Facts(commercial=False, licensee_domicile="KR"), "denied"),
    (Facts(commercial=False), "unknown"),
    (Facts(licensee_domicile="DE"), "unknown"),
    (
        Facts(commercial=False, licensee_domicile="DE", monthly_active_users=(("now", 101),)),
        "allowed",
    ),
    (
        Facts(commercial=False, licensee_domicile="DE", purposes=("research",)),
        "allowed_with_duties",
    ),
]


@pytest.mark.parametrize(("stated", "status"), CONDITIONS)
def test_conditions(stated: Facts, status: str) -> None:
    """All conditions of a clause must hold; one that fails settles it, whatever is missing."""
    if not stated.purposes:
        stated = Facts(
            stated.commercial, ("chat",), stated.monthly_active_users, stated.licensee_domicile
        )
    assert judge(MADE_UP, stated).status == status


def test_every_card_is_whole() -> None:
    """Each card says where its text stands and when it was read."""
    assert set(card_names()) >= {"llama-2", "apache-2.0", "openai"}
    for name in card_names():
        found = card(name)
        assert found is not None
        assert found.text_url.startswith("https://")
        assert found.read_on is not None
        assert found.clauses


def test_every_card_has_a_name_that_spdx_takes() -> None:
    """A card goes by its id of the SPDX list, else ScanCode's reference, else one of our own."""
    cards = [found for found in map(card, card_names()) if found is not None]
    by_id = {one.id: one.spdx_id for one in cards}
    assert len(set(by_id.values())) == len(card_names())
    assert by_id["mit"] == "MIT"
    assert by_id["llama-2"] == "LicenseRef-scancode-llama-2-license-2023"
    assert by_id["chatglm"] == "LicenseRef-llmroute-chatglm"
    for one in cards:
        listed = one.spdx is not None
        assert re.fullmatch(r"[A-Za-z0-9.-]+", one.spdx_id)
        assert one.spdx_id.startswith("LicenseRef-") != listed
        ours = one.spdx is None and one.scancode_key is None
        assert (one.spdx_id == f"LicenseRef-llmroute-{one.id}") == ours


def clause(**given: object) -> Card:
    """A card of one clause that denies."""
    made = cast("Callable[..., Clause]", Clause)("1", "deny", "this is forbidden", **given)
    return Card("x", "X", "", None, (made,))


KINDS: list[tuple[dict[str, object], Facts, str]] = [
    ({"use_territory_in": ("EU", "KR")}, Facts(use_territories=("US", "KR")), "denied"),
    ({"use_territory_in": ("EU", "KR")}, Facts(use_territories=("DE",)), "denied"),
    ({"use_territory_in": ("EU", "KR")}, Facts(use_territories=("US",)), "allowed"),
    ({"use_territory_in": ("EU", "KR")}, Facts(), "unknown"),
    ({"licensee_domicile_in": ("EU",)}, Facts(licensee_domicile="FR"), "denied"),
    ({"licensee_domicile_in": ("EU",)}, Facts(licensee_domicile="CH"), "allowed"),
    ({"licensee_domicile_in": ("EU",)}, Facts(use_territories=("FR",)), "unknown"),
    ({"field_of_use": ("military",)}, Facts(fields_of_use=("military",)), "denied"),
    ({"field_of_use": ("military",)}, Facts(fields_of_use=()), "allowed"),
    ({"field_of_use": ("military",)}, Facts(), "unknown"),
    ({"distribution": ("weights",)}, Facts(distributes="weights"), "denied"),
    ({"distribution": ("weights",)}, Facts(distributes="nothing"), "allowed"),
    ({"distribution": ("weights",)}, Facts(), "denied"),
    (
        {"threshold": Threshold("annual_revenue_usd", 10**6, "now")},
        Facts(annual_revenue_usd=(("now", 10**6 + 1),)),
        "denied",
    ),
    (
        {"threshold": Threshold("annual_revenue_usd", 10**6, "now")},
        Facts(annual_revenue_usd=(("now", 10**6),)),
        "allowed",
    ),
    (
        {"threshold": Threshold("monthly_revenue_usd", 10**6, "now", inclusive=True)},
        Facts(monthly_revenue_usd=(("now", 10**6),)),
        "denied",
    ),
    (
        {"threshold": Threshold("annual_revenue_usd", 10**6, "now"), "only_commercial": True},
        Facts(commercial=False, annual_revenue_usd=(("now", 10**9),)),
        "allowed",
    ),
]


@pytest.mark.parametrize(("given", "stated", "status"), KINDS)
def test_kinds_of_conditions(given: dict[str, object], stated: Facts, status: str) -> None:
    """Each kind holds, fails, or asks for its fact; what is passed on counts unasked."""
    assert judge(clause(**given), stated).status == status


def test_a_clause_on_models_that_see_spares_others() -> None:
    """A condition on modality looks at the model, not at the application."""
    card_ = clause(modality=("vision",), licensee_domicile_in=("EU",))
    stated = Facts(licensee_domicile="DE")
    assert judge(card_, stated).status == "allowed"
    assert judge(card_, stated, abilities=frozenset({"vision"})).status == "denied"


def test_licenses_of_the_base_bind_as_well() -> None:
    """A fine-tune under Apache-2.0 of Llama 2 is bound by Llama 2's license."""
    own = Terms("apache-2.0", None, ("llama-2",))
    assert verdict(own, facts("improve_llm")).status == "denied"
    assert verdict(Terms("apache-2.0", None), facts("improve_llm")).status != "denied"


def test_what_unknown_means_is_said_by_the_facts() -> None:
    """Unknown denies, warns or passes as [facts] say; else it denies training, and warns."""
    model = Model("m", "p", "m", "custom", license="llama-2")
    users = Facts(purposes=("chat",))
    assert judged(model, users, ()).refusal is None
    assert judged(model, users, ()).warnings
    assert judged(model, replace(users, unknown="deny"), ()).refusal is not None
    assert judged(model, replace(users, unknown="allow"), ()).warnings == ()
    missing = Facts(purposes=("distill:llama-2",))
    assert judged(model, missing, ()).refusal is not None
    assert judged(model, replace(missing, unknown="warn"), ()).refusal is None


def test_facts_of_a_request_go_over_those_of_the_policy() -> None:
    """What is stated later counts; the rest stays."""
    base = Facts(commercial=True, purposes=("chat",), use_territories=("DE",))
    over = merged(base, Facts(commercial=False, fields_of_use=()))
    assert over == Facts(
        commercial=False, purposes=("chat",), use_territories=("DE",), fields_of_use=()
    )
    assert merged(base, Facts()) is base


def test_months_and_permissions_of_a_request_stand_beside_those_of_the_policy() -> None:
    """A count of another month, or another permission, replaces none; one of the same does."""
    base = Facts(monthly_active_users=(("2023-06", 5), ("now", 1)), granted=(("llama-2", "one"),))
    over = Facts(monthly_active_users=(("now", 7),), granted=(("llama-3", "two"),))
    both = merged(base, over)
    assert dict(both.monthly_active_users) == {"2023-06": 5, "now": 7}
    assert dict(both.granted) == {"llama-2": "one", "llama-3": "two"}


NO_COUNTRIES = [
    ({"licensee_domicile": "EU"}, "Name the member states"),
    ({"licensee_domicile": "UK"}, "GB"),
    ({"licensee_domicile": "de"}, '"DE"'),
    ({"use_territories": ["US", "EU"]}, "Name the member states"),
    ({"use_territories": ["KR", "UK"]}, "GB"),
    ({"use_territories": ["XX"]}, '"KR"'),
]


@pytest.mark.parametrize(("stated", "hint"), NO_COUNTRIES)
def test_what_no_clause_could_match_is_no_country(stated: dict[str, object], hint: str) -> None:
    """A code that stands for no country is refused: it would pass as one that no clause names."""
    with pytest.raises(PolicyError, match="is no ISO 3166 country code") as caught:
        read_facts(stated)
    assert hint in str(caught.value)


def test_countries_are_those_of_the_standard() -> None:
    """There are 249 codes; the Union has 27 members, and 7 parts with codes of their own."""
    assert len(COUNTRIES) == 249
    assert len(UNION) == 27 + 7
    assert UNION < COUNTRIES
