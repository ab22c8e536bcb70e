"""Providers that llmroute does not know, end to end: by a file, and by an installed package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmroute import Client, LLMRouteError, RequestError
from tests.client.acme import written
from tests.faults.server import FaultServer

KEY = "acme-canary-key-0123456789"
SOURCE = Path(__file__).resolve().parents[2] / "src"


def test_a_provider_without_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy brings a provider by one file; its models answer, listed or not, at their price."""
    monkeypatch.setenv("ACME_KEY", KEY)
    with FaultServer() as server:
        with Client(written(tmp_path, server.base_url)) as client:
            reply = client.chat("What is six times seven?")
            other = client.chat("And again?", model="acme/another")
            with pytest.raises(RequestError, match="there is no provider 'acmee'"):
                client.chat("hi", model="acmee/x")
        asked = server.requests[-2:]
    assert reply.model.id == "acme/acme-1"
    assert reply.model.context_tokens == 8192
    assert reply.cost_usd is not None
    assert (other.model.id, other.cost_usd) == ("acme/another", None)
    for one in asked:
        assert one.headers["x-acme-key"] == KEY
        assert "authorization" not in one.headers


def test_the_keys_header_is_the_keys_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No extra header takes the place of a key, whatever header the provider wants it in."""
    monkeypatch.setenv("ACME_KEY", KEY)
    with FaultServer() as server, Client(written(tmp_path, server.base_url)) as client:
        for name in ("authorization", "x-api-key", "Api-Key"):
            with pytest.raises(RequestError, match="may not be set"):
                client.chat("hi", extra_headers={name: "another"})
        with pytest.raises(LLMRouteError, match="the header x-acme-key is the key's"):
            client.chat("hi", extra_headers={"X-Acme-Key": "another"})
        client.chat("hi", extra_headers={"x-trace": "1"})
    (asked,) = server.requests
    assert (asked.headers["x-acme-key"], asked.headers["x-trace"]) == (KEY, "1")


PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "llmroute-acme"
version = "1"
[project.entry-points."llmroute.providers"]
acme = "llmroute_acme:ACME"
wire = "llmroute_acme:Wire"
parrot = "llmroute_acme:Parrot"
broken = "llmroute_acme:nothing"
empty = "llmroute_acme:EMPTY"
openai = "llmroute_acme:ACME"
[tool.hatch.build.targets.wheel]
only-include = ["llmroute_acme.py"]
"""
MODULE = """
import os
from llmroute.providers.codecs.openai_chat import OpenAIChat
from llmroute.types.events import End, Text

ACME = f'''
[provider]
name = "Acme"
base_url = "{os.environ['ACME_URL']}"
key_env = "ACME_KEY"
api = "openai-chat"
any_model = true
'''
EMPTY = 3

class Wire:
    toml = ACME.replace("openai-chat", "its own").replace("ACME_KEY", "WIRE_KEY")
    codec = OpenAIChat

class Parrot:
    toml = "[provider]\\nany_model = true\\n"

    @classmethod
    def provider(cls):
        return cls()

    def events(self, call):
        yield Text(call.request.messages[-1].text.upper())
        yield End("stop")

    async def aevents(self, call):
        for event in self.events(call):
            yield event
"""
PROGRAM = """
import sys, llmroute
from llmroute import Client, LLMRouteError, model, policies
assert "importlib.metadata" not in sys.modules
with Client(policies.order("m"), models=[model("m", use="openai/gpt-6.1-terra")]):
    assert "llmroute_acme" not in sys.modules
names = ["acme/a-1", "wire/w-1", "parrot/polly"]
for name in names:
    with Client(policies.order("m"), models=[model("m", use=name)]) as client:
        reply = client.chat("six times seven")
        print(reply.model.id, reply.text)
for name in ["broken/x", "empty/x", "nobody/x", "openai/acme"]:
    try:
        Client(policies.order("m"), models=[model("m", use=name)])
    except LLMRouteError as error:
        print(error)
"""


def installed(folder: Path) -> Path:
    """Build the package without a network, and install it into a folder of its own."""
    project, target = folder / "project", folder / "site"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (project / "llmroute_acme.py").write_text(MODULE, encoding="utf-8")
    code = "import hatchling.build as b; print(b.build_wheel('.'))"
    subprocess.run([sys.executable, "-c", code], cwd=project, check=True, capture_output=True)
    (wheel,) = project.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    pip += ["--disable-pip-version-check", "--target", str(target), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    return target


def test_a_provider_of_a_package(tmp_path: Path) -> None:
    """A package brings providers by entry points: data alone, a codec, or a provider of its own.

    It is loaded only for a name that nobody else has, and cannot replace a provider of ours.
    """
    target = installed(tmp_path)
    with FaultServer() as server:
        variables = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(SOURCE), str(target)]),
            "ACME_URL": server.base_url,
            "ACME_KEY": KEY,
            "WIRE_KEY": KEY,
        }
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.stderr == ""
    acme, wire, parrot, broken, empty, nobody, ours = run.stdout.splitlines()
    assert acme == "acme/a-1 The answer is forty-two."
    assert wire == "wire/w-1 The answer is forty-two."
    assert parrot == "parrot/polly SIX TIMES SEVEN"
    assert broken == (
        "package llmroute-acme: broken: the entry point llmroute_acme:nothing raised AttributeError"
    )
    assert "must give a TOML text, a path, or an object with toml" in empty
    assert "there is no provider 'nobody'" in nobody
    assert "the catalog has no model 'acme' of OpenAI" in ours
    assert KEY not in run.stdout
