"""The golden cases of the license cards."""

from __future__ import annotations

import pytest

from llmroute.licenses import Card, Clause, PurposeCondition, Threshold, judge
from llmroute.policies.licensing import card, card_names, verdict
from llmroute.types.plans import Facts

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
    ("openai", facts("compete"), "denied", "Restrictions"),
    ("openai", facts("improve_llm"), "allowed_with_duties", None),
    ("openai", facts(), "unknown", None),
    ("no-such-license", facts("chat"), "unknown", None),
]


@pytest.mark.parametrize(("license_", "stated", "status", "clause"), GOLDEN)
def test_golden_cases(license_: str, stated: Facts, status: str, clause: str | None) -> None:
    """Each card gives the verdict that a reading of the license gives, with the clause."""
    found = verdict(license_, None, stated, ())
    denied = found.first("deny")
    assert found.status == status
    assert (denied.cite if denied else None) == clause


def test_review_warns_and_allows() -> None:
    """A clause that asks for a review allows the use, and says so as a warning."""
    found = verdict("openai", None, facts("synthetic_data"), ())
    assert found.status == "allowed_with_duties"
    assert "check which yours is" in found.warnings[0]


def test_the_stricter_of_weights_and_host_counts() -> None:
    """A served model is judged by its weights' license and by its host's terms."""
    assert verdict("apache-2.0", "openai", facts("compete"), ()).status == "denied"
    assert verdict("llama-2", "openai", facts("chat", users=()), ()).status == "unknown"
    assert verdict(None, None, facts("chat"), ()).status == "unknown"


def test_purposes_of_the_request_count_too() -> None:
    """What one request is for is judged together with the application's purposes."""
    assert verdict("llama-2", None, facts("chat"), ("distill",)).status == "denied"


def test_a_missing_fact_is_named() -> None:
    """An unknown verdict says which fact to state, and what the clause is."""
    warnings = verdict("llama-2", None, facts("chat", users=()), ()).warnings
    assert 'monthly_active_users."2023-06" not stated' in warnings[0]
    assert warnings[0].endswith("(2)")


def test_a_permission_of_its_own_lifts_the_clauses() -> None:
    """Who has the owner's permission may do what the license alone denies."""
    stated = Facts(purposes=("improve_llm",), granted=(("llama-2", "Meta agreement 17"),))
    found = verdict("llama-2", None, stated, ())
    assert found.status == "allowed_with_duties"
    assert found.duties == ("license llama-2: permitted by Meta agreement 17",)


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
