"""Which key may go where: a provider's own variable never leaves for another origin."""

from __future__ import annotations

import re

from llmroute.types.secrets import without_keys

from .entries import provider_of_variable
from .urls import LABEL

VARIABLE = r"[A-Z_][A-Z0-9_]{0,127}"
SHORTEST_KEY = 20
"""How long a word of capitals and digits is that is taken for a key."""
WORDS = r"KEY|TOKEN|SECRET"
"""What only the name of a variable holds."""
VARIABLE_HINT = (
    "Such a name holds A-Z, 0-9 and _ only, 128 at most, and begins with no digit; one of "
    f"{SHORTEST_KEY} or more with a digit needs a _, KEY, TOKEN or SECRET in it"
)

# Variables of providers that the catalog does not hold yet, and the only origin of each.
FOREIGN: dict[str, str] = {
    "CEREBRAS_API_KEY": "https://api.cerebras.ai",
    "COHERE_API_KEY": "https://api.cohere.com",
    "HF_TOKEN": "https://router.huggingface.co",
}


def variable_problem(variable: str) -> str | None:
    """Say why `variable` names no environment variable; None when it does. It is not quoted.

    By convention such names are in upper case, which is what tells them from keys that were put in
    their place; what begins like a key, or is one long word of capitals and digits, is taken for a
    key as well, unless the word says what it names: KEY, TOKEN or SECRET.
    """
    legal = re.fullmatch(VARIABLE, variable) and without_keys(variable) == variable
    long = len(variable) >= SHORTEST_KEY and re.search(r"\d", variable)
    if legal and (not long or "_" in variable or re.search(WORDS, variable)):
        return None
    return "it must be the name of an environment variable, not a key"


def key_problem(variable: str, origin: str | None) -> str | None:
    """Say why the key in `variable` may not go to `origin`; None when it may.

    An `origin` of None is not known; then no variable of a provider may be named.
    """
    unfit = variable_problem(variable)
    if unfit is not None:
        return unfit
    owner = provider_of_variable(variable)
    if owner is not None and not on_origins(origin, owner.origins):
        return f"{variable} belongs to {owner.name} and is sent to {owner.origins[0]} only"
    home = FOREIGN.get(variable, origin)
    if home != origin:
        return f"{variable} belongs to another provider and is sent to {home} only"
    return None


def on_origins(origin: str | None, origins: tuple[str, ...]) -> bool:
    """Whether `origin` is one of these; what stands in braces may be any one label."""
    if origin is None or origin in origins:
        return origin is not None
    filled = [one for one in origins if "{" in one]
    patterns = (re.sub(r"\\\{[a-z_]+\\\}", f"(?:{LABEL})", re.escape(one)) for one in filled)
    return any(re.fullmatch(pattern, origin) for pattern in patterns)
