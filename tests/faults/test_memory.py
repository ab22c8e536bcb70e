"""What answers without end cost, in processes of their own."""

from __future__ import annotations

import pytest

from benchmarks.limits import BIG, MOST_MIB, grown

from .server import FaultServer


@pytest.mark.parametrize("fault", BIG.values())
def test_an_answer_without_end_is_bounded(fault: str) -> None:
    """A bomb, a line, a body and a stream without end cost little memory, and end typed."""
    with FaultServer() as server:
        stream = fault in {"endless", "big_event;mb=64"}
        found = grown(server.url_for(fault), stream=stream, task=fault == "endless")
    assert found.kind == ("bad_response" if fault == "big_headers" else "too_long")
    assert found.mib < MOST_MIB
