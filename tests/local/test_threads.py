"""The thread count follows affinity and quota."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from llmroute.providers.llama_cpp import cpu_quota, usable_threads
from llmroute.providers.llama_cpp.threads import (
    CHOSEN_BY_USER,
    SPIN_VARIABLE,
    SPINS,
    short_spins,
)

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, files: dict[str, str]) -> None:
    """Lay out a /proc and a /sys."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
                "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            },
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "3:cpu,cpuacct:/pod\n2:memory:/pod\n",
                "sys/fs/cgroup/cpu/pod/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu/pod/cpu.cfs_period_us": "100000\n",
            },
            2.0,
        ),
        (
            {
                "proc/self/cgroup": "3:cpu:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
        ({"proc/self/cgroup": "junk\n0::\n\xff:::\n"}, None),
    ],
)
def test_the_quota_is_the_smallest_of_all_groups(
    files: dict[str, str], quota: float | None, tmp_path: Path
) -> None:
    """Control groups of both versions count, those above this process' included."""
    write(tmp_path, files)
    assert cpu_quota(tmp_path) == quota


def test_threads_never_exceed_affinity_or_quota(tmp_path: Path) -> None:
    """The count stays within this process' processors and the quota, and is at least 1."""
    processors = len(os.sched_getaffinity(0))
    assert usable_threads(tmp_path) == processors
    write(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"})
    assert usable_threads(tmp_path) == 1


def test_short_spins_leave_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting threads sleep soon, unless the user chose otherwise; nothing stays behind."""
    for name in CHOSEN_BY_USER:
        monkeypatch.delenv(name, raising=False)
    with short_spins():
        assert os.environ[SPIN_VARIABLE] == SPINS
    assert SPIN_VARIABLE not in os.environ
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    with short_spins():
        assert SPIN_VARIABLE not in os.environ
