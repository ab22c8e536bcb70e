"""Regions are two letters, "eu"; what they are called otherwise would never match."""

from __future__ import annotations

CALLED = {
    "america": "us",
    "european union": "eu",
    "europe": "eu",
    "emea": "eu",
    "states": "us",
    "united states": "us",
    "united states of america": "us",
    "usa": "us",
}
"""What one may call a region, in small letters, and what it is called here."""


def region_meant(name: str) -> str | None:
    """The region that a word means which is none; None when it may be one."""
    plain = name.strip().lower()
    meant = CALLED.get(plain, plain)
    return None if meant == name else meant
