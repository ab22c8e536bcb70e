"""How many threads llama.cpp may use: the CPU affinity and the container's CPU quota.

More threads than cores are worse than none: llama.cpp's barriers spin. Measured on 2 busy cores:
142 tokens per second with 1 thread, 57 with 2, 40 with 4, 22 with 8.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

SPIN_VARIABLE = "GOMP_SPINCOUNT"
SPINS = "100"
CHOSEN_BY_USER = (SPIN_VARIABLE, "OMP_WAIT_POLICY")


@contextlib.contextmanager
def short_spins() -> Generator[None]:
    """Have OpenMP's threads sleep soon while they wait; the library reads it once, at its load.

    By default they spin for milliseconds, which starves the very thread they wait for when cores
    are shared. Measured with SmolLM2-135M, 64 tokens on 2 threads: 0.5 s alone on 2 cores, but 3.9
    to 5.6 s beside other work; with short spins 0.8 to 1.0 s alone, 1.7 to 2.2 s beside other work.
    The environment is left as it was; what a user has set there counts.
    """
    if any(name in os.environ for name in CHOSEN_BY_USER):
        yield
        return
    os.environ[SPIN_VARIABLE] = SPINS
    try:
        yield
    finally:
        os.environ.pop(SPIN_VARIABLE, None)


def usable_threads(root: Path = Path("/")) -> int:
    """Count the threads this process may keep busy; at least 1.

    `root` is where /proc and /sys are looked for. On systems without them (macOS, Windows) only
    the number of processors counts.
    """
    if hasattr(os, "sched_getaffinity"):
        processors = len(os.sched_getaffinity(0))
    else:
        processors = os.cpu_count() or 1
    quota = cpu_quota(root)
    return max(1, processors if quota is None else min(processors, int(quota)))


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Processors that this process' control groups (v1 and v2) grant; None means no limit."""
    quotas = [
        quota
        for folder in _groups(root)
        for quota in (_quota_v2(folder), _quota_v1(folder))
        if quota is not None
    ]
    return min(quotas, default=None)


def _groups(root: Path) -> list[Path]:
    """The folders of this process' groups, and of every group above them."""
    folders: list[Path] = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, group = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / ("" if not controllers else "cpu")
        names = [part for part in group.split("/") if part not in {"", ".", ".."}]
        folders += [mount.joinpath(*names[:depth]) for depth in range(len(names) + 1)]
    return folders


def _quota_v2(folder: Path) -> float | None:
    quota, period = [*_read(folder / "cpu.max").split(), "", ""][:2]
    return _ratio(quota, period)


def _quota_v1(folder: Path) -> float | None:
    return _ratio(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    if quota.strip().isdigit() and period.strip().isdigit() and int(period) and int(quota):
        return int(quota) / int(period)
    return None  # "max", "-1", or no such file


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
