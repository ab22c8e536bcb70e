"""`llmroute simulate`: traffic played by a policy, without sending anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmroute.simulation import World, read_traffic, read_world, simulate

from .chat import as_json
from .terminal import note, write

if TYPE_CHECKING:
    from .arguments import Arguments


def simulate_(arguments: Arguments) -> int:
    """Play traffic, and show what came of it; exit code 1 when not every call was answered."""
    world = World() if arguments.world is None else read_world(arguments.world)
    if arguments.requests is not None:
        world = world._replace(traffic=world.traffic._replace(requests=arguments.requests))
    traffic = None if arguments.traffic is None else read_traffic(arguments.traffic)
    policy = arguments.policy if arguments.simulated is None else arguments.simulated
    report = simulate(policy, traffic, world, seed=arguments.seed)
    write(as_json(report.to_dict()) if arguments.json else f"{report}\n")
    if arguments.plot is not None:
        Path(arguments.plot).write_text(report.to_svg(), encoding="utf-8")
        note(f"{arguments.plot} shows it over the time")
    return 0 if report.answered == report.requests else 1
