"""A policy file with a key of every kind, as the documentation promises it, loads and plans."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from docs.schemas import policy
from llmroute import Client
from llmroute.policies.files import load_policy
from llmroute.testing import ScriptedProvider
from llmroute.types.prices import Price
from tests.policies.helpers import names, rules
from tests.schemas.samples import is_valid

WHOLE = """\
version = 1

[facts]                                  # what is true of this application
commercial = true
purposes = ["chat"]                      # clauses forbid "improve_llm", "distill", ...
monthly_active_users = { now = 250_000, "2023-06" = 0 }   # some clauses name a month
licensee_domicile = "DE"

[hints]                                  # what callers may pass as hints={...}
private = "bool"

[limits]
deadline_s = 60                          # the whole call
connect_s = 2
first_token_s = 15                       # streams
between_tokens_s = 30                    # streams; counted on content, not on keep-alives
on_break = "raise"

[offline]
mode = "auto"                            # auto | always | never

[models.gpt]
use = "openai/gpt-6.1-terra"             # key from the provider's own variable

[models.local]
use = "llama-cpp"
file = "models/llama-2-7b-chat.Q4_K_M.gguf"   # relative to this file
license = "llama-2"
template = "llama-2"
context_tokens = 4096
gpu_layers = 0                           # -1: all

[models.cluster]                         # anything that speaks the OpenAI API
use = "openai-compatible"
base_url = "http://127.0.0.1:8000/v1"    # plain http only to loopback
model = "meta-llama/Llama-2-70b-chat-hf"
key_env = "CLUSTER_KEY"                  # sent to this origin only
license = "llama-2"
context_tokens = 4096
price = { input = 0.9, output = 0.9 }    # USD per million tokens

[require]                                # filters; each refusal is explained
max_cost_usd = 0.05                      # expected cost of an attempt

[prefer]
minimize = "cost"

[[route]]
name = "private data stays home"
when = { hints.private = true }
require = { local = true }

[[route]]
name = "code goes to the strong model"
when = { task = "code" }
use = ["gpt", "local"]                   # an explicit order
"""


def kept(folder: Path) -> Path:
    """Write the file, and an empty one in place of the model's weights."""
    path = folder / "llmroute.toml"
    path.write_text(WHOLE, encoding="utf-8")
    (folder / "models").mkdir()
    (folder / "models" / "llama-2-7b-chat.Q4_K_M.gguf").write_bytes(b"GGUF")
    return path


def test_the_whole_file_loads(tmp_path: Path) -> None:
    """Every section says what it says: facts, hints, limits, models with price, file and key."""
    found = load_policy(kept(tmp_path))
    assert found.facts.licensee_domicile == "DE"
    assert dict(found.facts.monthly_active_users) == {"now": 250_000, "2023-06": 0}
    assert found.hints == {"private": "bool"}
    assert (found.limits.deadline_s, found.limits.on_break) == (60, "raise")
    gpt, local, cluster = found.models
    assert gpt.endpoint is not None
    assert gpt.endpoint.key_name == "OPENAI_API_KEY"
    assert local.weights is not None
    assert Path(local.weights.file) == tmp_path / "models" / "llama-2-7b-chat.Q4_K_M.gguf"
    assert (local.license, local.weights.template) == ("llama-2", "llama-2")
    assert cluster.endpoint is not None
    assert (cluster.endpoint.key_name, cluster.context_tokens) == ("CLUSTER_KEY", 4096)
    assert isinstance(cluster.price, Price)


def test_the_whole_file_fits_the_schema() -> None:
    """An editor finds nothing wrong with it."""
    assert is_valid(json.loads(policy()), tomllib.loads(WHOLE))


def test_the_whole_file_plans(tmp_path: Path) -> None:
    """Its routes decide: the cheapest first, code by an explicit order, private data at home."""
    providers = {name: ScriptedProvider("yes") for name in ("gpt", "local", "cluster")}
    with Client(kept(tmp_path), providers=providers) as client:
        plan = client.plan("hi")
        assert names(plan) == ["local", "cluster", "gpt"]
        assert plan.because == "cheapest"
        plan = client.plan("hi", task="code")
        assert names(plan) == ["gpt", "local"]
        assert plan.route == "code goes to the strong model"
        assert rules(plan) == {"cluster": "route"}
        plan = client.plan("hi", task="code", hints={"private": True})
        assert names(plan) == ["local"]
        assert rules(plan) == {"gpt": "local", "cluster": "route"}
