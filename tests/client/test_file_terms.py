"""The license that a GGUF file states itself, held against the one that is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import Client
from llmroute.client.file_terms import with_terms
from llmroute.types.calls import FileTerms
from llmroute.types.models import Model
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from pathlib import Path

    import gguf

PLAIN = Model("m", "llama-cpp", "m", "llama-cpp", local=True)
APACHE = Model("m", "llama-cpp", "m", "llama-cpp", local=True, license="apache-2.0")
LLAMA = "https://huggingface.co/meta-llama/Llama-2-7b-chat-hf"
SECRET = "https://huggingface.co/acme/secret-9b"
UNNAMED = "of a model that the file does not name"
STATED: list[tuple[Model, FileTerms, str | None, tuple[str, ...], bool]] = [
    (PLAIN, FileTerms("llama2"), "llama-2", (), False),
    (PLAIN, FileTerms("Apache-2.0"), "apache-2.0", (), False),
    (PLAIN, FileTerms(), None, (), False),
    (PLAIN, FileTerms("other"), None, (), False),
    (PLAIN, FileTerms("other", "llama3.1"), "llama-3.1", (), False),
    (PLAIN, FileTerms("no-such-license"), "no-such-license", (), False),
    (APACHE, FileTerms("apache-2.0"), "apache-2.0", (), False),
    (APACHE, FileTerms("llama2"), "apache-2.0", ("llama-2",), True),
    (APACHE, FileTerms("apache-2.0", None, ((LLAMA,),)), "apache-2.0", ("llama-2",), False),
    (APACHE, FileTerms(None, None, (("Llama 2 7B Chat",),)), "apache-2.0", ("llama-2",), False),
    (APACHE, FileTerms(None, None, ((SECRET, "Llama 2 7B"),)), "apache-2.0", ("llama-2",), False),
    (APACHE, FileTerms(None, None, ((SECRET, "Secret"),)), "apache-2.0", ("of Secret",), False),
    (APACHE, FileTerms(None, None, ((LLAMA,), ())), "apache-2.0", ("llama-2", UNNAMED), False),
    (PLAIN, FileTerms("llama2", None, ((LLAMA,),)), "llama-2", (), False),
]


@pytest.mark.parametrize(("model", "stated", "license_", "bases", "noted"), STATED)
def test_what_binds(
    model: Model, stated: FileTerms, license_: str | None, bases: tuple[str, ...], *, noted: bool
) -> None:
    """What is declared stays; what the file and its base models say binds as well."""
    made = with_terms(model, stated)
    assert (made.license, made.base_licenses) == (license_, bases)
    assert (made.license_note is not None) is noted


def client(file: Path, license_: str) -> Client:
    """A client of one file, declared under a license."""
    model = llmroute.model("m", use="llama-cpp", file=file, license=license_)
    return Client(models=[model], facts={"purposes": ["synthetic_data"]})


def test_a_file_that_states_another_license_is_judged_by_both(tmp_path: Path) -> None:
    """The stricter holds: Llama 2's clause denies training, whatever is declared."""
    file = tiny_gguf(tmp_path / "tuned.gguf", license_id="llama2")
    with client(file, "apache-2.0") as asked:
        refused = asked.plan("hi").refused[0]
        assert (refused.rule, refused.clause) == ("license", "1.b.v")
        plan = asked.plan("hi", facts={"purposes": ["chat"]})
        assert "'llama-2', 'apache-2.0' is declared" in plan.candidates[0].warnings[0]


def test_a_fine_tune_is_bound_by_its_base(tmp_path: Path) -> None:
    """A file that names the model it was made of is bound by that model's license."""

    def based(writer: gguf.GGUFWriter) -> None:
        writer.add_base_model_count(1)
        writer.add_base_model_repo_url(0, LLAMA)

    file = tiny_gguf(tmp_path / "tuned.gguf", license_id="apache-2.0", change=based)
    with client(file, "apache-2.0") as asked:
        assert asked.plan("hi").refused[0].clause == "1.b.v"
    plain = tiny_gguf(tmp_path / "plain.gguf", license_id="apache-2.0")
    with client(plain, "apache-2.0") as asked:
        assert asked.plan("hi").candidates


BASES: list[tuple[int, str | None, str | None, str]] = [
    (1, SECRET, "Secret 9B", "Secret 9B"),
    (1, SECRET, None, SECRET),
    (1, None, None, "a model that the file does not name"),
    (17, LLAMA, None, "a model that the file does not name"),
]


@pytest.mark.parametrize(("count", "url", "name", "said"), BASES)
def test_a_base_that_nobody_knows_is_unknown(
    tmp_path: Path, count: int, url: str | None, name: str | None, said: str
) -> None:
    """A file that was made of a model whose license nobody can tell is never allowed plainly."""

    def based(writer: gguf.GGUFWriter) -> None:
        writer.add_base_model_count(count)
        if url is not None:
            writer.add_base_model_repo_url(0, url)
        if name is not None:
            writer.add_base_model_name(0, name)

    file = tiny_gguf(tmp_path / "tuned.gguf", license_id="apache-2.0", change=based)
    with client(file, "apache-2.0") as asked:
        users = {"purposes": ["chat"], "monthly_active_users": {"2023-06": 0}}
        warned = asked.plan("hi", facts=users).candidates[0].warnings
        assert f"license of {said}: there is no card of it" in warned
        strict = asked.plan("hi", facts={**users, "unknown": "deny"})
        assert strict.refused[0].rule == "license"
