"""A provider that llmroute does not know: one TOML file, and a policy that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ACME = """
[provider]
name = "Acme"
base_url = "{base_url}"
key_env = "ACME_KEY"
key_header = "x-acme-key"
api = "openai-chat"
any_model = true
parameters = ["temperature"]

[models.acme-1]
context_tokens = 8192
price = {{ input = 1, output = 2 }}
"""
POLICY = """
version = 1
[catalog]
files = ["vendors/acme.toml"]
[models.acme]
use = "acme/acme-1"
"""


def written(folder: Path, base_url: str = "https://api.acme.example/v1") -> Path:
    """Write the provider's file and a policy that names it."""
    (folder / "vendors").mkdir()
    file = folder / "vendors" / "acme.toml"
    file.write_text(ACME.format(base_url=base_url), encoding="utf-8")
    policy = folder / "mine.toml"
    policy.write_text(POLICY, encoding="utf-8")
    return policy
