"""One call of `embed`: from its texts to its vectors, batch by batch; it knows no color."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from llmroute.driver.session import Order
from llmroute.errors import AllFailedError, DeadlineExceededError, NoCandidateError
from llmroute.flow.ledger import total_usd
from llmroute.tokens import estimate_request
from llmroute.types.frozen import replace
from llmroute.types.reply import Embeddings
from llmroute.types.requests import Request
from llmroute.types.usage import Usage

from .embedding_texts import batch, most_of, normalize
from .options import REQUEST, check, merge
from .values import EMBED_CHECKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from llmroute.flow.occurrences import Snapshot
    from llmroute.types.plans import Plan
    from llmroute.types.reply import Attempt, Reply
    from llmroute.types.requests import EmbedOptions
    from llmroute.types.secrets import Secret

    from .core import Core
    from .embedding_texts import Texts
    from .options import Checked


def begin(
    core: Core, texts: Texts | None, options: EmbedOptions, base: Checked
) -> tuple[Embedding, Secret | None]:
    """Check and plan a call; `base` are the client's own options. Sends nothing.

    Raises:
        RequestError: the call itself is wrong.
    """
    checked = merge(base, check(options, EMBED_CHECKERS))
    asked = _request(normalize(texts), checked.values)
    plan = core.plan(asked, checked.key)
    snapshot = core.snapshots.of(checked.values, plan, stream=False, key=checked.key)
    return Embedding(core, asked, plan, snapshot), checked.key


def _request(texts: tuple[str, ...], values: Mapping[str, object]) -> Request:
    """Freeze a request; options that only a chat has use for are left out."""
    fields = {name: values[name] for name in REQUEST if name in values and name in EMBED_CHECKERS}
    size = values.get("dimensions")
    made = cast("Callable[..., Request]", Request)
    return made(
        (), models=values.get("model"), texts=texts, dimensions=size, vector_size=size, **fields
    )


class Embedding:
    """The batches of one call, one after the other, and what came of them.

    The first batch follows the plan. Later ones begin with the model that answered before.
    """

    def __init__(self, core: Core, asked: Request, plan: Plan, snapshot: Snapshot) -> None:
        """Begin nothing yet: the deadline runs from the first batch."""
        self.plan = plan
        self._core = core
        self._asked = asked
        self._snapshot = snapshot
        self._candidates = plan.candidates
        self._began_at: float | None = None
        self._batch_at = 0.0
        self._vectors: list[tuple[float, ...]] = []
        self._attempts: list[Attempt] = []
        self._usage = Usage()
        self._warnings: dict[str, None] = {}

    def next_order(self) -> Order | None:
        """The next batch; None when every text has its vector.

        Raises:
            NoCandidateError: no model may embed the texts.
            DeadlineExceededError: no time is left.
            ClosedError: the client was closed.
            ForkedError: it was made in another process.
        """
        if self._began_at is None and not self._candidates:
            raise NoCandidateError(self.plan)
        if len(self._vectors) == len(self._asked.texts or ()):
            return None
        self._core.check_open()
        self._batch_at = self._core.clock.now()
        if self._began_at is None:
            self._began_at = self._batch_at
        left_s = self._snapshot.limits.deadline_s - (self._batch_at - self._began_at)
        if left_s <= 0:
            raise self._late()
        return self._order(left_s)

    def _order(self, left_s: float) -> Order:
        """The order of the next batch, which has `left_s` seconds."""
        texts, limits = self._asked.texts or (), self._snapshot.limits
        models = [one.model for one in self._candidates]
        size = self._asked.vector_size
        some = batch(texts, len(self._vectors), most_of(models, size, limits.body_bytes))
        asked = replace(self._asked, texts=some)
        tokens = self.plan.tokens if len(some) == len(texts) else estimate_request(asked)
        plan = replace(self.plan, candidates=self._candidates, tokens=tokens)
        limits = replace(limits, deadline_s=left_s)
        return Order(asked, plan, self._snapshot._replace(limits=limits))

    def took(self, reply: Reply[object]) -> None:
        """Keep the vectors of a batch; those of later ones must be as long."""
        vectors = cast("tuple[tuple[float, ...], ...]", reply.output)
        self._vectors += vectors
        self._asked = replace(self._asked, vector_size=len(vectors[0]))
        self._usage += reply.usage
        self._warnings.update(dict.fromkeys(reply.warnings))
        self._keep(reply.attempts)
        answered = [one for one in self._candidates if one.model.name == reply.model.name]
        others = [one for one in self._candidates if one.model.name != reply.model.name]
        self._candidates = (*answered, *others)

    @contextmanager
    def failing(self) -> Generator[None]:
        """Make the error of a batch that of the whole call: its plan, and every attempt."""
        try:
            yield
        except AllFailedError as error:
            self._keep(error.attempts)
            error.plan, error.attempts = self.plan, tuple(self._attempts)
            raise
        except DeadlineExceededError as error:
            self._keep(error.attempts)
        else:
            return
        raise self._late()

    def embeddings(self) -> Embeddings:
        """All vectors, in the order of the texts."""
        attempts = tuple(self._attempts)
        return Embeddings(
            vectors=tuple(self._vectors),
            model=self._candidates[0].model,
            usage=self._usage,
            cost_usd=total_usd(attempts),
            plan=self.plan,
            attempts=attempts,
            duration_s=self._core.clock.now() - (self._began_at or 0.0),
            warnings=tuple(self._warnings),
        )

    def _keep(self, attempts: tuple[Attempt, ...]) -> None:
        """Number attempts on, and count their times from the beginning of the call."""
        offset_s = self._batch_at - (self._began_at or 0.0)
        for one in attempts:
            times = {name: getattr(one, name) for name in TIMES}
            moved = {name: at + offset_s for name, at in times.items() if at is not None}
            self._attempts.append(replace(one, number=len(self._attempts) + 1, **moved))

    def _late(self) -> DeadlineExceededError:
        count, done = len(self._asked.texts or ()), len(self._vectors)
        seconds = self._snapshot.limits.deadline_s
        return DeadlineExceededError(
            f"{done} of {count} texts were embedded within the deadline of {seconds:.3g} s",
            plan=self.plan,
            attempts=self._attempts,
        )


TIMES = ("started_s", "ended_s", "opened_s", "first_token_s")
