"""The machine that watches the network beside the rules, read off the whole history."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError
from llmroute.health.offline import PAUSES_S, SICK_S, WINDOW_S, Offline
from llmroute.types.models import Endpoint, Model

if TYPE_CHECKING:
    from llmroute.types.faults import Fault

HERE = "http://127.0.0.1:8080"
HOSTS = ["a.example", "b.example", "c.example"]
DNS = AttemptError("dns", "no address").fault
UNREACHABLE = AttemptError("connect", "no route", code="EHOSTUNREACH").fault
BEHIND_PROXY = AttemptError("connect", "by the proxy: no address", code="EAI_AGAIN").fault
UNHEARD = AttemptError("cut_short", "connection timed out", code="ETIMEDOUT").fault
BLACK_HOLE = AttemptError("connect_timeout", "took too long").fault
REFUSED = AttemptError("connect", "refused", code="ECONNREFUSED").fault
UNWELL = AttemptError("server_error", "as it says", status=500).fault
NO_SIGN = [
    AttemptError(kind, "as it says").fault
    for kind in ("connect", "tls", "bad_key_format", "cut_short", "provider_bug", "client_closed")
]


def at(origin: str) -> Model:
    """A model at an origin, or at a host by https."""
    origin = origin if "://" in origin else f"https://{origin}"
    return Model("any", "test", "any", "openai-chat", endpoint=Endpoint(origin, origin, "any"))


LOCAL = Model("here", "test", "here", "llama-cpp", local=True)
NO_WAY = [DNS, UNREACHABLE, BEHIND_PROXY]
SECONDS = (0.01, 0.5, 1.0, 4.0, 5.0, 30.0)


class Told(NamedTuple):
    """What happened at a moment: an answer, a sign at once, or silence; `host` is whose.

    `counts` is False for signs of a host that fails alone, and for those after it was gone.
    """

    moment: float
    what: str
    host: str
    counts: bool = True


class NetworkPlayer:
    """Plays attempts and probes; each move checks the machine. Numbers choose host and fault."""

    def __init__(self) -> None:
        self.begun = 0
        self.now = 0.0
        self.probing_since: float | None = None
        self.probing_from = 0
        self.due = 0.0
        self.history: list[Told] = []
        self.sick_until: dict[str, float] = {}
        self.offline = Offline(self._begin)

    def _pass(self) -> None:
        """No two things happen at one moment."""
        self.now += 1e-6

    def _begin(self) -> bool:
        self.begun += 1
        return True

    def advance(self, number: int) -> None:
        """Let time pass; while a probe is due or under way, only a little."""
        seconds = SECONDS[number % len(SECONDS)]
        needed = self.begun and (self.probing_since is not None or self.due <= self.now)
        self.now += min(seconds, 0.5) if needed else min(seconds, max(0.01, self.due - self.now))
        self._check()

    def answered(self, number: int) -> None:
        """Somebody beyond the network answered."""
        self._pass()
        host = HOSTS[number % 3]
        self.offline.note(self.now, at(host), (None, REFUSED, UNWELL)[number // 3 % 3])
        self._answer(host)
        assert self.offline.state(self.now) == "online"
        self._check()

    def failed_at_once(self, number: int) -> None:
        """There was no way to a host."""
        self._failed("instant", HOSTS[number % 3], NO_WAY[number // 3 % 3])

    def ran_out_of_time(self, number: int) -> None:
        """A host was silent."""
        self._failed("silent", HOSTS[number % 3], BLACK_HOLE)

    def tell_nothing(self, number: int) -> None:
        """What a server of this machine does, or tells nothing, changes nothing."""
        before = self.offline.state(self.now)
        faults = [DNS, BLACK_HOLE, None, *NO_SIGN]
        self.offline.note(self.now, at(HERE), faults[number % len(faults)])
        self.offline.note(self.now, at("a.example"), NO_SIGN[number % len(NO_SIGN)])
        assert self.offline.state(self.now) == before

    def probe(self, number: int) -> None:
        """A probe begins, or the one under way ends."""
        self._pass()
        if self.probing_since is None:
            if self.begun and self.now >= self.due:
                self.probing_since, self.probing_from = self.now, len(self.history)
            return
        host = [None, *HOSTS][number % 4]
        began_at, self.probing_since = self.probing_since, None
        known = self.offline.state(self.now)
        due = self.offline.probed(self.now, began_at, host)
        if host is not None:
            self._answer(host)
            assert due is None
        elif all(one.what != "answer" for one in self.history[self.probing_from :]):
            assert due is None or due <= max(self.now, began_at + PAUSES_S[-1])
            assert (due is None) == (known == "online")
            self.history.append(Told(self.now, "nothing", ""))
        if due is None:
            self.begun = 0
        self.due = self.now if due is None else due
        self._check()

    def _failed(self, what: str, host: str, fault: Fault) -> None:
        self._pass()
        begun, counts = self.begun, not self.offline.gone(self.now) and not self._sick(host)
        self.offline.note(self.now, at(host), fault)
        assert self.begun == begun + counts
        self.history.append(Told(self.now, what, host, counts))
        if self._pairs():
            assert self.offline.gone(self.now)
        self._check()

    def _since_answer(self) -> list[Told]:
        answers = [number for number, one in enumerate(self.history) if one.what == "answer"]
        return self.history[answers[-1] + 1 :] if answers else self.history

    def _pairs(self) -> bool:
        """Whether two hosts had no answer since the last one, within 5 s, one of them at once."""
        signs = [one for one in self._since_answer() if one.counts and one.what != "nothing"]
        return any(
            one.host != other.host
            and "instant" in {one.what, other.what}
            and abs(one.moment - other.moment) <= WINDOW_S
            for one in signs
            for other in signs
        )

    def _sick(self, host: str) -> bool:
        """Whether a host failed at once within 5 s before another one answered, in this minute."""
        return self.now < self.sick_until.get(host, self.now)

    def _answer(self, host: str) -> None:
        for one in self._since_answer():
            if one.what == "instant" and one.counts and self.now - one.moment <= WINDOW_S:
                self.sick_until[one.host] = self.now + SICK_S
        self.sick_until.pop(host, None)
        self.history.append(Told(self.now, "answer", host))

    def _check(self) -> None:
        """Gone is only what two hosts or a probe told; exactly then remote models are closed."""
        gone = self.offline.gone(self.now)
        if gone:
            assert self._pairs() or any(one.what == "nothing" for one in self._since_answer())
        assert (self.offline.closed(self.now, at("a.example")) is not None) == gone
        assert self.offline.closed(self.now, at(HERE)) is None
        assert self.offline.closed(self.now, LOCAL) is None
