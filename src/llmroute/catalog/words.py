"""The words that declarations and provider files share."""

from __future__ import annotations

from llmroute.types.models import SAMPLING_NAMES

ABILITIES = ("text", "vision", "documents", "tools", "json", "schema", "reasoning", "embed")
"""What a model can do: documents are PDF files, json is JSON mode, schema a strict JSON Schema."""

CACHE_LIVES = ("5m", "1h")
"""How long a provider may keep what is marked for its cache."""

PARAMETERS = (*SAMPLING_NAMES, "max_tokens", "reasoning", "dimensions", "encoding_format")
"""What an API may take besides messages and max_tokens, by the names of the call's options.

One that takes encoding_format writes vectors in base64 when asked to.
"""

PLACES = ("resource", "account", "region", "api_version")
"""What a declaration fills into base URLs and queries: {resource}; {model} is the model's name."""
