"""Every file of `providers/`: what it may say, and what goes out because of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from llmroute.catalog import model, provider, provider_names, resolve
from llmroute.catalog.endpoints import places_of
from llmroute.catalog.keys import on_origins
from llmroute.catalog.urls import address, is_loopback
from llmroute.driver.clock import SystemClock
from llmroute.errors import PolicyError
from llmroute.providers import HTTP_APIS, open_codec
from llmroute.providers.http_provider import HttpProvider
from llmroute.providers.transport import Transport
from llmroute.types.calls import Call, Cancel, Timer
from llmroute.types.limits import Limits
from llmroute.types.messages import Message
from llmroute.types.models import QUIRKS
from llmroute.types.requests import Request, Sampling
from llmroute.types.secrets import Secret
from tests.faults.answers import Asked, whole
from tests.providers.calls import call_to, outcome

if TYPE_CHECKING:
    import httpx2
    import respx

    from llmroute.catalog import ModelOptions, ProviderEntry
    from llmroute.types.models import Model

FOLDER = Path(__file__).resolve().parents[2] / "providers"
KEY = "sk-canary-0123456789abcdefghij"
FILLED = {"resource": "contoso", "account": "0a1b2c", "region": "eu", "api_version": "2024-10-21"}
COMPATIBLE = 15
"""How many lines of content the file of a compatible vendor has at most."""


def entry_of(name: str) -> ProviderEntry:
    """Read a provider; fails the test when there is none."""
    found = provider(name)
    assert found is not None
    return found


NAMES = [name for name in provider_names() if not entry_of(name).local]
OPEN = [name for name in NAMES if entry_of(name).any_model or entry_of(name).server]
CHAT = [name for name in OPEN if entry_of(name).api == "openai-chat"]


def lines_of(name: str) -> list[str]:
    """The lines of a provider's file that say something of the provider, but for its contract."""
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").partition("\n[sources.")[0]
    besides = ("#", "host_terms = ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith(besides)]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_sound(name: str) -> None:
    """A file names a known API and known quirks, and addresses on the origins of its key."""
    entry = entry_of(name)
    assert entry.api in HTTP_APIS
    assert entry.quirks <= set(QUIRKS)
    assert re.fullmatch(r"[a-z][a-z0-9-]*", name)
    urls = [url for _, url in entry.regions] + ([entry.base_url] if entry.base_url else [])
    for url in urls:
        plain = address(re.sub(r"\{\w+\??\}", "x", url))
        if entry.server:
            assert is_loopback(plain.origin)
            assert "localhost" not in url
        else:
            assert plain.origin.startswith("https://")
            assert on_origins(plain.origin, entry.origins)


@pytest.mark.parametrize("name", CHAT)
def test_a_compatible_vendor_is_a_short_file(name: str) -> None:
    """A vendor that speaks the OpenAI API needs 15 lines, besides its models and contract."""
    entry = entry_of(name)
    assert len(lines_of(name)) <= COMPATIBLE
    if name not in {"openai-compatible", "infery-llm"}:
        assert (entry.docs or "").startswith("https://")
        assert entry.checked_on is not None


def test_a_file_holds_no_other_number() -> None:
    """The file of a compatible vendor states no price, window or limit without a source."""
    for name in CHAT:
        values = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        numbers = [one for one in values["provider"].values() if isinstance(one, int | float)]
        assert [one for one in numbers if not isinstance(one, bool)] == [], name


def test_keys_are_nobody_elses() -> None:
    """Two providers name the same variable only if their key goes to the same origins."""
    homes: dict[str, tuple[str, ...]] = {}
    for name in NAMES:
        entry = entry_of(name)
        if entry.key_env is not None:
            assert homes.setdefault(entry.key_env, entry.origins) == entry.origins, name
            assert entry.origins


def made_of(options: ModelOptions) -> Model:
    """Declare and resolve."""
    return resolve(model("m", **options))


def made(name: str) -> Model:
    """A model of an open provider, with everything that its address needs."""
    entry = entry_of(name)
    options: dict[str, object] = {"use": f"{name}/vendor-1"}
    options |= {place: FILLED[place] for place in places_of(entry)}
    if entry.server and entry.base_url is None:
        options["base_url"] = "http://127.0.0.1:9/v1"
    return resolve(model("m", **cast("ModelOptions", options)))


def sent(found: Model, mock: respx.MockRouter, key: str | None = KEY) -> httpx2.Request:
    """Ask the model, and give back what went out."""
    content = whole(Asked("chat", stream=False, model="m", options={}))
    route = mock.post(re.compile(".*")).respond(content=content, content_type="application/json")
    clock = SystemClock()
    provider_ = HttpProvider(open_codec(found.api), Transport())
    call = Call(
        id=1,
        model=found,
        request=Request((Message.user("What is six times seven?"),)),
        stream=False,
        limits=Limits(),
        clock=clock,
        deadline_at=clock.now() + 5,
        timer=Timer(clock.now() + 5),
        cancel=Cancel(),
        connect_s=5,
        key=None if key is None else Secret(key),
    )
    assert outcome(provider_.events(call)).error is None
    return cast("httpx2.Request", route.calls.last.request)


@pytest.mark.parametrize("name", CHAT)
def test_what_goes_out(name: str, httpx2_mock: respx.MockRouter) -> None:
    """A request goes to the provider's own address, and the key is in its header only."""
    found = made(name)
    assert found.endpoint is not None
    request = sent(found, httpx2_mock)
    assert str(request.url).startswith(f"{found.endpoint.base_url}/chat/completions")
    assert json.loads(request.content)["model"] == "vendor-1"
    header = found.endpoint.key_header
    assert request.headers[header] == found.endpoint.key_prefix + KEY
    rest = {name: value for name, value in request.headers.items() if name != header}
    assert KEY not in f"{rest} {request.url} {request.content!r}"


def test_azure(httpx2_mock: respx.MockRouter) -> None:
    """Azure gets a key as api-key, a token of a function as a bearer, and its version as query."""
    options: ModelOptions = {"use": "azure/prod", "resource": "contoso"}
    request = sent(made_of(options), httpx2_mock)
    assert str(request.url) == "https://contoso.openai.azure.com/openai/v1/chat/completions"
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers
    token: ModelOptions = {**options, "api_version": "preview", "key": lambda: "token"}
    request = sent(made_of(token), httpx2_mock, "token")
    assert str(request.url).endswith("/openai/v1/chat/completions?api-version=preview")
    assert request.headers["authorization"] == "Bearer token"
    assert "api-key" not in request.headers
    older: ModelOptions = {**options, "use": "azure-deployments/prod", "api_version": "2024-10-21"}
    request = sent(made_of(older), httpx2_mock)
    assert request.url.path == "/openai/deployments/prod/chat/completions"
    assert request.url.query == b"api-version=2024-10-21"


@pytest.mark.parametrize(
    ("name", "reasons", "fields"),
    [
        ("azure", True, {"reasoning_effort": "low", "max_completion_tokens": 99}),
        ("azure", False, {"temperature": 0.3, "top_p": 0.9, "max_completion_tokens": 99}),
        ("azure-deployments", True, {"reasoning_effort": "low", "max_completion_tokens": 99}),
        ("azure-deployments", False, {"temperature": 0.3, "top_p": 0.9, "max_tokens": 99}),
        ("deepseek", True, {"reasoning_effort": "low", "max_tokens": 99}),
    ],
)
def test_what_reasoning_rules_out(
    name: str,
    reasons: bool,
    fields: dict[str, object],
) -> None:
    """A deployment that reasons is sent nothing that its vendor's page says it rejects."""
    entry = entry_of(name)
    options: dict[str, object] = {place: FILLED[place] for place in places_of(entry)}
    options["use"] = f"{name}/gpt-5"
    options["abilities"] = ["text", *(["reasoning"] if reasons else [])]
    sampling = Sampling(temperature=0.3, top_p=0.9, max_tokens=99)
    request = Request((Message.user("Hello"),), sampling=sampling, reasoning="low")
    call = call_to("https://x", request=request)._replace(
        model=made_of(cast("ModelOptions", options))
    )
    body = json.loads(open_codec("openai-chat").encode(call).content)
    known = {"temperature", "top_p", "reasoning_effort", "max_tokens", "max_completion_tokens"}
    assert {one: body[one] for one in known & {*body}} == fields


def test_a_server_at_its_usual_place() -> None:
    """A server of the user's own needs no address and no key; both can be declared."""
    found = resolve(model("m", use="ollama/llama3.2"))
    assert found.endpoint is not None
    assert found.endpoint.base_url == "http://127.0.0.1:11434/v1"
    assert found.endpoint.key_name is None
    assert not found.local
    options: ModelOptions = {"use": "vllm/a/b", "base_url": "https://gpu.example/v1"}
    found = made_of({**options, "key_env": "GPU_KEY"})
    assert found.endpoint is not None
    assert found.endpoint.wire_model == "a/b"
    assert (found.endpoint.origin, found.endpoint.key_name) == ("https://gpu.example", "GPU_KEY")
    with pytest.raises(PolicyError, match=r"belongs to Groq and is sent to https://api\.groq\.com"):
        made_of({**options, "key_env": "GROQ_API_KEY"})


def test_azures_key_goes_to_any_resource_of_azure() -> None:
    """The key of a provider whose host is filled in may go to its own hosts, and no other."""
    options: ModelOptions = {"use": "openai-compatible/x", "key_env": "AZURE_OPENAI_API_KEY"}
    at = "https://contoso.openai.azure.com/openai/v1"
    assert made_of({**options, "base_url": at}).endpoint is not None
    for url in ("https://a.b.openai.azure.com", "https://openai.azure.com.evil.example"):
        with pytest.raises(PolicyError, match="belongs to Azure OpenAI"):
            made_of({**options, "base_url": url})


def test_what_a_declaration_says_of_a_model() -> None:
    """Abilities, vector space and the repeated instruction are the declaration's, then the file's.

    A model that makes vectors answers only if it is said to.
    """
    found = resolve(model("m", use="groq/x"))
    assert found.abilities == {"text", "tools", "json"}
    assert not found.repeat_instruction
    options: ModelOptions = {"use": "mistral/embed", "abilities": ["embed"], "vector_space": "mv1"}
    found = made_of({**options, "repeat_instruction": True})
    assert found.abilities == {"embed"}
    assert found.vector_space == "mv1"
    assert found.repeat_instruction


def test_regions() -> None:
    """A region of a provider has its own host, and its own price where one is told."""
    found = made_of({"use": "openai/gpt-6.1-terra", "region": "eu"})
    assert found.endpoint is not None
    assert found.endpoint.base_url == "https://eu.api.openai.com/v1"
    assert found.endpoint.key_name == "OPENAI_API_KEY"
    anywhere = made_of({"use": "openai/gpt-6.1-terra"})
    assert anywhere.price is not None
    assert found.price is not None
    assert found.price.output == anywhere.price.output * Decimal("1.1")
    older = made_of({"use": "openai/gpt-4o-mini", "region": "eu"}).price
    assert older == made_of({"use": "openai/gpt-4o-mini"}).price
    assert made_of({"use": "openai/text-embedding-3-small", "region": "eu"}).price is None
    with pytest.raises(PolicyError, match=r"OpenAI has no region 'eur'\. Did you mean 'eu'"):
        made_of({"use": "openai/gpt-6.1-terra", "region": "eur"})


PROGRAM = """
import llmroute
from llmroute.catalog import entries, sections
assert sections.sections_of.cache_info().currsize == 0
from llmroute import Client, model, policies
declared = [model("a", use="groq/x"), model("b", use="mistral/y")]
Client(policies.order("a", "b"), models=declared).close()
print(sections.sections_of.cache_info().currsize, entries.provider.cache_info().currsize)
"""


def test_only_what_is_named_is_read() -> None:
    """The import reads no provider's file, and a client only those of the providers it names."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stderr, run.stdout) == ("", "2 2\n")
