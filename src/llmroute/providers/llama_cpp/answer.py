"""From bytes to text that may be shown: incremental UTF-8 and stop strings across tokens."""

from __future__ import annotations

import codecs


class AnswerText:
    """Collects an answer; holds back what may turn out to be a stop string or half a character."""

    def __init__(self, stops: tuple[str, ...] = ()) -> None:
        """Stop at the earliest of `stops`, which is not part of the answer."""
        self._stops = tuple(stop for stop in stops if stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        """Take the bytes of one token and return what may be shown now."""
        return self._shown(self._decoder.decode(data))

    def finish(self) -> str:
        """Return the rest; half a character at the end becomes U+FFFD."""
        text = self._shown(self._decoder.decode(b"", final=True))
        rest, self._held = self._held, ""
        return text if self.stopped else text + rest

    def _shown(self, text: str) -> str:
        if self.stopped:
            return ""
        text = self._held + text
        end = _first(text, self._stops)
        if end is not None:
            self.stopped = True
            return text[:end]
        keep = max((overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _first(text: str, stops: tuple[str, ...]) -> int | None:
    """Where the earliest of `stops` begins; None when there is none."""
    return min((text.index(stop) for stop in stops if stop in text), default=None)


def overlap(text: str, stop: str) -> int:
    """How long the longest end of `text` is that begins `stop`."""
    for size in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0
