"""Fine-tunes inherit: the licenses of what weights were made of bind as well, wherever they run."""

from __future__ import annotations

import pytest

import llmroute
from llmroute import PolicyError, policies
from llmroute.catalog import resolve
from llmroute.catalog.data import names
from llmroute.catalog.families import FOLDER, base_licenses, known_base, weights_of
from llmroute.client.file_terms import with_terms
from llmroute.policies.files import loads_policy
from llmroute.testing import ScriptedProvider
from llmroute.types.calls import FileTerms
from llmroute.types.models import Model

SERVER = "http://127.0.0.1:9/v1"
DISTILLED = "deepseek-r1-distill-llama-70b"


def tuned(*base_models: str, license_: str = "apache-2.0") -> llmroute.Declaration:
    """Declare a fine-tune on a server."""
    return llmroute.model(
        "tuned",
        use="openai-compatible",
        base_url=SERVER,
        model="acme/tuned",
        license=license_,
        base_models=base_models,
    )


def test_the_bases_of_the_catalog_are_in_the_catalog() -> None:
    """No row of open weights names a base whose license nobody could look up."""
    rows = [row for name in names(FOLDER) for row in weights_of(f"{FOLDER}/{name}.toml").values()]
    bases = {base for row in rows for base in row.base_models}
    assert bases
    assert all(known_base(base) is not None for base in bases)


def test_a_hosted_fine_tune_inherits_along_its_base() -> None:
    """What a host serves is bound by its own license, by that of its base, and by the contract."""
    use = "cloudflare/@cf/deepseek-ai/deepseek-r1-distill-qwen-32b"
    hosted = resolve(llmroute.model("r1", use=use, account="0a1b"))
    assert (hosted.license, hosted.base_licenses) == ("mit", ("apache-2.0",))
    assert hosted.host_terms == "cloudflare"


def test_a_declared_fine_tune_inherits_down_the_chain() -> None:
    """A base may have a base: each license is there once, the nearest first, its own not again."""
    assert base_licenses([DISTILLED]) == ("mit", "llama-3.3")
    assert resolve(tuned(DISTILLED)).base_licenses == ("mit", "llama-3.3")
    assert resolve(tuned(DISTILLED, license_="mit")).base_licenses == ("llama-3.3",)
    assert resolve(tuned("meta-llama/Llama-2-7b-chat-hf")).base_licenses == ("llama-2",)


def test_a_file_inherits_down_the_chain() -> None:
    """The base that a GGUF header names may itself be made of another."""
    model = Model("m", "llama-cpp", "m", "llama-cpp", local=True)
    stated = FileTerms("apache-2.0", None, ((f"https://huggingface.co/deepseek-ai/{DISTILLED}",),))
    assert with_terms(model, stated).base_licenses == ("mit", "llama-3.3")


def test_a_clause_of_the_base_denies() -> None:
    """A fine-tune under Apache-2.0 of Llama 2 trains no other model, by the clause of Llama 2."""
    stand_in = {"tuned": ScriptedProvider("never asked")}
    with llmroute.Client(models=[tuned("llama-2-7b")], providers=stand_in) as client:
        counted = {"monthly_active_users": {"2023-06": 0}}
        refused = client.plan("hi", facts={"purposes": ["synthetic_data"], **counted}).refused
        assert [(one.rule, one.clause) for one in refused] == [("license", "1.b.v")]
        other = {"purposes": ["synthetic_data:llama-2"], **counted}
        assert client.plan("hi", facts=other).refused == ()


def test_a_base_that_nobody_knows_is_unknown() -> None:
    """Of weights that the catalog does not know nobody can tell what binds: never allowed."""
    stand_in = {"tuned": ScriptedProvider("never asked")}
    with llmroute.Client(models=[tuned("acme/secret-9b")], providers=stand_in) as client:
        refused = client.plan("hi", facts={"purposes": ["distill"]}).refused
        assert "license of acme/secret-9b: there is no card of it" in refused[0].reason
        warnings = client.plan("hi", facts={"purposes": ["chat"]}).candidates[0].warnings
        assert warnings == ("license of acme/secret-9b: there is no card of it",)


def test_a_misspelt_base_is_told() -> None:
    """A name that is nearly one of the catalog is a mistake of the declaration."""
    with pytest.raises(PolicyError, match="Did you mean 'llama-2-7b-chat'"):
        tuned("llama2-7b-chat")


def test_a_policy_file_declares_bases() -> None:
    """[models.x] base_models says the same as code does."""
    text = (
        f'version = 1\n[models.tuned]\nuse = "openai-compatible"\nbase_url = "{SERVER}"\n'
        f'model = "acme/tuned"\nlicense = "apache-2.0"\nbase_models = ["{DISTILLED}"]\n'
    )
    assert loads_policy(text).models[0] == resolve(tuned(DISTILLED))


def test_a_requirement_of_osi_licenses_looks_at_the_base() -> None:
    """Weights under Apache-2.0 that were made of Llama 2 are under no license that OSI approved."""
    models = [tuned("llama-2-7b")]
    only = policies.best(policies.cost_usd, require=[policies.osi_approved])
    stand_in = {"tuned": ScriptedProvider("never asked")}
    with llmroute.Client(only, models=models, providers=stand_in) as client:
        assert "the license llama-2 is not known" in client.plan("hi").refused[0].reason
