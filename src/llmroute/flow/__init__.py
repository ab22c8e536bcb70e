"""The flow: retry, fallback, deadline and mid-stream recovery as a machine without I/O.

Time and chance come in as arguments, so that a day of traffic can be played in seconds.
"""

from .machine import Flow

__all__ = ["Flow"]
