"""Providers of the user's own: one TOML file each, no Python; checked like a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import Client, policies
from llmroute.catalog.own import read_own
from llmroute.errors import PolicyError
from llmroute.providers import HTTP_APIS
from tests.client.acme import written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for Acme; no policy or folder of the machine's own."""
    monkeypatch.setenv("ACME_KEY", "acme-canary-key-0123456789")
    monkeypatch.delenv("LLMROUTE_POLICY", raising=False)
    monkeypatch.delenv("LLMROUTE_PROVIDERS", raising=False)


@pytest.mark.usefixtures("key")
def test_a_provider_in_code_and_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider file is also named by `Client(catalog=...)`, or found in $LLMROUTE_PROVIDERS."""
    written(tmp_path)
    declared = [llmroute.model("acme", use="acme/acme-1")]
    file = tmp_path / "vendors" / "acme.toml"
    with Client(catalog=[file]) as client:
        assert client.plan("hi", model="acme/acme-1").candidates
    with Client(policies.order("acme"), models=declared, catalog=[str(file)]) as client:
        assert client.plan("hi").candidates
    monkeypatch.setenv("LLMROUTE_PROVIDERS", str(file.parent))
    with Client(models=declared) as client:
        assert client.plan("hi").candidates


@pytest.mark.usefixtures("key")
def test_a_folder_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$LLMROUTE_PROVIDERS that names no folder is told once a provider is looked for in it."""
    monkeypatch.setenv("LLMROUTE_PROVIDERS", str(tmp_path / "none"))
    client = Client(models=[llmroute.model("gpt", use="openai/gpt-6.1-terra")])
    with client, pytest.raises(llmroute.RequestError, match="there is no folder"):
        client.plan("hi", model="acme/acme-1")
    with pytest.raises(PolicyError, match=r"LLMROUTE_PROVIDERS.*there is no folder"):
        Client(models=[llmroute.model("acme", use="acme/acme-1")])


@pytest.mark.usefixtures("key")
def test_a_policy_that_was_found_brings_no_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy that nobody named may not bring hosts, nor fill in whose host a key goes to."""
    policy = written(tmp_path)
    (tmp_path / ".git").mkdir()
    policy.rename(tmp_path / "llmroute.toml")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PolicyError, match="may not bring providers") as caught:
        Client()
    assert caught.value.problems[0].key == "catalog.files"
    assert caught.value.problems[0].line == 4
    lines = ["version = 1", "[models.a]", 'use = "azure/x"', 'resource = "evil"']
    (tmp_path / "llmroute.toml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(PolicyError, match="whose resource is used") as caught:
        Client()
    assert (caught.value.problems[0].key, caught.value.problems[0].line) == ("models.a.resource", 4)
    Client(tmp_path / "llmroute.toml").close()


HEAD = '[provider]\nbase_url = "https://api.acme.example/v1"\napi = "openai-chat"\n'
WRONG = [
    ("", None, "Begin the file with [provider]"),
    ("[provider]\n", 1, 'Most servers speak api = "openai-chat"'),
    ('[provider]\napi = "openai-chat"\n', 1, 'Such as "https://api.acme.example/v1"'),
    ("[provider]\nbase_url = 3\n", 2, "it must be a string"),
    (HEAD + 'key_headr = "x"\n', 4, "Did you mean 'key_header'?"),
    (HEAD.replace("openai-chat", "openai-chatt"), 3, "Did you mean 'openai-chat'?"),
    (HEAD.replace("https", "http"), 2, "plain http goes to this machine only"),
    (HEAD.replace("https", "file"), 2, "it must begin with https://"),
    (HEAD.replace("api.", "{tenant}."), 2, "there is no {tenant}"),
    (HEAD + 'origins = ["https://other.example"]\n', 2, "not on one of the origins"),
    (HEAD + 'key_env = "OPENAI_API_KEY"\n', 4, "is sent to https://api.openai.com only"),
    (HEAD + 'key_env = "ANTHROPIC_API_KEY"\n', 4, "https://api.anthropic.com only"),
    (HEAD + 'key_env = "sk-canary0123456789"\n', 4, "name of an environment variable"),
    (HEAD + 'server = true\nkey_env = "K"\n', 5, "named where its model is declared"),
    (HEAD + "local = true\n", 4, "server = true"),
    (HEAD + 'quirks = ["short_tool_id"]\n', 4, "Did you mean 'short_tool_ids'?"),
    (HEAD + 'abilities = ["sight"]\n', 4, "'sight' is not a value of it"),
    (HEAD + 'parameters = ["temprature"]\n', 4, "Did you mean 'temperature'?"),
    (HEAD + 'headers = { Host = "x" }\n', 4, "Host is the key's or the connection's"),
    (HEAD + 'headers = { x = "a\\nb" }\n', 4, "cannot be sent"),
    (HEAD + 'key_header = "content-length"\n', 4, "belongs to the connection"),
    (HEAD + 'key_prefix = "a\\nb"\n', 4, "printable ASCII"),
    (HEAD + "[models.a]\nprice = { input = 1 }\n", 5, "needs input and output"),
    (HEAD + "[models.a]\ncontext_tokens = 0\n", 5, "must lie between"),
    (HEAD + "[models.a]\ncontxt_tokens = 1\n", 5, "Did you mean 'context_tokens'?"),
    (HEAD + "[models.a\n", 4, "This is not TOML"),
    (HEAD + 'host_terms = "opanai"\n', 4, "Did you mean 'openai'?"),
]


@pytest.mark.parametrize(("text", "line", "says"), WRONG)
def test_wrong_files(text: str, line: int | None, says: str) -> None:
    """Each mistake of a provider's file has its line, what is wrong and how to mend it."""
    with pytest.raises(PolicyError) as caught:
        read_own("acme", text, "vendors/acme.toml", apis=HTTP_APIS)
    problem = caught.value.problems[0]
    assert says in str(problem)
    assert problem.file == "vendors/acme.toml"
    assert problem.line == line
    assert "canary" not in str(caught.value)


