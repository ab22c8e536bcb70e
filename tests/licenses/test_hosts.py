"""The contract with a host that the catalog does not know binds beside the license."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest

import llmroute
from llmroute import PolicyError
from llmroute.catalog import resolve
from llmroute.catalog.contracts import contracts
from llmroute.policies.files import loads_policy
from llmroute.policies.licensing import card, card_names
from llmroute.testing import ScriptedProvider

if TYPE_CHECKING:
    from llmroute.catalog.options import ModelOptions

SERVER = "https://llm.example/v1"
COMPETES = {"purposes": ["compete"]}


def served(
    host_terms: str | None = None, replicas: dict[str, dict[str, object]] | None = None
) -> llmroute.Declaration:
    """Declare weights under MIT on somebody's server."""
    options: ModelOptions = {
        "use": "openai-compatible",
        "base_url": SERVER,
        "model": "acme/free-7b",
        "license": "mit",
    }
    if host_terms is not None:
        options["host_terms"] = host_terms
    if replicas is not None:
        options["replicas"] = replicas
    return llmroute.model("m", **options)


def refused(*models: llmroute.Declaration) -> list[str | None]:
    """The clauses that refuse models for a purpose that competes with a host."""
    stood_in = {one.name: ScriptedProvider("never asked") for one in models}
    with llmroute.Client(models=models, providers=stood_in) as client:
        return [one.clause for one in client.plan("hi", facts=COMPETES).refused]


def test_contracts_are_the_cards_of_hosts() -> None:
    """What may be named is found without parsing a card, and is every card of a host."""
    found = [one for one in map(card, card_names()) if one is not None]
    assert contracts() == tuple(one.id for one in found if one.host)


def test_the_stricter_of_license_and_declared_contract_wins() -> None:
    """Weights under MIT may do what the contract with their host forbids, but not there."""
    assert refused(served()) == []
    assert refused(served(host_terms="fireworks")) == ["2.2"]


def test_a_policy_file_says_the_same() -> None:
    """[models.x] host_terms makes the model that code makes."""
    text = (
        f'version = 1\n[models.m]\nuse = "openai-compatible"\nbase_url = "{SERVER}"\n'
        'model = "acme/free-7b"\nlicense = "mit"\nhost_terms = "together"\n'
    )
    assert loads_policy(text).models[0] == resolve(served(host_terms="together"))


WRONG: list[tuple[ModelOptions, str]] = [
    ({"use": "own", "host_terms": "togeter"}, "Did you mean 'together'"),
    ({"use": "own", "host_terms": "llama-2"}, "is of a license of weights"),
    ({"use": "openai/gpt-6.1-terra", "host_terms": "together"}, "take no host_terms"),
    ({"use": "llama-cpp", "file": "m.gguf", "host_terms": "together"}, "take no host_terms"),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_mistakes_are_told(options: ModelOptions, said: str) -> None:
    """A contract is one that there is a card of, and of a host whose own is not known."""
    with pytest.raises(PolicyError, match=said):
        resolve(llmroute.model("m", **options))


def test_a_client_of_openai_that_sends_elsewhere_may_declare_it() -> None:
    """Where the application's own client sends to another host, that host's contract is named."""
    elsewhere = openai.OpenAI(api_key="k", base_url=SERVER)
    use = "openai/gpt-6.1-terra"
    sent = llmroute.model("m", use=use, client=elsewhere, host_terms="azure-openai")
    assert resolve(sent).host_terms == "azure-openai"
    there = llmroute.model("m", use=use, client=openai.OpenAI(api_key="k"), host_terms="together")
    with pytest.raises(PolicyError, match="the contract with openai is known"):
        resolve(there)


def test_replicas_are_judged_by_the_contract_of_each() -> None:
    """What one replica's host forbids, none of them does: any may be asked."""
    replicas: dict[str, dict[str, object]] = {"free": {}}
    replicas["bound"] = {"base_url": f"{SERVER}/2", "host_terms": "fireworks"}
    assert refused(served(replicas=replicas)) == ["2.2"]
    replicas["bound"] = {"base_url": f"{SERVER}/2"}
    assert refused(served(replicas=replicas)) == []
