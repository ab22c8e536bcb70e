"""Simulation: the real policy and the real flow over made-up models, in virtual time.

Nothing is sent, and no time passes: a day of traffic with outages is played in seconds.
"""

from __future__ import annotations

from .play import simulate
from .report import Report
from .traffic import Arrival, read_traffic
from .world import Behavior, Outage, Traffic, World, read_world

__all__ = [
    "Arrival",
    "Behavior",
    "Outage",
    "Report",
    "Traffic",
    "World",
    "read_traffic",
    "read_world",
    "simulate",
]