KEYS = [
    *("name", "api", "local", "base_url", "origins", "key_env", "parameters", "quirks"),
    *("abilities", "max_tokens_parameter", "host_terms", "key_header", "key_prefix", "headers"),
    *("bearer_functions", "query", "rejects_when_reasoning", "cache", "any_model", "server"),
    *("regions", "docs", "checked_on", "nonsense"),
]
OF_MODELS = ["context_tokens", "price", "retires_on", "dimensions", "abilities", "api", "license"]
VALUES = [
    *("3", "-1", "true", "1.5", "nan", "2026-11-26", '""', '" "', '"x"', '"https://x.example"'),
    *("[]", "[1]", '[""]', '["text"]', '["https://x.example"]', "[[]]", "{}", "{ a = 1 }"),
    *('{ a = "{b}" }', '{ a = "https://x.example" }', '{ value = 3, source = "x" }', '"\\u0000"'),
    *('"https://{resource}.example"', '"{"', '"http://[::1"', '"https://x.example:99999"'),
]


@pytest.mark.parametrize("key", [*KEYS, *(f"models.m.{key}" for key in OF_MODELS)])
def test_any_value_of_any_key(key: str) -> None:
    """Whatever stands at a key, a file is read or refused with its line; nothing else happens."""
    table, _, name = key.rpartition(".")
    for value in VALUES:
        lines = [line for line in HEAD.splitlines() if not line.startswith(f"{name} =") or table]
        lines += [f"[{table}]"] if table else []
        text = "\n".join([*lines, f"{name} = {value}"])
        try:
            entry = read_own("acme", text, "acme.toml", apis=HTTP_APIS)
        except PolicyError as error:
            for problem in error.problems:
                assert problem.file == "acme.toml", text
                assert problem.line is not None, text
        else:
            assert entry.id == "acme"
            assert entry.model("m") is None or entry.models or entry.any_model or entry.server


def test_all_problems_of_all_files(tmp_path: Path) -> None:
    """Several mistakes in several files are told together, and a missing file is one of them."""
    (tmp_path / "acme.toml").write_text(HEAD + "a = 1\nb = 2\n", encoding="utf-8")
    (tmp_path / "other.toml").write_text(HEAD + "c = 3\n", encoding="utf-8")
    files = [tmp_path / name for name in ("acme.toml", "other.toml", "missing.toml")]
    with pytest.raises(PolicyError) as caught:
        Client(catalog=files)
    assert len(caught.value.problems) == 4


NAMES = ["openai", "groq", "vllm", "openai-compatible", "Acme", "a b", "..x"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files(name: str, tmp_path: Path) -> None:
    """No file replaces a provider of the package, and a provider's name is plain."""
    (tmp_path / f"{name}.toml").write_text(HEAD, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"no other file replaces|the file's name is the prov"):
        Client(catalog=[tmp_path / f"{name}.toml"])


def test_keys_of_ones_own(tmp_path: Path) -> None:
    """Two files may not name one key for two hosts, nor one provider twice."""
    acme, other = tmp_path / "acme.toml", tmp_path / "other.toml"
    acme.write_text(HEAD + 'key_env = "ACME_KEY"\n', encoding="utf-8")
    text = HEAD.replace("acme.", "other.") + 'key_env = "ACME_KEY"\n'
    other.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match="ACME_KEY belongs to acme"):
        Client(catalog=[acme, other])
    with pytest.raises(PolicyError, match="another file has the provider 'acme' already"):
        Client(catalog=[acme, acme])


@pytest.mark.parametrize("wrong", ["acme.toml", [3], 3, [""]])
def test_what_is_no_list_of_files(wrong: object) -> None:
    """`catalog` is a list of names of files; anything else is told so."""
    with pytest.raises(PolicyError, match="catalog"):
        Client(catalog=wrong)  # type: ignore[arg-type]
