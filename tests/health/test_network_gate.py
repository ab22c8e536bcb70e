"""The gate that keeps attempts from a network that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.health.admission import OPEN, Ask, Closed, Permit
from llmroute.health.gate import HealthGate
from llmroute.health.memory import Memory
from llmroute.health.network_gate import NetworkGate
from llmroute.health.offline import Offline
from tests.health.network_player import BLACK_HOLE, DNS, HERE, LOCAL, REFUSED, at

if TYPE_CHECKING:
    from llmroute.health.admission import Gate
    from llmroute.types.faults import Fault
    from llmroute.types.models import Model


def gate_over(inner: Gate) -> NetworkGate:
    """A gate that finds the network there."""
    return NetworkGate(inner, Offline(lambda: True))


def attempt(gate: Gate, host: str, fault: Fault | None, *, forced: bool = False) -> None:
    """Play one attempt at 0 s."""
    permit = gate.enter(0.0, at(host), Ask(forced=forced))
    assert isinstance(permit, Permit)
    gate.leave(0.0, permit, fault, None)


def closed(gate: Gate, model: Model, *, forced: bool = False) -> bool:
    """Whether `model` is not let in at 0 s."""
    return isinstance(gate.enter(0.0, model, Ask(forced=forced)), Closed)


def test_the_rest_of_a_call_is_kept_from_it() -> None:
    """Once the network is gone, remote models are not let in but as the last resort."""
    gate = gate_over(OPEN)
    attempt(gate, "a.example", DNS)
    assert not closed(gate, at("c.example"))
    attempt(gate, "b.example", DNS)
    assert closed(gate, at("c.example"))
    assert not closed(gate, at("c.example"), forced=True)
    assert not closed(gate, at(HERE))
    assert not closed(gate, LOCAL)


def test_the_network_blames_nobody() -> None:
    """What fails because the network is gone ejects no upstream; a refusal still counts."""
    inner = HealthGate(Memory())
    gate = gate_over(inner)
    for host in ("a.example", "b.example"):
        attempt(gate, host, DNS)
    for number in range(20):
        attempt(gate, "a.example", BLACK_HOLE if number % 2 else DNS, forced=True)
    assert not inner.standing(0.0, [at("a.example")])
    attempt(gate, "a.example", None, forced=True)
    assert not closed(gate, at("c.example"))
    for _ in range(5):
        attempt(gate, "a.example", REFUSED)
    assert inner.standing(0.0, [at("a.example")])
