"""Which key may go where: a provider's own variable never leaves for another origin."""

from __future__ import annotations

import re

from .entries import provider, provider_names

VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"

# Variables of providers that the catalog does not hold yet, and the only origin of each.
FOREIGN: dict[str, str] = {
    "ANTHROPIC_API_KEY": "https://api.anthropic.com",
    "COHERE_API_KEY": "https://api.cohere.com",
    "DEEPSEEK_API_KEY": "https://api.deepseek.com",
    "FIREWORKS_API_KEY": "https://api.fireworks.ai",
    "GEMINI_API_KEY": "https://generativelanguage.googleapis.com",
    "GROQ_API_KEY": "https://api.groq.com",
    "HF_TOKEN": "https://router.huggingface.co",
    "MISTRAL_API_KEY": "https://api.mistral.ai",
    "OPENROUTER_API_KEY": "https://openrouter.ai",
    "TOGETHER_API_KEY": "https://api.together.xyz",
    "XAI_API_KEY": "https://api.x.ai",
}


def key_problem(variable: str, origin: str) -> str | None:
    """Say why the key in `variable` may not go to `origin`; None when it may."""
    if not re.fullmatch(VARIABLE, variable):
        return "it must be the name of an environment variable, not a key"
    for name in provider_names():
        entry = provider(name)
        if entry and entry.key_env == variable and origin not in entry.origins:
            return f"{variable} belongs to {entry.name} and is sent to {entry.origins[0]} only"
    home = FOREIGN.get(variable, origin)
    if home != origin:
        return f"{variable} belongs to another provider and is sent to {home} only"
    return None
