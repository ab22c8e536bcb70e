"""What clients and streams of both colors have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from llmroute.errors import RequestError

if TYPE_CHECKING:
    from llmroute.flow.occurrences import Snapshot


class RefusesPickle:
    """Connections, threads and keys do not travel; plans, replies and errors do."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} is never pickled: make one in each process. "
            "Plans, replies and errors can be pickled"
        )


def refuse_restart(snapshot: Snapshot) -> None:
    """Refuse the plain text of a stream that may begin anew; raises RequestError."""
    if snapshot.on_break == "restart":
        raise RequestError(
            'text would repeat after a restart, because on_break="restart"',
            where="stream.text",
            hint="Read the events, and void the text at Restarted",
        )
