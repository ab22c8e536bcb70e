"""What to write instead: hints for words that other tools use, and for models of other servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors.problems import close, nearest, sentences

from .entries import provider, provider_names
from .keys import FOREIGN

if TYPE_CHECKING:
    from .entries import ProviderEntry

KEYS = {
    "api_base": "base_url",
    "endpoint": "base_url",
    "host": "base_url",
    "url": "base_url",
    "name": "model",
    "api_key": "key_env, the name of the variable that holds it",
    "key": "key_env, the name of the variable that holds it",
    "model_path": "file",
    "path": "file",
    "azure_endpoint": "resource, the word before .openai.azure.com",
    "temperature": "the option temperature of a call, or of client.with_options(...)",
    "n_ctx": "context_tokens",
    "n_gpu_layers": "gpu_layers",
    "n_threads": "threads",
    "max_tokens": "max_output_tokens",
    "rpm": "requests_per_minute of [models.NAME.limits]",
    "tpm": "tokens_per_minute of [models.NAME.limits]",
    "max_parallel_requests": "in_flight of [models.NAME.limits]",
}
"""What other tools call the keys of a model, and what they are called here."""

SERVERS = {
    "cerebras": "https://api.cerebras.ai/v1",
    "huggingface": "https://router.huggingface.co/v1",
    "llamafile": "http://127.0.0.1:8080/v1",
}
"""Servers and hosts that speak the OpenAI API, each at the address of its own documentation."""

ALIASES = {
    "azure_ai": "azure",
    "azure_openai": "azure",
    "claude": "anthropic",
    "cloudflare-workers-ai": "cloudflare",
    "fireworks-ai": "fireworks",
    "fireworks_ai": "fireworks",
    "google": "gemini",
    "grok": "xai",
    "hosted_vllm": "vllm",
    "llama.cpp": "llama-server",
    "llama_cpp": "llama-server",
    "lm_studio": "lm-studio",
    "lmstudio": "lm-studio",
    "mistralai": "mistral",
    "together-ai": "together",
    "together_ai": "together",
    "togetherai": "together",
    "x-ai": "xai",
}
"""What other tools call a provider, and what it is called here."""

UNSUPPORTED = ("bedrock", "cohere", "sagemaker", "vertex", "watsonx")
"""How the names of well-known providers begin that have a client of their own, not yet here."""

SPELLING = 0.87
"""How much like the id of a card a misspelt one is; openrail is less like openai than that."""

OWN = "Or pass provider=, an object that answers"


def for_use(use: str, names: tuple[str, ...], *, in_code: bool) -> str:
    """Say what to write instead of a `use` whose provider is none of `names`.

    `in_code` mentions the provider objects that only code can pass.
    """
    server, _, model = use.partition("/")
    if _is_file(use):
        return _file(use)
    ours = ALIASES.get(server.lower(), server.lower())
    if ours in names:
        return f'Write use = "{ours}/{model or "MODEL"}"'
    if server.lower() in SERVERS:
        return _compatible(server.lower(), model or "MODEL")
    hint = _unknown(use, names)
    return sentences(hint, OWN) if in_code else hint


def _unknown(use: str, names: tuple[str, ...]) -> str:
    """Name what `use` may be a misspelling of; no model of another provider than it names."""
    server, slash, model = use.partition("/")
    if server.lower().startswith(UNSUPPORTED):
        return sentences(f"{server} has no client of its own here yet", _any_server(model))
    if slash and close(server.lower(), names) is None:
        return sentences(nearest(server, names), _any_server(model))
    found = near_model(use)
    return f"Did you mean {found!r}?" if found else nearest(server, names)


def _any_server(model: str) -> str:
    return (
        'A server that speaks the OpenAI API is use = "openai-compatible" '
        f'with base_url and model = "{model or "MODEL"}"'
    )


def for_id(id_: str, entry: ProviderEntry) -> str:
    """Say what to write instead of a model's id that the provider does not have."""
    return _file(id_) if _is_file(id_) else nearest(id_, entry.models)


def _is_file(text: str) -> bool:
    return text.lower().endswith(".gguf")


def _file(path: str) -> str:
    return f'A model file is use = "llama-cpp" with file = "{path}"'


def _compatible(server: str, model: str) -> str:
    base_url = SERVERS[server]
    keys = [name for name, origin in FOREIGN.items() if base_url.startswith(f"{origin}/")]
    key = f', key_env = "{keys[0]}"' if keys else ""
    return (
        f'{server} speaks the OpenAI API: use = "openai-compatible" '
        f'with base_url = "{base_url}"{key} and model = "{model}"'
    )


def near_model(use: str) -> str | None:
    """Find the catalog's model that `use` nearly names, with or without its provider."""
    entries = (provider(name) for name in provider_names())
    full = {id_: f"{entry.id}/{id_}" for entry in entries if entry for id_ in entry.models}
    found = close(use, [*full, *full.values(), *provider_names()])
    return None if found in provider_names() else full.get(found or "", found)


def for_license(license_: str, known: tuple[str, ...]) -> str | None:
    """Find the card that `license_` is another spelling of; None when it is another license.

    Case, blanks and punctuation do not count, numbers do: llama-3 is no misspelt llama-2.
    """
    plain = {_plain(card): card for card in known}
    found = close(_plain(license_), plain, SPELLING)
    if found is None or _number(found) != _number(license_):
        return None
    return plain[found]


def _plain(license_: str) -> str:
    return "".join(letter for letter in license_.casefold() if letter.isalnum())


def _number(license_: str) -> str:
    """The digits of a license's version, in which 2 and 2.0 are the same."""
    return "".join(letter for letter in license_ if letter.isdecimal()).rstrip("0")
