"""Retirement: a warning for thirty days, a refusal from the day on, and only at the host's own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from llmroute import Client
from llmroute.errors import NoCandidateError
from llmroute.testing import ScriptedProvider, VirtualClock
from tests.policies.helpers import rules

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 12, 24)
FACTS = f"""
[models."openai/gpt-6.1-terra"]
retires_on = {DAY}
replaced_by = "gpt-7"
"""
POLICY = """
version = 1
[catalog]
files = ["facts.toml"]
[models.gpt]
use = "openai/gpt-6.1-terra"
[models.own]
use = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
model = "gpt-6.1-terra"
[models.azure]
use = "azure/gpt-6.1-terra"
resource = "ours"
"""


def client_on(day: date, folder: Path) -> Client:
    """A client on that day whose fact file retires a model of OpenAI on DAY."""
    (folder / "facts.toml").write_text(FACTS, encoding="utf-8")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    providers = {name: ScriptedProvider("yes") for name in ("gpt", "own", "azure")}
    return Client(folder / "policy.toml", providers=providers, clock=VirtualClock(day))


@pytest.mark.parametrize(("days", "warned"), [(400, False), (31, False), (30, True), (1, True)])
def test_within_thirty_days_plan_and_reply_warn(days: int, *, warned: bool, tmp_path: Path) -> None:
    """From thirty days before it retires a model is warned about, with its successor."""
    warning = f"openai/gpt-6.1-terra retires on {DAY}; successor gpt-7"
    with client_on(DAY - timedelta(days=days), tmp_path) as client:
        plan = client.plan("hi")
        reply = client.chat("hi", model="gpt")
    first = plan.candidates[0]
    assert first.model.name == "gpt"
    assert (warning in first.warnings) is warned
    assert (warning in reply.warnings) is warned
    assert ("retires" in str(plan)) is warned


@pytest.mark.parametrize("days", [0, 1, 365])
def test_from_its_day_on_it_is_refused(days: int, tmp_path: Path) -> None:
    """On its day and after it a model is refused by the rule retired; its successor is named."""
    with client_on(DAY + timedelta(days=days), tmp_path) as client:
        plan = client.plan("hi")
        with pytest.raises(NoCandidateError, match="successor gpt-7"):
            client.chat("hi", model="gpt")
        assert client.chat("hi").model.name == "own"
    assert rules(plan) == {"gpt": "retired"}
    assert plan.refused[0].reason == f"retired {DAY}; successor gpt-7"


def test_only_the_host_that_retires_a_model_retires_it(tmp_path: Path) -> None:
    """An own server and a deployment of Azure with the same model go on, without a warning."""
    for days in (-1, 1):
        with client_on(DAY + timedelta(days=days), tmp_path) as client:
            plan = client.plan("hi", model=["own", "azure"])
        assert [one.model.name for one in plan.candidates] == ["own", "azure"]
        assert not any("retires" in text for one in plan.candidates for text in one.warnings)


def test_a_client_of_another_host_does_not_retire_it() -> None:
    """A model sent by an openai client retires where the client leads to the host, and only there.

    What the host does with prompts is likewise not said of another one.
    """
    openai = pytest.importorskip("openai")
    from llmroute import model

    use = "openai/gpt-4"
    day = date(2027, 1, 1)
    azure = openai.AzureOpenAI(
        api_key="k", azure_endpoint="https://ours.openai.azure.com", api_version="2024-10-21"
    )
    declared = [
        model("host", use=use, client=openai.OpenAI(api_key="k")),
        model("azure", use=use, client=azure),
        model("own", use=use, client=openai.OpenAI(api_key="k", base_url="http://127.0.0.1:9/v1")),
    ]
    with Client(models=declared, clock=VirtualClock(day)) as client:
        plan = client.plan("hi")
    assert rules(plan) == {"host": "retired"}
    assert all(one.model.handling is None for one in plan.candidates)
