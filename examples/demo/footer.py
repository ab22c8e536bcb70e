"""What the library weighs, measured now: packages, import time, sockets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution, distributions
from typing import NamedTuple

# Runs in a fresh interpreter. "socket.__new__" is the audit event of every new socket.
PROGRAM = """
import json, sys, time
sockets = []
sys.addaudithook(lambda event, _: sockets.append(event) if event == "socket.__new__" else None)
def lap(since=(0.0, 0.0)):
    return time.perf_counter() - since[0], time.process_time() - since[1]
start = lap()
import llmroute
imported, opened = lap(start), len(sockets)
start = lap()
llmroute.Client(sys.argv[1]).close()
print(json.dumps([*imported, opened, *lap(start)]))
"""


class Weight(NamedTuple):
    """Wall and CPU seconds of `import llmroute` and of making a first client."""

    import_s: float
    import_cpu_s: float
    import_sockets: int
    client_s: float
    client_cpu_s: float


def weigh(policy: str) -> Weight:
    """Measure in a fresh interpreter, so that nothing is loaded yet."""
    command = [sys.executable, "-c", PROGRAM, policy]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return Weight(*json.loads(done.stdout))


def installed() -> set[str]:
    """Name every package of this environment."""
    return {_plain(one.name) for one in distributions()}


def needed(name: str = "llmroute") -> set[str]:
    """Name what `pip install NAME` brings besides NAME: its requirements, and theirs in turn."""
    found: set[str] = set()
    queue = [name]
    while queue:
        try:
            requires = distribution(queue.pop()).requires or ()
        except PackageNotFoundError:  # for another Python, or another system
            continue
        names = {_plain(re.split(r"[^\w.-]", one)[0]) for one in requires if "extra ==" not in one}
        queue += names - found
        found |= names
    return found & installed()


def _plain(name: str) -> str:
    """Spell a package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
